"""With which settings a server starts, and with which it refuses to (contract, section 7)."""

from __future__ import annotations

from pathlib import Path

import pytest

from fulfillment_sdk import signing
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.server.configuration import options, sources
from fulfillment_sdk.server.configuration.resolve import (
    check,
    is_loopback,
    oddities,
    own_address,
    resolve,
)
from fulfillment_sdk.server.configuration.secrets import SecretFolder
from fulfillment_sdk.server.configuration.settings import Settings

MAIL = {
    "FULFILLMENT_SMTP_URL": "smtp://mail.example",
    "FULFILLMENT_MAIL_FROM": "cases@example.org",
    "FULFILLMENT_PUBLIC_URL": "https://gateway.example",
}
SHARED = {
    "FULFILLMENT_INTAKE_TOKEN": "intake-intake-intake",
    "FULFILLMENT_NOTIFY_SECRETS": signing.new_secret(lambda size: b"n" * size),
}


def settings(
    folder: Path, environ: dict[str, str] | None = None, *, dev: bool = False, **flags: str
) -> Settings:
    given = sources.read({"data": str(folder), **flags}, environ or {}, dev=dev, folder=folder)
    return resolve(given, port=8123, kept=SecretFolder(folder))


def refusal(folder: Path, environ: dict[str, str], *, dev: bool = False, **flags: str) -> str:
    given = sources.read({"data": str(folder), **flags}, environ, dev=dev, folder=folder)
    with pytest.raises(ConfigurationError) as refused:
        check(given, kept=SecretFolder(folder))
    return str(refused.value)


@pytest.mark.parametrize("missing", sorted(MAIL))
def test_without_dev_it_needs_mail_and_a_public_address(tmp_path: Path, missing: str) -> None:
    said = refusal(tmp_path, {name: text for name, text in MAIL.items() if name != missing})
    assert f"can't start without {missing}" in said
    assert f"Set {missing}: " in said
    assert "--dev" in said


def test_everything_missing_is_named_at_once(tmp_path: Path) -> None:
    said = refusal(tmp_path, {})
    assert all(name in said for name in MAIL)


def test_dev_needs_nothing_and_opens_what_the_contract_says(tmp_path: Path) -> None:
    found = settings(tmp_path, dev=True)
    own = "http://127.0.0.1:8123"
    assert (found.public_url, found.portal_url, found.gateway_url) == (own, own, own)
    assert (found.registration, found.legacy_tokens, found.case_rate) == ("open", True, 60_000)
    assert found.call_rate == 60_000
    assert found.smtp_url is None


def test_without_dev_registration_needs_approval_and_the_legacy_call_is_off(
    tmp_path: Path,
) -> None:
    found = settings(tmp_path, MAIL)
    assert (found.registration, found.legacy_tokens, found.case_rate) == ("approval", False, 600)
    assert found.call_rate == 1_200
    assert found.public_url == "https://gateway.example"


def test_what_dev_opens_can_be_closed(tmp_path: Path) -> None:
    environ = {"FULFILLMENT_REGISTRATION": "approval", "FULFILLMENT_LEGACY_TOKENS": "0"}
    found = settings(tmp_path, environ, dev=True)
    assert (found.registration, found.legacy_tokens) == ("approval", False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "gateway.example"])
