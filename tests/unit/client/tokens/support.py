"""Tokens as the gateway makes them, for tests that look into them."""

from __future__ import annotations

from typing import Any

import jwt

NOW = 1_743_849_002.0
"""The clock of the clients that `make_client` makes."""
DAY = 86_400
SIGNING_KEY = b"a key of the gateway, at least 32 bytes"


def token(*, ends: float = NOW + 200 * DAY, organization: str = "org-1", **claims: Any) -> str:
    """A token that ends at `ends` (epoch seconds)."""
    said = {"org_id": organization, "org_name": "Žofie's House", "iat": int(NOW), "exp": ends}
    return jwt.encode(said | claims, SIGNING_KEY, "HS256", headers={"kid": "k1"})
