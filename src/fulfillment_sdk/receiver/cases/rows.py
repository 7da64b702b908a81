"""The rows of cases: looked up and locked many at a time, and written back with their history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.receiver.cases import statements
from fulfillment_sdk.receiver.cases.facts import Fact, likeness_of
from fulfillment_sdk.receiver.cases.state import (
    CaseState,
    Held,
    read_holes,
    written_holes,
)
from fulfillment_sdk.relay import Event
from fulfillment_sdk.relay.tables.rows import by_keys, each_row, is_sqlite
from fulfillment_sdk.store.driver import execute

WEBHOOK = "webhook"
FEED = "feed"


@attrs.define
class Case:
    """A case's row while it is being worked on: nobody else has it until the commit.

    Args:
        case_id: whose it is.
        state: what is known of it.
        entries: what it held when it was looked up, and what was added since, by event id.
    """

    case_id: str
    state: CaseState = attrs.field(factory=CaseState)
    entries: dict[str, Entry] = attrs.field(factory=dict)


@attrs.define
class Entry:
    """A row of history that is new, or changes: what was received, and what became of it.

    `number` is that of the relay's event.
    """

    number: int
    event: Event
    fact: Fact
    origin: str
    received_at: float
    outcome: str = ""
    anomaly: str | None = None
    until: float | None = None
    is_new: bool = True
    is_changed: bool = False


def lock_cases(
    connection: sa.Connection, ids: Iterable[str]
) -> tuple[dict[str, Case], float | None]:
    """Return the cases of these ids, new ones empty, each held until the transaction ends.

    All are taken in one order, so that two who want the same wait, and never in a circle. A server
    says, too, what time it is once they are held: else None.
    """
    wanted = sorted(set(ids))
    keys = [(one,) for one in wanted]
    now: float | None = None
    if is_sqlite(connection):  # where a writer is alone
        rows = statements.LOOK.run(connection, keys)
    else:
        told = statements.FIND_OR_MAKE.run(connection, keys)
        rows = [row[:-1] for row in told]
        now = max((row[-1] for row in told), default=None)
    found = {row[0]: read_case(row) for row in rows}
    load_held(connection, [found[row[0]] for row in rows if row[4]])
    return {one: found.get(one) or Case(one) for one in wanted}, now


def twins_of(connection: sa.Connection, case_id: str, fact: Fact) -> list[Fact]:
    """Return what was recorded of a case under an event's number, or what says the same.

    Of many it is asked one by one: have the transaction go by keys before.
    """
    if fact.sequence is not None:
        rows = statements.BY_SEQUENCE.run(connection, [(case_id, fact.sequence)])
    else:
        rows = statements.BY_LIKENESS.run(connection, [(likeness_of(fact, case_id),)])
    return [_fact(row) for row in rows]


def write(connection: sa.Connection, cases: Iterable[Case], *, now: float) -> None:
    """Write cases back, with what is new in their history, and what they hold."""
    changed = sorted(cases, key=lambda one: one.case_id)
    pairs = [(case, entry) for case in changed for entry in case.entries.values()]
    new = [pair for pair in pairs if pair[1].is_new]
    if is_sqlite(connection):
        each_row(connection, statements.SAVE_ON_SQLITE, [_case_row(case, now) for case in changed])
        each_row(connection, statements.ADD_ON_SQLITE, [_history_row(one, now) for _, one in new])
    else:
        _save_on_a_server(connection, changed, new, now)
    fresh = [
        (one.number, one.event.id, case.case_id, one.until, json.dumps(dict(one.event.labels)))
        for case, one in new
        if one.outcome == "held"
    ]
    statements.HOLD.run(connection, fresh)
    released = [one for _, one in pairs if one.is_changed]
    statements.LET_GO.run(connection, [(one.number,) for one in released])
    decided = [(one.outcome, one.anomaly, now, one.number) for one in released]
    statements.DECIDE.run(connection, decided)


def held_among(connection: sa.Connection, event_ids: Sequence[str]) -> set[str]:
    """Return which of these events wait."""
    rows = statements.HELD_AMONG.run(connection, [(one,) for one in event_ids])
    return {one for (one,) in rows}


def known_case(connection: sa.Connection, case_id: str) -> Case | None:
    """Return what is known of a case; nothing is locked."""
    by_keys(connection)
    cases = [read_case(row) for row in statements.LOOK.run(connection, [(case_id,)])]
    load_held(connection, cases)
    return cases[0] if cases else None


def read_case(row: tuple[Any, ...]) -> Case:
    """Return a case from its row, without what it holds."""
    case_id, status, following, holes, _held, told = row
    return Case(case_id, CaseState(status, following, read_holes(holes), told=told))


def load_held(connection: sa.Connection, cases: Sequence[Case]) -> None:
    """Give cases what they hold, in the order of numbers and of arrival."""
    if not cases:
        return
    by_id = {case.case_id: case for case in cases}
    by_keys(connection)
    found = statements.HELD.run(connection, [(case_id,) for case_id in by_id])
    waiting: dict[str, list[Held]] = {case_id: [] for case_id in by_id}
    for case_id, number, until, labels, origin, received_at, *facts in sorted(found, key=_in_order):
        fact = _fact(facts)
        event = Event(fact.event_id, fact.type, case_id, fact.sequence, b"", labels=_read(labels))
        entry = Entry(number, event, fact, origin, received_at, "held", None, until, is_new=False)
        by_id[case_id].entries[fact.event_id] = entry
        waiting[case_id].append(Held(fact, until))
    for case_id, its in waiting.items():
        its.sort(key=lambda one: one.sequence)
        by_id[case_id].state = attrs.evolve(by_id[case_id].state, held=tuple(its))


def _in_order(row: Sequence[Any]) -> tuple[str, int]:
    return row[0], row[1]


def _read(labels: str) -> Mapping[str, str]:
    found: Mapping[str, str] = json.loads(labels)
    return found


def _fact(row: Sequence[Any]) -> Fact:
    event_id, type, sequence, previous, status, transition_id = row
    return Fact(event_id, type, sequence, previous, status, transition_id)


def _case_row(case: Case, now: float) -> tuple[Any, ...]:
    state = case.state
    holes = written_holes(state.holes)
    return (case.case_id, state.status, state.next, holes, len(state.held), state.told, now)


def _history_row(one: Entry, now: float) -> tuple[Any, ...]:
    fact = one.fact
    return (
        one.number,
        fact.previous,
        fact.status,
        fact.transition_id,
        one.origin,
        one.outcome,
        one.anomaly,
        None if one.outcome == "held" else now,
        None if one.outcome == "stale" else likeness_of(fact, one.event.lane),
    )


def _save_on_a_server(
    connection: sa.Connection,
    changed: Sequence[Case],
    new: Sequence[tuple[Case, Entry]],
    now: float,
) -> None:
    if changed:
        added = [
            dict(zip(statements.HISTORY, _history_row(one, now), strict=True)) for _, one in new
        ]
        saved = [dict(zip(statements.CASE, _case_row(case, now), strict=True)) for case in changed]
        execute(connection, statements.ADD_AND_SAVE, (json.dumps(added), json.dumps(saved)))
