"""What of an address may be counted by, and what of it may be shown."""

from __future__ import annotations

from typing import Final

WITHHELD: Final = "REDACTED"
"""What stands for a value in a query; OpenTelemetry's conventions have this word."""

_WORDS: Final = frozenset(
    {
        "api",
        "attachments",
        "auth",
        "cancel",
        "cases",
        "deliveries",
        "emails",
        "events",
        "files",
        "recover",
        "replay",
        "report",
        "request-verification",
        "revoke",
        "rotate-secret",
        "subscriptions",
        "test",
        "token",
        "verify-otp",
        "webform",
        "webhook",
    }
)


def route(path: str) -> str:
    """The path with `{id}` in place of each segment that is no word of the API; without query."""
    segments = path.partition("?")[0].split("/")
    return "/".join(one if not one or one in _WORDS else "{id}" for one in segments)


def shown(path: str) -> str:
    """The path with its query's names, and none of their values, which may be anybody's."""
    place, asked, query = path.partition("?")
    names = (pair.partition("=")[0] for pair in query.split("&"))
    return place + asked + "&".join(f"{name}={WITHHELD}" for name in names if name)