def test_dev_refuses_an_address_that_others_reach(tmp_path: Path, host: str) -> None:
    assert "loopback only" in refusal(tmp_path, {}, dev=True, host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST"])
def test_dev_takes_loopback(host: str) -> None:
    assert is_loopback(host)


def test_the_gateway_alone_needs_the_portal_and_the_shared_credentials(tmp_path: Path) -> None:
    said = refusal(tmp_path, MAIL, role="gateway")
    assert "FULFILLMENT_PORTAL_URL, FULFILLMENT_INTAKE_TOKEN and FULFILLMENT_NOTIFY_SECRETS" in said


def test_the_portal_alone_needs_the_gateway_and_no_mail(tmp_path: Path) -> None:
    said = refusal(tmp_path, {}, role="portal")
    assert "FULFILLMENT_GATEWAY_URL" in said
    assert "FULFILLMENT_PUBLIC_URL" in said
    assert "FULFILLMENT_SMTP_URL" not in said


def test_with_dev_a_portal_alone_takes_the_gateways_address_for_the_public_one(
    tmp_path: Path,
) -> None:
    environ = {"FULFILLMENT_GATEWAY_URL": "http://127.0.0.1:9", **SHARED}
    found = settings(tmp_path, environ, dev=True, role="portal")
    assert found.public_url == "http://127.0.0.1:9"
    assert (found.runs_portal, found.runs_gateway) == (True, False)


def test_the_portal_gets_no_keys_of_partners_tokens(tmp_path: Path) -> None:
    environ = {"FULFILLMENT_GATEWAY_URL": "http://127.0.0.1:9", **SHARED}
    assert settings(tmp_path, environ, dev=True, role="portal").jwt_keys == ()
    assert not SecretFolder(tmp_path).has(options.JWT_KEYS)


def test_shared_credentials_may_lie_in_the_data_folder(tmp_path: Path) -> None:
    together = settings(tmp_path, dev=True)
    environ = {"FULFILLMENT_PORTAL_URL": "http://127.0.0.1:9"}
    alone = settings(tmp_path, environ, dev=True, role="gateway")
    assert alone.intake_token == together.intake_token
    assert alone.notify_secrets == together.notify_secrets


def test_a_registration_list_must_not_be_empty(tmp_path: Path) -> None:
    said = refusal(tmp_path, {"FULFILLMENT_REGISTRATION": "list"}, dev=True)
    assert "FULFILLMENT_REGISTRATION_LIST" in said


def test_given_secrets_are_not_written_anywhere(tmp_path: Path) -> None:
    found = settings(tmp_path, {"FULFILLMENT_STAFF_TOKEN": "s" * 20}, dev=True)
    assert found.staff_token == "s" * 20
    assert not SecretFolder(tmp_path).has(options.STAFF_TOKEN)


def test_secrets_made_at_the_first_start_are_those_of_the_second(tmp_path: Path) -> None:
    assert settings(tmp_path, dev=True) == settings(tmp_path, dev=True)


def test_the_settings_show_no_secret(tmp_path: Path) -> None:
    smtp = {"FULFILLMENT_SMTP_URL": "smtp://user:hush@mail.example"}
    found = settings(tmp_path, MAIL | smtp)
    shown = repr(found)
    hidden = [
        *(found.staff_token, found.intake_token, *found.notify_secrets, "hush"),
        *(str(key) for _, key in (*found.jwt_keys, *found.storage_keys)),
    ]
    assert not [secret for secret in hidden if secret in shown]
    assert "https://gateway.example" in shown


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("localhost", "http://localhost:80"),
    ],
)
def test_a_server_knows_its_own_address(host: str, address: str) -> None:
    assert own_address(host, 80) == address


@pytest.mark.parametrize(
    ("environ", "flags", "said"),
    [
        (
            {"FULFILLMENT_REGISTRATION_LIST": "Hope"},
            {},
            "FULFILLMENT_REGISTRATION_LIST has no effect: FULFILLMENT_REGISTRATION is open",
        ),
        (
            {"FULFILLMENT_TRUSTED_PROXIES": "10.0.0.7"},
            {},
            "FULFILLMENT_TRUSTED_PROXIES has no effect with --dev",
        ),
        (
            {"FULFILLMENT_PORTAL_URL": "http://127.0.0.1:9"},
            {},
            "FULFILLMENT_PORTAL_URL is set with --role all: cases go there",
        ),
        (
            {"FULFILLMENT_GATEWAY_URL": "http://127.0.0.1:9"},
            {},
            "FULFILLMENT_GATEWAY_URL is set with --role all: notifications go there",
        ),
        (
            {"FULFILLMENT_PORTAL_URL": "http://127.0.0.1:9"},
            {"role": "portal"},
            "FULFILLMENT_PORTAL_URL has no effect with --role portal",
        ),
    ],
)
def test_a_setting_that_does_not_do_what_it_seems_to_is_named(
    tmp_path: Path, environ: dict[str, str], flags: dict[str, str], said: str
) -> None:
    given = sources.read(flags, environ, dev=True, folder=tmp_path)
    [oddity] = oddities(given)
    assert oddity.startswith(said)


def test_settings_that_fit_each_other_are_not_remarked_on(tmp_path: Path) -> None:
    listed = {"FULFILLMENT_REGISTRATION": "list", "FULFILLMENT_REGISTRATION_LIST": "Hope"}
    apart = {"FULFILLMENT_PORTAL_URL": "http://127.0.0.1:9", "FULFILLMENT_TRUSTED_PROXIES": "::1"}
    assert oddities(sources.read({}, listed, dev=True, folder=tmp_path)) == []
    assert oddities(sources.read({"role": "gateway"}, apart, folder=tmp_path)) == []
