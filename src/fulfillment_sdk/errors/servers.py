"""5xx: the server is at fault."""

from __future__ import annotations

from fulfillment_sdk.errors.api import APIError


class ServerError(APIError):
    """5xx: the server failed."""

    default_remedy = "Repeat later; if it goes on, tell the gateway's operator."


class Unavailable(ServerError):
    """503: the server can't take the request just now."""

    default_remedy = "Repeat later, with the same idempotency key if there was one."
