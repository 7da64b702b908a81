"""Lanes that a clock put off further than anything else would, as one that was ahead does."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from fulfillment_sdk.relay.policy import RetryPolicy
from fulfillment_sdk.relay.schema import destinations
from fulfillment_sdk.relay.tables.rows import Change, Query
from fulfillment_sdk.store.driver import execute

LEAST_SECONDS = 60.0
"""How far ahead a lane may be due in any case: longer than a pause of the dispatcher's own."""

LEASE_SECONDS = 3600.0
"""How far ahead a claimed one: longer than a lease that is renewed could ever be."""

MOST = 2000  # as in the statement below
"""Lanes brought nearer at once: a million would hold up all writes, and fill the memory."""

_TIMEOUTS = 3.0


def bring_nearer(connection: sa.Connection, *, now: float) -> int:
    """Have no lane wait longer than its destination's policy can let it.

    Returns how many did, `MOST` or more where there may be others.

    Of a clock that was set while a dispatcher ran that one knows. This is for what others left
    behind, and what the clock of a server did. It costs two look-ups for each destination that has
    anything pending; lanes that somebody has locked are left for the next time.
    """
    far = [no for no, latest in execute(connection, _LATEST) if latest > now + LEAST_SECONDS]
    bounds = [
        (no, now + wait, now + lease) for no, (wait, lease) in _longest(connection, far).items()
    ]
    found = _PARKED.run(connection, bounds)
    _BROUGHT.run(connection, [(due_at, no, lane) for no, lane, due_at in found])
    return len(found)


def _longest(connection: sa.Connection, numbers: list[int]) -> Mapping[int, tuple[float, float]]:
    """Return for how many seconds a lane of these destinations may wait, and be claimed."""
    columns = destinations.c
    longest: dict[int, tuple[float, float]] = {}
    for start in range(0, len(numbers), 500):
        query = sa.select(columns.no, columns.policy, columns.rate, columns.timeout)
        some = query.where(columns.no.in_(numbers[start : start + 500]))
        for row in connection.execute(some):
            policy = RetryPolicy(**row.policy)
            wait = max(policy.schedule) * (1 + policy.jitter)
            if row.rate is not None:
                wait = max(wait, 1 / row.rate)
            longest[row.no] = (
                max(wait, LEAST_SECONDS),
                max(wait, LEASE_SECONDS, _TIMEOUTS * row.timeout),
            )
    return longest


_LATEST = """
    WITH RECURSIVE pending(no) AS (
        SELECT min(destination_no) FROM relay_lanes
        UNION ALL
        SELECT (SELECT min(destination_no) FROM relay_lanes WHERE destination_no > pending.no)
        FROM pending WHERE pending.no IS NOT NULL
    )
    SELECT no, (SELECT max(due_at) FROM relay_lanes WHERE destination_no = pending.no)
    FROM pending WHERE no IS NOT NULL
"""
_PARKED = Query(
    {"no": "int8", "free": "float8", "claimed": "float8"},
    """
    SELECT l.destination_no, l.lane,
        CASE WHEN l.lease IS NULL THEN given.free ELSE given.claimed END
    FROM given CROSS JOIN relay_lanes AS l
    WHERE l.destination_no = given.no AND l.due_at > given.free
        AND (l.lease IS NULL OR l.due_at > given.claimed)
    LIMIT 2000
    """,
    locking="FOR UPDATE OF l SKIP LOCKED",
)
_BROUGHT = Change(
    {"due_at": "float8", "no": "int8", "lane": "int8"},
    sqlite="UPDATE relay_lanes SET due_at = ? WHERE destination_no = ? AND lane = ?",
    postgresql="""
    UPDATE relay_lanes AS l SET due_at = given.due_at FROM given
    WHERE l.destination_no = given.no AND l.lane = given.lane
    """,
)
