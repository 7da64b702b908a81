"""What was received of a case, what is missing, and why something was not passed on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs
import sqlalchemy as sa

from fulfillment_sdk.receiver.cases.anomalies import ANOMALIES
from fulfillment_sdk.receiver.cases.deliveries import MOST_EVENTS, deliveries_of, moment
from fulfillment_sdk.receiver.cases.facts import LONGEST
from fulfillment_sdk.receiver.cases.rows import known_case
from fulfillment_sdk.receiver.cases.schema import held, history
from fulfillment_sdk.receiver.cases.state import CaseState, Hole
from fulfillment_sdk.relay.schema import events, quarantine
from fulfillment_sdk.relay.tables.words import id_word, one_word

OUTCOMES: Final[Mapping[str, str]] = {
    "baseline": "passed on: the first that was seen of this case",
    "applied": "passed on",
    "late": "passed on late: the case stays where later events have taken it, if any has",
    "held": "waits for earlier events",
    "stale": "not passed on: the same had come before under another id, or was long done with",
    "conflict": "not passed on: its id was known with other bytes, which is kept apart",
}
"""What can become of an event, and what that means."""

PASSED_ON: Final = frozenset({"baseline", "applied", "late"})
"""Those with which it goes to plugins and sinks."""

NOWHERE: Final = "no plugin or sink is on record for it"


@attrs.frozen(kw_only=True)
class Received:
    """One event of a case, as it was received. It holds codes and times, nothing of its content.

    Args:
        event_id, type, sequence, previous_status, status, transition_id: as the event says; of a
            conflict only the first two.
        origin: `webhook`, or `feed` where it was had from there.
        received_at: epoch seconds.
        outcome: `baseline`, `applied`, `late`, `held`, `stale` or `conflict`.
        anomaly: what is odd about it, a key of `ANOMALIES`; None for nothing.
        decided_at: when it was passed on, or not, epoch seconds; None while it is held.
        until: when it is passed on whatever is missing, epoch seconds; None but for what is held.
    """

    event_id: str
    type: str
    sequence: int | None = None
    previous_status: str | None = None
    status: str | None = None
    transition_id: str = ""
    origin: str = "webhook"
    received_at: float
    outcome: str
    anomaly: str | None = None
    decided_at: float | None
    until: float | None = None


def received(connection: sa.Connection, case_id: str) -> list[Received]:
    """Return what was received of a case, in the order in which it came."""
    rows = connection.execute(_RECEIVED.where(events.c.lane == case_id))
    found = [Received(**row._mapping) for row in rows]
    by_id = {one.event_id: one for one in found}
    aside = _CONFLICTS.where(events.c.lane == case_id)
    for event_id, at in connection.execute(aside):
        found.append(
            Received(
                event_id=event_id,
                type=by_id[event_id].type if event_id in by_id else "",
                received_at=at,
                outcome="conflict",
                decided_at=at,
            )
        )
    return sorted(found, key=lambda one: one.received_at)


def explained(connection: sa.Connection, case_id: str) -> str:
    """Return in a few lines where a case stands, what is missing, and what became of each event.

    Below each that was passed on: which plugin or sink has it, and which not yet, or never.
    Ids, codes and times alone: it may be printed, mailed and logged.
    """
    case = known_case(connection, case_id)
    if case is None:
        return f"case {id_word(case_id)}: nothing was received that is still known"
    there = deliveries_of(connection, case_id)
    its = received(connection, case_id)
    nowhere = NOWHERE if len(its) <= MOST_EVENTS else "of so many events, no more is looked up"
    lines = [*_standing(case_id, case.state)]
    for one in its:
        lines.append(_line(one))
        if one.outcome in PASSED_ON:
            lines.append(f"    {there.get(one.event_id, nowhere)}")
    return "\n".join(lines)


def _standing(case_id: str, state: CaseState) -> Iterator[str]:
    yield f"case {id_word(case_id)}: status {one_word(state.status or 'unknown')}"
    if state.next:
        yield f"next expected: event {state.next}"
    if missing := [_numbers(hole) for hole in state.holes if hole.reported]:
        yield f"missing, and not waited for any more: {', '.join(missing)}"
    if waited := [_numbers(hole) for hole in state.missing() if not hole.reported]:
        yield f"missing, and waited for: {', '.join(waited)}"
    if before := [_numbers(hole) for hole in state.holes if not hole.reported]:
        yield f"not received, and not missed: {', '.join(before)}"


def _line(one: Received) -> str:
    number = "-" if one.sequence is None else str(one.sequence)
    step = f"{one_word(one.previous_status or '-')} -> {one_word(one.status or '-')}"
    parts = [
        f"{moment(one.received_at)}  event {number}  {id_word(one.event_id)}",
        f"{one_word(one.type[:LONGEST])}  {step}",
        OUTCOMES.get(one.outcome, one.outcome),
    ]
    if one.until is not None:
        parts[-1] += f", until {moment(one.until)} at most"
    if one.origin != "webhook":
        parts.append("had from the feed")
    if one.anomaly is not None:
        parts.append(f"{one.anomaly}: {ANOMALIES.get(one.anomaly, 'odd')}")
    return "; ".join(parts)


_RECEIVED: sa.Select[Any] = (
    sa.select(
        events.c.event_id,
        events.c.type,
        events.c.sequence,
        history.c.previous_status,
        history.c.status,
        history.c.transition_id,
        history.c.origin,
        events.c.accepted_at.label("received_at"),
        history.c.outcome,
        history.c.anomaly,
        history.c.decided_at,
        held.c.until,
    )
    .select_from(
        events.join(history, history.c.event == events.c.id).outerjoin(
            held, held.c.event == events.c.id
        )
    )
    .order_by(events.c.id)
)
_CONFLICTS: sa.Select[Any] = (
    sa.select(quarantine.c.event_id, quarantine.c.at)
    .select_from(events.join(quarantine, quarantine.c.event_id == events.c.event_id))
    .order_by(quarantine.c.id)
)


def _numbers(hole: Hole) -> str:
    return f"event {hole.first}" if hole.first == hole.last else f"{hole.first} to {hole.last}"
