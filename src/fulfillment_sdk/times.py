"""Times as the wire writes them."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime

from fulfillment_sdk.errors import PayloadError

_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-][0-9]{2}):?([0-9]{2}))?"
)


def format_time(epoch: float) -> str:
    """Write epoch seconds as ``YYYY-MM-DDTHH:MM:SS.ffffffZ`` (contract, sections 1 and 4)."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def format_seconds(epoch: float) -> str:
    """Write epoch seconds as ``YYYY-MM-DDTHH:MM:SSZ``, cut to the second (contract, section 2)."""
    return datetime.fromtimestamp(epoch // 1, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> datetime:
    """Read a time with ``Z``, an offset or no zone (then UTC), and any number of fraction digits.

    Returns an aware datetime in UTC, cut to microseconds; raises `PayloadError` for anything else.
    Contract, section 6.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise PayloadError("", "not a time of the form YYYY-MM-DDTHH:MM:SSZ")
    day, clock, fraction, hours, minutes = found.groups()
    micros = (fraction or "")[:6].ljust(6, "0")
    offset = f"{hours}:{minutes}" if hours else "+00:00"
    with contextlib.suppress(ValueError, OverflowError):
        return datetime.fromisoformat(f"{day}T{clock}.{micros}{offset}").astimezone(UTC)
    # Outside of the handler: what Python raises has the text with it.
    raise PayloadError("", "not a time that exists")
