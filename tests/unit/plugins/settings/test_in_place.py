"""Secrets that are written out in a configuration are found, and named without their value."""

from __future__ import annotations

import attrs

from fulfillment_sdk.plugins.settings.in_place import secrets_in_place
from fulfillment_sdk.plugins.settings.secret import Secret


@attrs.frozen(kw_only=True)
class Settings:
    host: str = ""
    url: str = attrs.field(default="", repr=False)
    password: Secret | None = None
    keys: tuple[Secret, ...] = ()


def found(**values: object) -> list[str]:
    return secrets_in_place(Settings, values, where="sinks.a")


def test_a_secret_that_is_written_out_is_named() -> None:
    assert found(host="h", password="hush") == ["sinks.a.password"]
    assert found(keys=[{"env": "KEY"}, "hush"]) == ["sinks.a.keys[1]"]


def test_one_that_is_kept_elsewhere_is_none() -> None:
    assert found(host="h", password={"env": "P"}, keys=[{"file": "/k"}]) == []


def test_a_url_counts_if_it_has_a_password() -> None:
    assert found(url="sqlite:///audit.db") == []
    assert found(url="postgresql://me@host/db") == []
    assert found(url="postgresql://me:hush@host/db") == ["sinks.a.url"]
    assert found(host="postgresql://me:hush@host/db") == []
    assert found(url="postgresql://[hush") == []


def test_a_mail_servers_address_is_none_without_a_password() -> None:
    assert found(password="smtp://desk@mail.example.org") == []
    assert found(password="smtps://desk:hush@mail.example.org") == ["sinks.a.password"]
    assert found(password="https://chat.example.org/a-token") == ["sinks.a.password"]


def test_what_is_no_setting_at_all_is_left_to_others() -> None:
    assert found(passwort="hush", host=3) == []
