"""What an event changes: a row of the history, and maybe where its case stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from fulfillment_sdk.plugins.bundled.facts import Facts, read_facts
from fulfillment_sdk.relay import Delivery

Row = dict[str, Any]

_LATE = "late"  # the receiver's word for an event that came behind later ones of its case

_HISTORY = (
    "event_id",
    "type",
    "case_id",
    "reference_number",
    "organization_id",
    "previous_status",
    "new_status",
    "sequence",
    "transition_id",
    "actor",
    "reason",
    "final",
    "outcome",
    "occurred_at",
    "anomaly",
)

# Of the newest event, by its sequence: column of the case -> fact of the event.
_NEWEST = {
    "status": "new_status",
    "previous_status": "previous_status",
    "sequence": "sequence",
    "transition_id": "transition_id",
    "actor": "actor",
    "reason": "reason",
    "final": "final",
    "changed_at": "occurred_at",
    "event_id": "event_id",
}

# Of the newest event that says it: most say nothing of these.
_LASTING = (
    "reference_number",
    "organization_id",
    "category",
    "priority",
    "assigned_to",
    "outcome",
    "completed_at",
)


@attrs.frozen
class Entry:
    """An event as it is to be recorded; `body` is the text that was disclosed."""

    facts: Facts
    received_at: datetime
    body: str = attrs.field(repr=False)

    @classmethod
    def of(cls, delivery: Delivery) -> Entry | None:
        """Read a delivery; None where its body is no JSON object."""
        facts = read_facts(delivery)
        if facts is None:
            return None
        received_at = datetime.fromtimestamp(delivery.accepted_at, UTC)
        return cls(facts, received_at, delivery.body.decode())


def history_row(entry: Entry, *, now: datetime) -> Row:
    """Return an event's row of the history."""
    known: Row = {name: getattr(entry.facts, name) for name in _HISTORY}
    return known | {"received_at": entry.received_at, "recorded_at": now, "body": entry.body}


def empty_case(case_id: str, *, now: datetime) -> Row:
    """Return the row of a case of which nothing was recorded."""
    columns = ("case_id", *_LASTING, *_NEWEST)
    return dict.fromkeys(columns) | {"case_id": case_id, "events": 0, "updated_at": now}


def changed_case(row: Mapping[str, Any], events: Iterable[Facts], *, now: datetime) -> Row:
    """Return a case's row once these events, none of which was recorded before, have been.

    An event that is older by its `sequence` than what the row tells changes nothing of where the
    case stands. Where one of the two has no sequence, the later arrival counts, unless the receiver
    found it to be late; the highest sequence stays, so that what is older can be told from it.
    """
    changed: Row = dict(row)
    for facts in sorted(events, key=lambda one: one.sequence or 0):
        known = changed["sequence"]
        newer = changed["status"] is None or _is_newer(known, facts)
        for name in _LASTING:
            told = getattr(facts, name)
            if told is not None and (newer or changed[name] is None):
                changed[name] = told
        if newer and facts.new_status is not None:
            changed |= {column: getattr(facts, name) for column, name in _NEWEST.items()}
            changed["sequence"] = known if facts.sequence is None else facts.sequence
        changed["events"] += 1
    return changed | {"updated_at": now}


def _is_newer(known: int | None, facts: Facts) -> bool:
    if known is None or facts.sequence is None:
        return facts.anomaly != _LATE
    return facts.sequence > known
