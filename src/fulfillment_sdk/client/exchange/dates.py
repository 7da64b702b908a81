"""Dates as HTTP writes them, in headers."""

from __future__ import annotations

from datetime import UTC


def http_date(header: str | None) -> float | None:
    """A date in epoch seconds; None where there is none that can be read."""
    if header is None:
        return None
    from email.utils import parsedate_to_datetime  # as slow to load as all that a first call needs

    try:
        date = parsedate_to_datetime(header)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
