"""The paths of authentication, and its refusals."""

from __future__ import annotations

from tests.integration.gateway.parts import BASE

REQUEST, VERIFY, LEGACY = (
    f"{BASE}/auth/{name}/" for name in ("request-verification", "verify-otp", "token")
)
REFUSED = {"status": "error", "message": "Organization not authorized to access this resource"}


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def fails(message: str) -> dict[str, str]:
    return {"status": "error", "message": message}
