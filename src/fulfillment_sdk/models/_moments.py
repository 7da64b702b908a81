"""Dates and times as the fields of a case take them: turned into the epoch seconds of the wire.

Only what is surely meant is converted. A wrong type is kept as it is, for the checks to name.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final, NoReturn

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.strictjson import is_writable

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# A Decimal may be short and stand for a thousand million digits: no moment has so many.
_MOST_DIGITS: Final = 20


def birthday(value: str | int | float | Decimal | date | None) -> str | None:
    """A date of birth in whole epoch seconds; a plain date is its midnight in UTC.

    A fraction, as `datetime.timestamp()` gives it, is cut to the second before. Raises
    ConfigurationError for a datetime without a zone.
    """
    match value:
        case datetime():
            return str(_microseconds(value, "dob") // 1_000_000)
        case date():
            return str((value - _EPOCH.date()).days * 86_400)
        case float() if math.isfinite(value):
            return str(math.floor(value))
        case Decimal() if value.is_finite() and value.adjusted() < _MOST_DIGITS:
            return str(math.floor(value))
    return _digits(value)


def moment(value: str | int | float | Decimal | datetime | None) -> str | None:
    """A moment in epoch seconds, with six decimals if it comes as a datetime or a float.

    A Decimal keeps those that it has, up to six.

    Raises ConfigurationError for a datetime without a zone, and for a date without a time.
    """
    match value:
        case datetime():
            seconds, fraction = divmod(_microseconds(value, "src_ts"), 1_000_000)
            return f"{seconds}.{fraction:06d}"
        case date():
            _refuse("The date for src_ts has no time of day", "Give a datetime with a zone.")
        case float():
            return f"{value:.6f}"
    return _digits(value)


def _digits(value: str | int | float | Decimal | None) -> str | None:
    if isinstance(value, Decimal):
        decimals = value.as_tuple().exponent  # a letter, for what is no number
        if isinstance(decimals, int) and value.adjusted() < _MOST_DIGITS:
            return format(value, "f" if decimals >= -6 else ".6f")
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and is_writable(value):
        return str(value)
    return value  # type: ignore[return-value]  # of whatever type it is, the checks look at it


def _microseconds(value: datetime, field: str) -> int:
    if value.utcoffset() is None:
        _refuse(
            f"The datetime for {field} has no zone",
            "Give it a zone: datetime(…, tzinfo=UTC), or .astimezone() for that of this machine.",
        )
    return (value - _EPOCH) // _MICROSECOND


def _refuse(message: str, remedy: str) -> NoReturn:
    raise ConfigurationError(message, remedy=remedy)
