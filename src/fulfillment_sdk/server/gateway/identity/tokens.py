"""Access tokens: JWTs that this gateway signs and nobody else can (contract, section 1)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import jwt
from attrs import frozen

from fulfillment_sdk.errors import ConfigurationError

LIFETIME = 365 * 86_400
"""Seconds from a token's ``iat`` to its ``exp``."""

MOST_CHARACTERS = 4096
"""A longer bearer token is not even looked at."""

_ALGORITHM = "HS256"
_LEAST_KEY_BYTES = 32
_SKEW = 60.0  # seconds by which the clocks of two gateways behind one balancer may differ


class InvalidToken(Exception):
    """A token that is malformed, forged, expired, not yet valid, or signed with an unknown key."""


@frozen
class Claims:
    """What a token says; times are epoch seconds."""

    organization_id: str
    organization_name: str
    issued_at: int
    expires_at: int
    jti: str

    @classmethod
    def new(cls, *, organization_id: str, organization_name: str, jti: str, now: float) -> Claims:
        """Return the claims of a token issued at ``now``, valid for a year."""
        issued_at = int(now)
        return cls(organization_id, organization_name, issued_at, issued_at + LIFETIME, jti)


class TokenKeys:
    """Signs with the newest key and verifies with any.

    ``keys`` are pairs of key id and secret, newest first. Raises ``ConfigurationError`` where there
    is none, an id is doubled or empty, or a secret has less than 32 bytes.
    """

    def __init__(self, keys: Sequence[tuple[str, bytes]]) -> None:
        if not keys or any(not kid for kid, _ in keys) or len(dict(keys)) != len(keys):
            raise ConfigurationError(
                "Token keys need one id each, and at least one of them",
                remedy="Set FULFILLMENT_JWT_KEYS to kid:base64, newest first.",
            )
        if any(len(key) < _LEAST_KEY_BYTES for _, key in keys):
            raise ConfigurationError(
                f"A token key has less than {_LEAST_KEY_BYTES} bytes",
                remedy="Set FULFILLMENT_JWT_KEYS to kid:base64 of 32 random bytes or more.",
            )
        self._newest = keys[0]
        self._keys = dict(keys)

    def __repr__(self) -> str:
        return f"<TokenKeys {list(self._keys)}>"

    def sign(self, claims: Claims) -> str:
        """Return the token that carries ``claims``."""
        kid, key = self._newest
        payload = {
            "org_id": claims.organization_id,
            "org_name": claims.organization_name,
            "iat": claims.issued_at,
            "exp": claims.expires_at,
            "jti": claims.jti,
        }
        return jwt.encode(payload, key, _ALGORITHM, headers={"typ": "JWT", "kid": kid})

    def read(self, token: str, *, now: float) -> Claims:
        """Return a token's claims; ``now`` in epoch seconds decides whether they hold.

        Raises ``InvalidToken``, and nothing else, for any text: an algorithm other than HS256, a
        missing or unknown ``kid``, another signature, an absent or mistyped claim, ``exp`` reached,
        ``iat`` or ``nbf`` ahead. Contract, section 1.
        """
        if len(token) > MOST_CHARACTERS or not token.isascii() or "=" in token:  # JWTs are unpadded
            raise InvalidToken
        try:
            header = jwt.get_unverified_header(token)
            key = self._key(header)
            # The library reads the machine's clock; ours is handed in and looked at below.
            payload = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                options={
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "verify_aud": False,
                    "verify_iss": False,
                    "verify_sub": False,
                    "verify_jti": False,
                    "require": ["org_id", "org_name", "iat", "exp", "jti"],
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise InvalidToken from None
        return _claims(payload, now)

    def _key(self, header: Mapping[str, object]) -> bytes:
        kid = header.get("kid")
        key = self._keys.get(kid) if isinstance(kid, str) else None
        typ = header.get("typ")
        well_formed = isinstance(typ, str) and typ.upper() == "JWT" and "crit" not in header
        if key is None or not well_formed or header.get("alg") != _ALGORITHM:
            raise InvalidToken
        return key


def _claims(payload: Mapping[str, object], now: float) -> Claims:
    organization_id, name, jti = (payload[claim] for claim in ("org_id", "org_name", "jti"))
    if not (isinstance(organization_id, str) and isinstance(name, str) and isinstance(jti, str)):
        raise InvalidToken
    issued_at, expires_at = _time(payload["iat"]), _time(payload["exp"])
    not_before = _time(payload.get("nbf", issued_at))
    if now >= expires_at or max(issued_at, not_before) > now + _SKEW:
        raise InvalidToken
    return Claims(organization_id, name, int(issued_at), int(expires_at), jti)


def _time(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidToken
    return value
