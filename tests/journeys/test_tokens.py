"""From an address to a token and to its end, by the client, at a real server."""

from __future__ import annotations

import base64
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import jwt
import pytest

from fulfillment_sdk import AccessToken, Client, FileTokens, TokenStore, errors

from ._raw import Partner, wrong
from ._server import ServerProcess

KEY = b"a key of the gateway, at least 32 bytes"
REFUSED = "Organization not authorized to access this resource"
NO_ENTRY = "Invalid or expired authentication token"
DAY = 86_400


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    environ = {
        "FULFILLMENT_REGISTRATION": "approval",
        "FULFILLMENT_CODE_LIMITS": "1000,1000",
        "FULFILLMENT_JWT_KEYS": f"k1:{base64.b64encode(KEY).decode()}",
    }
    folder = tmp_path_factory.mktemp("tokens") / "data"
    with ServerProcess(folder, environ=environ) as server:
        yield server


class Somebody:
    """An organization with an address, and with the gateway's admin at hand."""

    def __init__(self, server: ServerProcess, name: str) -> None:
        self.server = server
        self.admin = Partner(server)
        self.who = {"email": f"owner@{name}.example", "organization_name": f"House {name}"}

    def client(self, tokens: TokenStore | None = None, *, behind: float = 0.0) -> Client:
        """A client, perhaps with a clock that is `behind` by so many seconds."""
        return Client(
            base_url=self.server.address, tokens=tokens, clock=lambda: time.time() - behind
        )

    def code(self, client: Client) -> str:
        client.auth.request_verification(**self.who)
        return self.admin.code(self.who["email"])

    def verified(self, client: Client) -> AccessToken:
        return client.auth.verify_otp(otp=self.code(client), **self.who)

    def act(self, action: str) -> None:
        self.admin.act(self.admin.organization_id(self.who["organization_name"]), action)

    def approved(self, client: Client) -> AccessToken:
        """Have the organization registered and approved, and obtain its first token."""
        with pytest.raises(errors.NotApproved):
            self.verified(client)
        self.act("approve")
        return self.verified(client)


@pytest.fixture
def somebody(server: ServerProcess, request: pytest.FixtureRequest) -> Iterator[Somebody]:
    one = Somebody(server, request.node.name.replace("_", "-")[-40:].strip("-"))
    yield one
    one.admin.close()


def minted(access: AccessToken, *, ends: float) -> str:
    """A token of the same organization that the server would have signed, with another end."""
    claims = jwt.decode(access.token, options={"verify_signature": False})
    return jwt.encode(
        claims | {"iat": int(ends) - 365 * DAY, "exp": int(ends)},
        KEY,
        "HS256",
        headers={"typ": "JWT", "kid": "k1"},
    )


def test_an_organization_waits_for_its_approval_and_keeps_its_token(
    somebody: Somebody, tmp_path: Path
) -> None:
    tokens = FileTokens(tmp_path / "ours" / "token")
    with somebody.client(tokens) as client:
        with pytest.raises(errors.NotApproved) as raised:
            somebody.verified(client)
        assert raised.value.message == REFUSED
        assert raised.value.detail == "Organization is awaiting approval"
        assert "once approved, request a new verification code" in str(raised.value)
        assert tokens.load() is None
        somebody.act("approve")
        access = somebody.verified(client)
        assert tokens.load() == access.token
        claims = client.auth.claims
        assert claims is not None
        assert claims.organization_id == access.organization_id
        assert claims.organization_name == somebody.who["organization_name"]
        assert claims.expires_at == access.expiry.replace(microsecond=0)
    with somebody.client(FileTokens(tokens.path)) as another:
        assert list(another.subscriptions.list()) == []


def test_a_wrong_code_and_five_of_them_are_told_apart(somebody: Somebody) -> None:
    with somebody.client() as client:
        code = somebody.code(client)
        for _ in range(5):
            with pytest.raises(errors.WrongCode, match="Double-check the code from your email"):
                client.auth.verify_otp(otp=wrong(code), **somebody.who)
        with pytest.raises(errors.TooManyAttempts, match="there is no need to wait"):
            client.auth.verify_otp(otp=code, **somebody.who)
        with pytest.raises(errors.NotApproved):  # a new code works at once
            somebody.verified(client)


