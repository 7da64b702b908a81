"""What waits: which cases do, until when, and those whose waiting is over."""

from __future__ import annotations

import math

import attrs
import sqlalchemy as sa

from fulfillment_sdk.receiver.cases import statements
from fulfillment_sdk.receiver.cases.rows import Case, load_held, read_case
from fulfillment_sdk.receiver.cases.state import Hole
from fulfillment_sdk.relay.dispatching.drift import TOLERANCE
from fulfillment_sdk.relay.tables.rows import Query, by_keys


def lock_due(connection: sa.Connection, *, now: float, most: int) -> list[Case]:
    """Return cases of which a window is over; those that somebody else has are left to them."""
    by_keys(connection)
    wanted = _due(connection, now, most)
    rows = statements.FIND_FREE.run(connection, sorted(wanted)) if wanted else []
    cases = [read_case(row) for row in rows if row[4]]
    load_held(connection, cases)
    return cases


def next_until(connection: sa.Connection) -> float | None:
    """Return when the first window ends; None where nothing waits."""
    by_keys(connection)
    found: float | None = connection.exec_driver_sql(statements.NEXT).scalar_one()
    return found


def move_along(connection: sa.Connection, seconds: float, *, now: float) -> None:
    """Move windows along with a clock that was lately set back by so many seconds, to `now`."""
    statements.MOVE_ALONG.run(connection, [(-seconds, now + seconds - TOLERANCE)])


@attrs.frozen
class Waiting:
    """A case that waits: since when and until when the first of its events does, and for what."""

    case_id: str
    since: float
    until: float
    missing: tuple[Hole, ...]


def waiting_cases(connection: sa.Connection, *, most: int = 200) -> list[Waiting]:
    """Return cases that wait, those first whose window ends first; nothing is locked."""
    by_keys(connection)
    wanted = _due(connection, math.inf, most)
    cases = [read_case(row) for row in statements.LOOK.run(connection, wanted)] if wanted else []
    load_held(connection, cases)
    found = []
    for case in cases:
        its = [one for one in case.entries.values() if one.until is not None]
        if first := min(its, key=lambda one: one.until or 0.0, default=None):
            until = first.until or 0.0
            missing = case.state.missing()
            found.append(Waiting(case.case_id, first.received_at, until, missing))
    return sorted(found, key=lambda one: one.until)


def _due(connection: sa.Connection, now: float, most: int) -> list[tuple[str]]:
    due = Query({"now": "float8"}, statements.DUE.format(most=most))
    return [(case_id,) for (case_id,) in due.run(connection, [(now,)])]
