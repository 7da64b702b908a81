"""What a token says of itself, read without trusting it (contract, section 1).

Only the gateway can check a token. What is read here decides about warnings and about not sending
what can't succeed, never about who somebody is.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Final

import attrs

from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.strictjson import FloatText, parse_object

LONGEST: Final = 16 * 1024
_LATEST: Final = 253_402_300_799  # the last second of the year 9999


@attrs.frozen(kw_only=True)
class TokenClaims:
    """What a token says of itself; nobody has checked it. None where it doesn't say.

    `organization_id` and `organization_name` tell for whom it acts, `issued_at` and `expires_at`
    (aware, UTC) from when till when.
    """

    organization_id: str | None = None
    organization_name: str | None = attrs.field(default=None, repr=False)
    issued_at: datetime | None = None
    expires_at: datetime | None = None


def read_claims(token: str) -> TokenClaims | None:
    """The claims of a JWT (RFC 7519); its signature is not looked at.

    None for a token of another kind, and for one of more than 16 KiB.
    Never raises.
    """
    parts = token.split(".") if len(token) <= LONGEST else []
    if len(parts) != 3:
        return None
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        claims = parse_object(base64.b64decode(padded, b"-_", validate=True), exact=False)
    except (binascii.Error, ValueError, PayloadError):
        return None
    return TokenClaims(
        organization_id=_text(claims.get("org_id")),
        organization_name=_text(claims.get("org_name")),
        issued_at=_moment(claims.get("iat")),
        expires_at=_moment(claims.get("exp")),
    )


def _text(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**18 else None
    plain = isinstance(value, str) and not isinstance(value, FloatText)
    return str(value) if plain and str(value).strip() else None


def _moment(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return datetime.fromtimestamp(value, UTC) if 0 <= value <= _LATEST else None
