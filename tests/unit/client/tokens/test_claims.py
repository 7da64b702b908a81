from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment_sdk.client.tokens import TokenClaims, read_claims
from fulfillment_sdk.client.tokens.claims import LONGEST
from tests.unit.client.support import sample
from tests.unit.client.tokens.support import token

FIRST = datetime(2026, 4, 24, 14, 25, 30, tzinfo=UTC)


def unsigned(payload: bytes) -> str:
    return f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}."


def claiming(**claims: Any) -> TokenClaims:
    found = read_claims(unsigned(json.dumps(claims).encode()))
    assert found is not None
    return found


def test_a_token_says_for_whom_it_acts_and_from_when_till_when() -> None:
    assert read_claims(token(ends=FIRST.timestamp(), organization="org-9")) == TokenClaims(
        organization_id="org-9",
        organization_name="Žofie's House",
        issued_at=datetime(2025, 4, 5, 10, 30, 2, tzinfo=UTC),
        expires_at=FIRST,
    )


def test_the_deployed_gateways_token_is_read() -> None:
    given_out = json.loads(sample("auth-verify-ok").body)
    claims = read_claims(given_out["token"])
    assert claims is not None
    assert claims.organization_id == given_out["organization_id"]
    assert claims.expires_at == datetime(2027, 11, 21, 19, 58, 29, tzinfo=UTC)


def test_nobody_has_checked_the_signature() -> None:
    header, payload, _signature = token().split(".")
    assert read_claims(f"{header}.{payload}.AAAA") == read_claims(token())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "t0ken",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "..",
        "e30.ž.x",
        "e30.e30=.x.",
        unsigned(b"[]"),
        unsigned(b'"org"'),
        unsigned(b"\xff\xfe"),
        unsigned(b'{"exp": NaN}'),
        unsigned(b'{"exp": 1, "exp": 2}'),
        unsigned(b'{"a":' * 40 + b"1" + b"}" * 40),
        unsigned(b'{"org_id": "' + b"x" * LONGEST + b'"}'),
    ],
)
def test_what_is_no_jwt_says_nothing(text: str) -> None:
    assert read_claims(text) is None


@pytest.mark.parametrize("exp", [None, "1777040730", True, -1, 1e300, 10**400, [1], 1777040730000])
def test_a_time_that_is_none_is_not_known(exp: object) -> None:
    assert claiming(exp=exp).expires_at is None


@pytest.mark.parametrize(("exp", "micros"), [(1_777_040_730, 0), (1_777_040_730.5, 500_000)])
def test_a_time_may_have_a_fraction(exp: float, micros: int) -> None:
    assert claiming(exp=exp).expires_at == FIRST.replace(microsecond=micros)


@pytest.mark.parametrize(
    ("org_id", "known"),
    [
        ("550e8400", "550e8400"),
        (12345, "12345"),
        ("  ", None),
        (True, None),
        (1.5, None),
        ({}, None),
    ],
)
def test_an_organization_is_a_text_or_a_number(org_id: object, known: str | None) -> None:
    assert claiming(org_id=org_id).organization_id == known


def test_no_name_shows() -> None:
    assert "Žofie" not in repr(read_claims(token()))


@given(st.text(max_size=200))
def test_any_text_is_read_or_not_but_never_raises(text: str) -> None:
    read_claims(text)
    read_claims(f"e30.{text}.x")
    read_claims(unsigned(text.encode("utf-8", "surrogatepass")))


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_is_a_time_or_not_known(exp: float) -> None:
    found = claiming(exp=exp).expires_at
    assert found is None or abs(found.timestamp() - exp) < 1