def test_a_code_of_ten_minutes_ago_and_a_used_one_are_told_apart(somebody: Somebody) -> None:
    with somebody.client() as client:
        somebody.approved(client)
        code = somebody.code(client)
        database = somebody.server.folder / "gateway.db"
        with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
            connection.execute("UPDATE gateway_codes SET issued_at = issued_at - 600")
        with pytest.raises(errors.CodeExpired, match="OTP older than 10 minutes"):
            client.auth.verify_otp(otp=code, **somebody.who)
        code = somebody.code(client)
        client.auth.verify_otp(otp=code, **somebody.who)
        with pytest.raises(errors.NoPendingVerification, match="The code was used"):
            client.auth.verify_otp(otp=code, **somebody.who)


def test_an_organization_that_was_disabled_is_told_so_till_it_is_active_again(
    somebody: Somebody,
) -> None:
    with somebody.client() as client:
        somebody.approved(client)
        somebody.act("deactivate")
        for call in (
            lambda: list(client.subscriptions.list()),
            client.events.page,
            client.auth.revoke,
        ):
            with pytest.raises(errors.OrganizationInactive) as raised:
                call()
            assert raised.value.detail == "Organization access has been revoked"
            assert str(raised.value) == (
                f"{REFUSED} (request {raised.value.request_id})\n"
                "Admin disabled your organization. "
                "Contact system administrator: only an admin can activate it again."
            )
        somebody.act("activate")
        assert list(client.subscriptions.list()) == []


def test_a_token_that_has_ended_is_not_sent_or_else_refused(somebody: Somebody) -> None:
    with somebody.client() as client:
        end = int(time.time()) - 60
        ended = minted(somebody.approved(client), ends=end)
        with (
            pytest.raises(errors.TokenExpired) as raised,
            client.with_options(token=ended) as again,
        ):
            list(again.subscriptions.list())
        assert raised.value.response is None
        assert raised.value.expired_at == datetime.fromtimestamp(end, UTC)
    with (
        somebody.client(behind=3600) as behind,
        pytest.raises(errors.TokenExpired) as raised,
    ):
        list(behind.with_options(token=ended).subscriptions.list())
    assert raised.value.response is not None
    assert raised.value.message == NO_ENTRY
    assert raised.value.expired_at == datetime.fromtimestamp(end, UTC)


def test_a_token_near_its_end_works_with_a_warning(
    somebody: Somebody, caplog: pytest.LogCaptureFixture
) -> None:
    with somebody.client() as client:
        near = minted(somebody.approved(client), ends=time.time() + 5 * DAY + 60)
        again = client.with_options(token=near)
        for _ in range(3):
            list(again.subscriptions.list())
    warned = [one.getMessage() for one in caplog.records if "token ends" in one.getMessage()]
    assert len(warned) == 1
    assert warned[0].startswith("The client's token ends in 5 days, at ")


def test_clients_of_one_store_follow_each_other_over_a_revocation(
    somebody: Somebody, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    with somebody.client(FileTokens(path)) as first, somebody.client(FileTokens(path)) as second:
        somebody.approved(first)
        assert list(second.subscriptions.list()) == []
        first.auth.revoke()
        assert not path.exists()
        with pytest.raises(errors.Unauthorized) as raised:
            list(second.subscriptions.list())
        assert type(raised.value) is errors.Unauthorized  # revoked, not ended
        somebody.verified(first)
        assert list(second.subscriptions.list()) == []


def test_a_token_that_was_altered_is_not_said_to_have_ended(somebody: Somebody) -> None:
    with somebody.client() as client:
        header, payload, _signature = somebody.approved(client).token.split(".")
        altered = client.with_options(token=f"{header}.{payload}.AAAA")
        with pytest.raises(errors.Unauthorized, match="Token expired or tampered with") as raised:
            list(altered.subscriptions.list())
        assert type(raised.value) is errors.Unauthorized
