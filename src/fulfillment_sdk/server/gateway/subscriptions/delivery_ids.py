"""The id of an event's delivery to a subscription: both ids in one, fit for a path."""

from __future__ import annotations

import base64
import binascii
import json
import re


def delivery_id(subscription: str, event_id: str) -> str:
    """Return the id of an event's delivery to a subscription, fit for a path."""
    text = json.dumps([subscription, event_id], separators=(",", ":"))
    return "dlv_" + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def parse_delivery_id(text: str) -> tuple[str, str] | None:
    """Return the subscription and the event that a delivery's id names, ``None`` if it is none."""
    encoded = text.removeprefix("dlv_")
    try:
        found = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        subscription, event_id = found
    except (binascii.Error, ValueError, TypeError, RecursionError):
        return None
    return (subscription, event_id) if _is_text(subscription) and _is_text(event_id) else None


def _is_text(value: object) -> bool:
    """Tell whether a database can be asked for it: JSON has NUL and halves of pairs besides."""
    return isinstance(value, str) and "\0" not in value and not _HALF.search(value)


_HALF = re.compile("[\ud800-\udfff]")
