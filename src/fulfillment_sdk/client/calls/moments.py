"""Times that a caller gives, as the wire writes them."""

from __future__ import annotations

from datetime import UTC, datetime

from fulfillment_sdk.errors import ConfigurationError


def moment(name: str, value: datetime | str) -> str:
    """A datetime in UTC, with microseconds; a text as it is.

    Raises ConfigurationError for a datetime without a zone: nobody knows which moment it is; and
    TypeError for anything else, a plain date among it.
    """
    if isinstance(value, str):
        return value
    if not isinstance(value, datetime):
        raise TypeError(
            f"{name} must be a datetime with a zone, or a str, not {type(value).__name__}"
        )
    if value.utcoffset() is None:
        raise ConfigurationError(
            f"The datetime for {name} has no zone",
            remedy="Give it a zone: datetime.now(UTC), say, or .astimezone() for this machine's.",
        )
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
