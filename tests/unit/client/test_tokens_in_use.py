"""A client and its token: kept, looked at before each call, followed when others renew it."""

from __future__ import annotations

import copy
import io
import pickle
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from fulfillment_sdk import (
    ConfigurationError,
    EnvTokens,
    FileTokens,
    MemoryTokens,
    StoreUnavailable,
    TokenClaims,
    TokenStore,
    errors,
)
from fulfillment_sdk.client import Client
from tests.unit.client.support import (
    AUTH,
    BASE,
    CASES,
    CREATED,
    IDEMPOTENT,
    SUBSCRIPTIONS,
    Time,
    ids,
    make_client,
    new_case,
    retries,
)
from tests.unit.client.tokens.support import DAY, NOW, token

NO_ENTRY = {"status": "error", "message": "Invalid or expired authentication token"}
ENDED = token(ends=NOW - 1)
RENEWED = token()
OBTAIN = "Obtain a new token through the verification process."
DISABLED = (
    "Admin disabled your organization. "
    "Contact system administrator: only an admin can activate it again."
)
WAITING = (
    "No admin has approved your organization yet. "
    "Contact system administrator; once approved, request a new verification code."
)
WHO = {"email": "you@example.org", "organization_name": "Žofie's House"}


def a_client(tokens: TokenStore | str | None, time: Time | None = None) -> Client:
    given = tokens if tokens is None or not isinstance(tokens, str) else MemoryTokens(tokens)
    return Client(
        base_url=BASE, tokens=given, retries=retries(time or Time()), ids=ids(), clock=lambda: NOW
    )


def granted(mocked: responses.RequestsMock, text: str) -> None:
    mocked.post(
        f"{AUTH}verify-otp/",
        json={"status": "success", "message": "Email verified successfully", "token": text,
              "organization_id": "org-1", "expires": "2026-04-24T14:25:30.123456Z"},
    )  # fmt: skip


def refused(mocked: responses.RequestsMock, **headers: str) -> None:
    mocked.get(SUBSCRIPTIONS, json=NO_ENTRY, status=401, headers=IDEMPOTENT | headers)


def shown(mocked: responses.RequestsMock) -> list[str | None]:
    """The tokens that went out."""
    headers = [one.request.headers.get("Authorization") for one in mocked.calls]
    return [header and header.removeprefix("Bearer ") for header in headers]


# Before it is sent


def test_a_token_that_has_ended_is_not_sent(mocked: responses.RequestsMock) -> None:
    with pytest.raises(errors.TokenExpired) as raised:
        a_client(ENDED).cases.create(new_case())
    error = raised.value
    assert str(error) == (
        "The token ended at 2025-04-05T10:30:01Z, by this machine's clock\n"
        "A token is valid for 1 year from issuance. "
        "Obtain a new token through the verification process."
    )
    assert error.expired_at == datetime(2025, 4, 5, 10, 30, 1, tzinfo=UTC)
    assert (error.status, error.response) == (401, None)
    assert len(mocked.calls) == 0


def test_a_token_is_sent_till_its_last_moment(mocked: responses.RequestsMock) -> None:
    mocked.post(CASES, json=CREATED, status=201)
    a_client(token(ends=NOW + 0.5)).cases.create(new_case())
    with pytest.raises(errors.TokenExpired):
        a_client(token(ends=NOW)).cases.create(new_case())


def test_what_needs_no_token_is_sent_without_a_look_at_it(mocked: responses.RequestsMock) -> None:
    client = a_client(ENDED)
    granted(mocked, RENEWED)
    mocked.post(CASES, json=CREATED, status=201)
    client.auth.verify_otp(otp="123456", **WHO)
    client.cases.create(new_case())
    assert shown(mocked) == [None, RENEWED]


def test_each_page_of_a_list_looks_again(mocked: responses.RequestsMock) -> None:
    now = [NOW]
    client = Client(base_url=BASE, token=token(ends=NOW + 10), clock=lambda: now[0])
    mocked.get(SUBSCRIPTIONS, json={"items": [{"id": "sub_1"}], "next": "more"})
    listed = iter(client.subscriptions.list())
    assert next(listed).id == "sub_1"
    now[0] += 10
    with pytest.raises(errors.TokenExpired):
        next(listed)


def test_a_token_that_ends_between_tries_is_not_sent_again(
    mocked: responses.RequestsMock, time: Time
) -> None:
    client = Client(
        base_url=BASE,
        token=token(ends=NOW + 0.2),
        retries=retries(time),
        clock=lambda: NOW + time.now - 1000,
    )
    mocked.get(SUBSCRIPTIONS, json={}, status=429)
    with pytest.raises(errors.TokenExpired):
        list(client.subscriptions.list())


