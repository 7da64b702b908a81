"""When a token has ended, and when to say that it will: pure."""

from __future__ import annotations

import math
from typing import Final

from fulfillment_sdk.client.exchange.dates import http_date

DAY: Final = 86_400.0
WARN_BEFORE: Final = 30 * DAY
WARN_EVERY: Final = DAY


def ended(ends: float, now: float) -> bool:
    """Whether a token is past its end; both in epoch seconds, `ends` infinite if unknown."""
    return now >= ends


def wants_warning(ends: float, now: float, *, warned: float | None) -> bool:
    """Whether to warn now: from 30 days before the end, and not within a day of `warned`."""
    if ends - now > WARN_BEFORE:
        return False
    return warned is None or not 0 <= now - warned < WARN_EVERY


def remaining(ends: float, now: float) -> str:
    """The time that is left, in words: days, and hours on the last two days."""
    left = max(0.0, ends - now)
    if left >= 2 * DAY:
        return f"{math.floor(left / DAY)} days"
    return f"{math.floor(left / 3600)} hours"


def server_time(date: str | None) -> float:
    """An answer's `Date` in epoch seconds; minus infinity where it can't be read."""
    seconds = http_date(date)
    return -math.inf if seconds is None else seconds
