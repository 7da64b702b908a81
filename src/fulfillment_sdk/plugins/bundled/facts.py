"""What the bundled sinks know of an event: what its body discloses, and nothing that is no code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from fulfillment_sdk import strictjson
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.relay import Delivery
from fulfillment_sdk.times import parse_time
from fulfillment_sdk.wire.events import EVENT_DEPTH

MOST_TEXT = 255
"""Characters of a fact at most: what is longer is no code, id or time, and not known here."""

_MOST_NUMBER = 2**63 - 1  # what a database calls a big integer


@attrs.frozen(kw_only=True)
class Facts:
    """An event's facts; those that its body lacks, or doesn't disclose, are None.

    `occurred_at` is the time of what the event tells of; times are in UTC.
    """

    event_id: str
    type: str
    case_id: str | None = None
    reference_number: str | None = None
    organization_id: str | None = None
    previous_status: str | None = None
    new_status: str | None = None
    sequence: int | None = None
    transition_id: str | None = None
    actor: str | None = None
    reason: str | None = None
    final: bool | None = None
    category: str | None = None
    priority: str | None = None
    assigned_to: str | None = attrs.field(default=None, repr=False)  # may be somebody's name
    outcome: str | None = None
    occurred_at: datetime | None = None
    completed_at: datetime | None = None
    anomaly: str | None = None


_IDS = ("case_id", "reference_number", "organization_id", "transition_id")

_TEXTS = (
    "previous_status",
    "new_status",
    "actor",
    "reason",
    "outcome",
)


def read_facts(delivery: Delivery) -> Facts | None:
    """Return the facts of a delivery's event; None where its body is no JSON object.

    Never raises: a value of another kind than expected is a fact that is not known.
    """
    try:
        body = strictjson.parse_object(delivery.body, depth=EVENT_DEPTH)
    except PayloadError:
        return None
    told = _object(body, "data")
    case = _object(told, "case")
    request = _object(case, "request")
    final = told.get("final")
    return Facts(
        event_id=delivery.id,
        type=delivery.type.replace("\0", "\ufffd")[:MOST_TEXT],
        **{name: _code(told.get(name)) for name in _IDS},
        **{name: _text(told.get(name)) for name in _TEXTS},
        sequence=_number(told.get("sequence")),
        final=final if isinstance(final, bool) else None,
        category=_code(told.get("case_category_id")) or _code(request.get("case_category_id")),
        priority=_code(request.get("priority")),
        assigned_to=_text(case.get("assigned_to")),
        occurred_at=_time(told.get("timestamp")) or _time(body.get("timestamp")),
        completed_at=_time(told.get("completed_at")),
        anomaly=_text(delivery.notes.get("anomaly")),
    )


def _object(known: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = known.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    # To some databases a text is the same with blanks behind it; PostgreSQL takes no U+0000.
    text = value.strip().replace("\0", "\ufffd") if isinstance(value, str) else ""
    return text if 0 < len(text) <= MOST_TEXT else None


def _code(value: object) -> str | None:
    # An older system writes its codes and ids as numbers.
    number = isinstance(value, int) and not isinstance(value, bool)
    return _text(str(value) if number else value)


def _number(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST_NUMBER:
        return None
    return value


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return parse_time(value)
    except PayloadError:
        return None