def test_what_may_have_been_done_is_asked_for_with_a_token_that_ended_meanwhile(
    mocked: responses.RequestsMock, time: Time
) -> None:
    client = Client(
        base_url=BASE,
        token=token(ends=NOW + 0.2),
        retries=retries(time),
        clock=lambda: NOW + time.now - 1000,
    )
    mocked.post(f"{AUTH}revoke/", body=requests.ReadTimeout())
    mocked.post(f"{AUTH}revoke/", json=NO_ENTRY, status=401, headers=IDEMPOTENT)
    client.auth.revoke()
    assert repr(client).endswith("without a token>")


@pytest.mark.parametrize("text", ["t0ken", token(ends="never")])  # type: ignore[arg-type]
def test_a_token_that_tells_no_end_is_sent(mocked: responses.RequestsMock, text: str) -> None:
    mocked.post(CASES, json=CREATED, status=201)
    a_client(text).cases.create(new_case())
    assert shown(mocked) == [text]


def test_a_near_end_is_warned_of_once_a_day_over_all_clients_that_share_the_token(
    mocked: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    now = [NOW]
    text = token(ends=NOW + 20 * DAY)
    client = Client(base_url=BASE, token=text, clock=lambda: now[0])
    for seconds in (0, 100, DAY, DAY + 100):
        now[0] = NOW + seconds
        for one in (client, client.with_options(timeout=2.0)):
            mocked.post(CASES, json=CREATED, status=201)
            one.cases.create(new_case())
    told = [one.getMessage() for one in caplog.records if "token" in one.getMessage()]
    end = "at 2025-04-25T10:30:02Z. Obtain a new one through the verification process."
    assert told == [f"The client's token ends in {n} days, {end}" for n in (20, 19)]
    assert text not in caplog.text


# What a server says of it


def test_a_servers_clock_tells_that_a_token_has_ended_where_ours_is_behind(
    mocked: responses.RequestsMock,
) -> None:
    end = NOW + 3600
    refused(mocked, Date=formatdate(end, usegmt=True))
    with pytest.raises(errors.TokenExpired) as raised:
        list(a_client(token(ends=end)).subscriptions.list())
    assert raised.value.message == NO_ENTRY["message"]
    assert raised.value.expired_at == datetime.fromtimestamp(end, UTC)
    assert raised.value.response is not None


def test_the_words_for_any_bad_token_do_not_say_that_it_has_ended(
    mocked: responses.RequestsMock,
) -> None:
    for text in ("t0ken", RENEWED):
        refused(mocked, Date=formatdate(NOW, usegmt=True))
        with pytest.raises(errors.Unauthorized) as raised:
            list(a_client(text).subscriptions.list())
        assert type(raised.value) is errors.Unauthorized
        assert str(raised.value).splitlines() == [
            "Invalid or expired authentication token",
            "Token expired or tampered with. Obtain a new token through the verification process.",
        ]


@pytest.mark.parametrize(
    ("status", "told", "kind", "advice"),
    [
        (
            401,
            {"message": "Token has expired"},
            errors.TokenExpired,
            f"A token is valid for 1 year from issuance. {OBTAIN}",
        ),
        (
            403,
            {
                "message": "Organization not authorized to access this resource",
                "detail": "Organization access has been revoked",
            },
            errors.OrganizationInactive,
            DISABLED,
        ),
        (
            403,
            {"message": "Organization not authorized to access this resource"},
            errors.OrganizationInactive,
            DISABLED,
        ),
        (
            403,
            {
                "message": "Organization not authorized to access this resource",
                "detail": "Organization is awaiting approval",
            },
            errors.NotApproved,
            WAITING,
        ),
        (
            403,
            {"message": "You may not do that"},
            errors.Forbidden,
            "Ask the gateway's administrator to approve or activate the organization.",
        ),
    ],
)
def test_each_refusal_of_who_calls_has_its_error_with_cause_and_remedy(
    mocked: responses.RequestsMock,
    status: int,
    told: dict[str, str],
    kind: type[errors.APIError],
    advice: str,
) -> None:
    mocked.post(CASES, json={"status": "error"} | told, status=status, headers=IDEMPOTENT)
    with pytest.raises(errors.APIError) as raised:
        a_client(RENEWED).cases.create(new_case())
    assert type(raised.value) is kind
    assert str(raised.value) == f"{told['message']}\n{advice}"


# The store


def test_a_client_uses_the_token_of_its_store_and_keeps_a_new_one_there(
    mocked: responses.RequestsMock, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_text("t0ken\n")
    path.chmod(0o600)
    with a_client(FileTokens(path)) as client:
        granted(mocked, RENEWED)
        client.auth.verify_otp(otp="123456", **WHO)
    mocked.post(CASES, json=CREATED, status=201)
    a_client(FileTokens(path)).cases.create(new_case())
    assert shown(mocked)[1] == RENEWED
    assert path.read_text() == f"{RENEWED}\n"


def test_a_client_is_not_made_over_a_file_that_others_may_read(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("t0ken")
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="mode 0644"):
        a_client(FileTokens(path))


def test_a_token_and_a_store_are_one_too_many() -> None:
    with pytest.raises(ConfigurationError, match="Both token= and tokens="):
        Client(base_url=BASE, token="t0ken", tokens=MemoryTokens())


def test_a_store_in_the_place_of_a_token_is_told_its_own() -> None:
    store: Any = MemoryTokens("t0ken")
    with pytest.raises(ConfigurationError, match=r"no token, but a store\nGive it as tokens=\."):
        Client(base_url=BASE, token=store)


def test_a_client_from_the_environment_may_have_another_store(
    monkeypatch: pytest.MonkeyPatch, mocked: responses.RequestsMock
) -> None:
    monkeypatch.setenv("FULFILLMENT_BASE_URL", BASE)
    monkeypatch.setenv("FULFILLMENT_TOKEN", "from-env")
    for tokens in (MemoryTokens("stored"), EnvTokens(), None):
        mocked.post(CASES, json=CREATED, status=201)
        Client.from_env(tokens=tokens).cases.create(new_case())
    assert shown(mocked) == ["stored", "from-env", "from-env"]


class Full(MemoryTokens):
    """A store that keeps nothing more."""

    def save(self, token: str) -> None:
        raise StoreUnavailable("The disk is full")


class Broken(MemoryTokens):
    """A store with a mistake in it."""

    def save(self, token: str) -> None:
        raise KeyError(token)


@pytest.mark.parametrize(("store", "why"), [(Full(), "The disk is full"), (Broken(), "KeyError")])
def test_a_token_that_cannot_be_kept_is_not_lost(
    mocked: responses.RequestsMock, store: MemoryTokens, why: str
) -> None:
    client = a_client(store)
    granted(mocked, RENEWED)
    with pytest.raises(errors.TokenNotKept) as raised:
        client.auth.verify_otp(otp="123456", **WHO)
    error = raised.value
    assert error.message == f"The new token was not kept: {why}"
    assert error.answer.token == RENEWED
    assert RENEWED not in f"{error} {error!r}"
    assert error.__cause__ is None
    assert error.__suppress_context__
    mocked.post(CASES, json=CREATED, status=201)
    client.cases.create(new_case())
    assert shown(mocked) == [None, RENEWED]


def test_what_another_client_has_obtained_is_used_without_a_new_client(
    mocked: responses.RequestsMock,
) -> None:
    store = MemoryTokens()
    client = a_client(store)
    mocked.post(CASES, json=NO_ENTRY, status=401, headers=IDEMPOTENT)
    with pytest.raises(errors.Unauthorized, match="has no token"):
        client.cases.create(new_case())
    store.token = RENEWED
    mocked.post(CASES, json=CREATED, status=201)
    client.cases.create(new_case())
    assert shown(mocked) == [None, RENEWED]


def test_a_token_that_has_ended_is_followed_by_what_the_store_has_by_now(
    mocked: responses.RequestsMock,
) -> None:
    store = MemoryTokens(ENDED)
    client = a_client(store)
    store.token = RENEWED
    mocked.post(CASES, json=CREATED, status=201)
    client.cases.create(new_case())
    assert shown(mocked) == [RENEWED]


def test_a_refused_token_is_followed_once_by_what_the_store_has_by_now(
    mocked: responses.RequestsMock, time: Time
) -> None:
    older = token(ends=NOW + 100 * DAY)
    store = MemoryTokens(older)
    client = a_client(store, time)
    store.token = RENEWED
    mocked.post(CASES, json=NO_ENTRY, status=401, headers=IDEMPOTENT)
    mocked.post(CASES, json=NO_ENTRY, status=401, headers=IDEMPOTENT)
    with pytest.raises(errors.Unauthorized):
        client.cases.create(new_case())
    assert shown(mocked) == [older, RENEWED]
    assert time.slept == [0.0]
    first, second = (one.request.headers["Idempotency-Key"] for one in mocked.calls)
    assert first == second


class Restless(MemoryTokens):
    """A store that has another token each time."""

    days = 100

    def load(self) -> str | None:
        self.days += 1
        return token(ends=NOW + self.days * DAY)


def test_a_call_follows_a_store_once(mocked: responses.RequestsMock) -> None:
    client = a_client(Restless())
    for _ in range(2):
        mocked.post(CASES, json=NO_ENTRY, status=401, headers=IDEMPOTENT)
    with pytest.raises(errors.Unauthorized):
        client.cases.create(new_case())
    assert len(set(shown(mocked))) == 2


def test_a_case_does_not_move_to_another_organization(mocked: responses.RequestsMock) -> None:
    store = MemoryTokens(RENEWED)
    client = a_client(store)
    store.token = token(organization="org-2")
    mocked.post(CASES, json=NO_ENTRY, status=401, headers=IDEMPOTENT)
    with pytest.raises(errors.Unauthorized):
        client.cases.create(new_case())
    assert shown(mocked) == [RENEWED]


def test_an_upload_that_cannot_begin_anew_is_not_repeated_with_another_token(
    mocked: responses.RequestsMock,
) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    store = MemoryTokens(token(ends=NOW + 100 * DAY))
    client = a_client(store)
    store.token = RENEWED
    mocked.post(f"{CASES}attachments/", json=NO_ENTRY, status=401, headers=IDEMPOTENT)

    def read(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        b"".join(request.body)  # type: ignore[arg-type]
        return 401, IDEMPOTENT, "{}"

    mocked.replace(responses.CallbackResponse("POST", f"{CASES}attachments/", callback=read))
    with pytest.raises(errors.Unauthorized):
        client.attachments.upload(Pipe(b"The gate is blue."), file_name="gate.txt")
    assert len(mocked.calls) == 1


# Revoking


def test_a_token_that_came_while_the_old_one_was_revoked_stays(
    mocked: responses.RequestsMock,
) -> None:
    store = MemoryTokens("old")
    client = a_client(store)

    def revoke(_request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        client.auth.verify_otp(otp="123456", **WHO)
        return 200, {}, '{"status": "success", "message": "Token revoked"}'

    mocked.add_callback(responses.POST, f"{AUTH}revoke/", callback=revoke)
    granted(mocked, RENEWED)
    client.auth.revoke()
    assert store.token == RENEWED
    mocked.post(CASES, json=CREATED, status=201)
    client.cases.create(new_case())
    assert shown(mocked)[-1] == RENEWED


def test_revoking_tries_again_with_the_same_token(
    mocked: responses.RequestsMock, time: Time
) -> None:
    store = MemoryTokens("old")
    client = a_client(store, time)

    def swap(_request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        granted(mocked, RENEWED)
        client.auth.verify_otp(otp="123456", **WHO)
        mocked.post(f"{AUTH}revoke/", json=NO_ENTRY, status=401, headers=IDEMPOTENT)
        raise requests.ReadTimeout

    mocked.add_callback(responses.POST, f"{AUTH}revoke/", callback=swap)
    client.auth.revoke()
    assert [text for text in shown(mocked) if text] == ["old", "old"]
    assert store.token == RENEWED


def test_a_refused_revocation_never_ends_the_token_that_has_taken_the_place(
    mocked: responses.RequestsMock,
) -> None:
    older = token(ends=NOW + 100 * DAY)
    store = MemoryTokens(older)
    client = a_client(store)
    store.token = RENEWED
    mocked.post(f"{AUTH}revoke/", json=NO_ENTRY, status=401, headers=IDEMPOTENT)
    with pytest.raises(errors.Unauthorized):
        client.auth.revoke()
    assert shown(mocked) == [older]
    assert store.token == RENEWED


def test_a_revoked_token_is_gone_from_the_store(
    mocked: responses.RequestsMock, tmp_path: Path
) -> None:
    tokens = FileTokens(tmp_path / "token")
    tokens.save("t0ken")
    mocked.post(f"{AUTH}revoke/", json={"status": "success", "message": "Token revoked"})
    a_client(tokens).auth.revoke()
    assert not tokens.path.exists()


# What the token says


def test_the_claims_are_those_of_the_token_in_use(mocked: responses.RequestsMock) -> None:
    assert a_client(None).auth.claims is None
    client = a_client(None)
    granted(mocked, RENEWED)
    client.auth.verify_otp(otp="123456", **WHO)
    assert client.auth.claims == TokenClaims(
        organization_id="org-1",
        organization_name="Žofie's House",
        issued_at=datetime(2025, 4, 5, 10, 30, 2, tzinfo=UTC),
        expires_at=datetime(2025, 10, 22, 10, 30, 2, tzinfo=UTC),
    )
    other = client.with_options(token=token(organization="org-2"))
    assert other.auth.claims is not None
    assert other.auth.claims.organization_id == "org-2"
    assert make_client(token="t0ken").auth.claims is None


def test_errors_of_tokens_survive_a_copy() -> None:
    expired = errors.TokenExpired("x", status=401, expired_at=datetime.now(UTC))
    assert copy.copy(expired).expired_at == expired.expired_at
    assert pickle.loads(pickle.dumps(expired)).expired_at == expired.expired_at
