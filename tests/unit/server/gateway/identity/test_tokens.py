"""Access tokens: contract, section 1."""

from __future__ import annotations

import base64
import hmac
import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.server.gateway.identity.tokens import Claims, InvalidToken, TokenKeys

NOW = 1_744_000_000.25
KEY, OTHER = b"k" * 32, b"o" * 32
KEYS = TokenKeys((("new", KEY), ("old", OTHER)))
CLAIMS = Claims.new(organization_id="org", organization_name="Hope", jti="jti_1", now=NOW)
PAYLOAD: dict[str, object] = {
    "org_id": "org",
    "org_name": "Hope",
    "iat": 1_744_000_000,
    "exp": 1_744_000_000 + 365 * 86_400,
    "jti": "jti_1",
}


def part(value: object) -> str:
    return encoded(json.dumps(value).encode())


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def token(payload: dict[str, object] = PAYLOAD, key: bytes = KEY, **header: object) -> str:
    """A token signed by hand: the library refuses to make the odd ones."""
    head = {"alg": "HS256", "typ": "JWT", "kid": "new", **header}
    signed = f"{part(head)}.{part(payload)}"
    return f"{signed}.{encoded(hmac.digest(key, signed.encode(), 'sha256'))}"


def test_a_token_says_what_it_was_signed_for() -> None:
    assert KEYS.read(KEYS.sign(CLAIMS), now=NOW) == CLAIMS
    assert (CLAIMS.issued_at, CLAIMS.expires_at) == (PAYLOAD["iat"], PAYLOAD["exp"])


def test_a_token_signed_by_hand_is_as_good() -> None:
    assert KEYS.read(token(), now=NOW) == CLAIMS


@pytest.mark.parametrize("padding", ["=", "=="])
def test_a_token_with_padding_is_malformed(padding: str) -> None:
    with pytest.raises(InvalidToken):
        KEYS.read(KEYS.sign(CLAIMS) + padding, now=NOW)


def test_a_token_of_a_retired_key_still_holds() -> None:
    retired = TokenKeys((("old", OTHER),)).sign(CLAIMS)
    assert KEYS.read(retired, now=NOW) == CLAIMS


def test_a_token_holds_to_the_last_second() -> None:
    signed = KEYS.sign(CLAIMS)
    assert KEYS.read(signed, now=CLAIMS.expires_at - 1) == CLAIMS
    with pytest.raises(InvalidToken):
        KEYS.read(signed, now=CLAIMS.expires_at)


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "x",
        "a.b.c",
        "é.é.é",
        "." * 5000,
        token(key=OTHER),
        token(kid="old"),
        token(kid="unknown"),
        token(kid=None),
        token(kid=["new"]),
        token(kid="../../new"),
        token(crit=["exp"]),
        token(typ="JOSE"),
        jwt.encode(PAYLOAD, KEY, "HS256"),
        token(alg="none"),
        token(alg="HS512"),
        token(alg=None),
        jwt.encode(PAYLOAD, KEY * 2, "HS512", headers={"kid": "new"}),
        jwt.encode(PAYLOAD, "", "none", headers={"kid": "new"}),
        token()[:-2],
        token() + "x",
        token() + ".x",
        f"{part({'alg': 'none', 'typ': 'JWT', 'kid': 'new'})}.{part(PAYLOAD)}.",
        f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'new'})}.{part(PAYLOAD)}.",
        f"{part([])}.{part(PAYLOAD)}.x",
        *(token({**PAYLOAD, name: None}) for name in PAYLOAD),
        *(token({key: PAYLOAD[key] for key in PAYLOAD if key != name}) for name in PAYLOAD),
        *(token({**PAYLOAD, name: 7}) for name in ("org_id", "org_name", "jti")),
        *(token({**PAYLOAD, name: "soon"}) for name in ("iat", "exp", "nbf")),
        *(token({**PAYLOAD, name: True}) for name in ("iat", "exp")),
        token({**PAYLOAD, "exp": float("inf")}),
        token({**PAYLOAD, "exp": NOW}),
        token({**PAYLOAD, "iat": NOW + 61}),
        token({**PAYLOAD, "nbf": NOW + 61}),
    ],
)
def test_anything_else_is_no_token(forged: str) -> None:
    with pytest.raises(InvalidToken):
        KEYS.read(forged, now=NOW)


def test_the_payload_of_one_token_does_not_fit_the_signature_of_another() -> None:
    head, _, signature = KEYS.sign(CLAIMS).split(".")
    with pytest.raises(InvalidToken):
        KEYS.read(f"{head}.{part({**PAYLOAD, 'org_id': 'another'})}.{signature}", now=NOW)


@given(st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(InvalidToken):
        KEYS.read(text, now=NOW)


@pytest.mark.parametrize(
    "keys", [(), (("", KEY),), (("a", KEY), ("a", OTHER)), (("a", b"k" * 31),)]
)
def test_keys_that_cannot_be_trusted_are_refused(keys: tuple[tuple[str, bytes], ...]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        TokenKeys(keys)
    assert "FULFILLMENT_JWT_KEYS" in caught.value.remedy


def test_the_keys_are_not_shown() -> None:
    assert "kkkk" not in repr(KEYS)
