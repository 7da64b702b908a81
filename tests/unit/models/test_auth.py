"""The answers of the authentication, field by field."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fulfillment_sdk import wire
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.models import AccessToken, CodeSent, TokenRevoked
from tests import samples


def test_a_code_sent_has_the_documented_fields() -> None:
    sent = wire.load(CodeSent, samples.read("code-sent"))
    assert sent.status == "success"
    assert sent.message == "Verification code sent to provided email"
    assert sent.email == "your-company-email@example.com"
    assert sent.expires_at == "2025-04-24T15:30:45.123456Z"
    assert sent.expiry == datetime(2025, 4, 24, 15, 30, 45, 123456, UTC)


def test_a_verified_token_has_the_documented_fields() -> None:
    token = wire.load(AccessToken, samples.read("token-verified"))
    assert token.status == "success"
    assert token.message == "Email verified successfully"
    assert token.token == "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9..."
    assert token.organization_id == "550e8400-e29b-41d4-a716-446655440000"
    assert token.expiry == datetime(2026, 4, 24, 14, 25, 30, 123456, UTC)


def test_a_legacy_token_may_have_milliseconds_and_a_plain_number() -> None:
    answer = samples.read("token-legacy")
    answer["organization_id"] = 12345
    token = wire.load(AccessToken, answer)
    assert token.message == "Authentication token generated successfully."
    assert token.organization_id == "12345"
    assert token.expiry == datetime(2026, 4, 3, 11, 9, 50, 554_000, UTC)


def test_a_token_and_an_address_are_never_shown() -> None:
    assert "eyJ" not in repr(wire.load(AccessToken, samples.read("token-verified")))
    assert "@" not in repr(wire.load(CodeSent, samples.read("code-sent")))


def test_a_revocation_says_so() -> None:
    revoked = wire.load(TokenRevoked, {"status": "success", "message": "Token revoked", "x": 1})
    assert (revoked.status, revoked.message) == ("success", "Token revoked")
    assert revoked.raw["x"] == 1


@pytest.mark.parametrize("key", ["token", "organization_id", "expires"])
def test_a_token_answer_without_its_facts_is_none(key: str) -> None:
    answer = samples.read("token-verified")
    del answer[key]
    with pytest.raises(PayloadError, match=f"{key}: is missing"):
        wire.load(AccessToken, answer)
