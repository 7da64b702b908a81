"""Lanes: claimed with a lease, settled with the lease's token, put back with their next due time.

A worker claims lanes, not events, and delivers a lane's events in sequence: that keeps order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.schema import lanes
from fulfillment_sdk.relay.tables.rows import Query, Row, is_sqlite
from fulfillment_sdk.store.driver import execute

Place = tuple[int, int]  # (position, event number): where an event stands in its lane
LaneKey = tuple[int, int]  # (destination number, lane)


@attrs.frozen
class Wanted:
    """What a destination could take now.

    Args:
        no: the destination's number.
        most: lanes at most.
        lease: seconds for which they are wanted.
    """

    no: int
    most: int
    lease: float


@attrs.frozen(kw_only=True)
class Claim:
    """A lane that is ours until `until`, and the head of what is pending in it.

    `tries` and `why` are of the event with the number `tried`: its head, unless an earlier event
    came in since. None leaves it at the head. A lane remembers one event's tries: where the earlier
    one fails too, those of the former head begin anew.
    """

    destination_no: int
    lane: int
    token: str
    until: float
    tries: int
    why: str
    places: tuple[Place, ...]
    tried: int | None = None
    lost: int = 0
    """How often in a row whoever had it ended without a word."""

    @property
    def key(self) -> LaneKey:
        """Which lane it is."""
        return self.destination_no, self.lane


@attrs.frozen(kw_only=True)
class Tried:
    """A row for the attempts table."""

    event: int
    attempt: int
    at: float
    seconds: float
    outcome: str
    why: str


@attrs.frozen(kw_only=True)
class Settlement:
    """What a worker reports of a lane that it had.

    Args:
        claim: the lane as it was claimed.
        delivered: places of the events that arrived.
        dead: places of those that were given up, each with attempts and cause.
        tried: the attempts made.
        due_at: when the lane's next event may go; None for at once.
        tries: failed tries of one event, as a rule the one that now heads the lane.
        why: its last failure.
        tries_of: its number.
        lost: as of the claim, if nothing was tried: whoever says something has not ended.
    """

    claim: Claim
    delivered: tuple[Place, ...] = ()
    dead: tuple[tuple[Place, int, str], ...] = ()
    tried: tuple[Tried, ...] = ()
    due_at: float | None = None
    tries: int = 0
    why: str = ""
    tries_of: int | None = None
    lost: int = 0

    @property
    def gone(self) -> list[Place]:
        """The places that are empty now."""
        return [*self.delivered, *(place for place, _, _ in self.dead)]


def earliest_due(
    connection: sa.Connection, kinds: Collection[str] | None = None
) -> Sequence[tuple[int, float]]:
    """Return each enabled destination that has anything pending, and when its first lane is due.

    A loose index scan: two look-ups per destination, whatever the backlog.

    Args:
        connection: of the caller's transaction.
        kinds: of sinks, if those of others are not wanted.
    """
    among: str = ""
    values: Row = ()
    if kinds is not None and is_sqlite(connection):
        among, values = f"AND d.sink IN ({', '.join('?' * len(kinds))})", tuple(kinds)
    elif kinds is not None:
        among, values = "AND d.sink = ANY(%b::text[])", (list(kinds),)
    return [(no, at) for no, at in execute(connection, _EARLIEST + among, values) if at is not None]


def next_due(
    connection: sa.Connection, numbers: Sequence[int], *, now: float
) -> Mapping[int, float]:
    """Return when those of these destinations that have lanes due later have the first of them."""
    found = _NEXT.run(connection, [(no, now) for no in numbers])
    return {no: at for no, at in found if at is not None}


def shift(connection: sa.Connection, seconds: float, *, now: float) -> None:
    """Move what a clock that was set by so many seconds would distort; `now` is its new time.

    Set back, everything that lies ahead would wait too long. Set forward, leases would end while
    their lanes are under way; retries that come early do no harm. What was accepted since has the
    new time already, and is left alone.
    """
    distorted = lanes.c.due_at > now if seconds < 0 else lanes.c.lease.is_not(None)
    connection.execute(sa.update(lanes).where(distorted).values(due_at=lanes.c.due_at + seconds))


# Plain SQL: SQLAlchemy's own expression costs a look of one destination three times as much.
_EARLIEST = """
    WITH RECURSIVE pending(no) AS (
        SELECT min(destination_no) FROM relay_lanes
        UNION ALL
        SELECT (SELECT min(destination_no) FROM relay_lanes WHERE destination_no > pending.no)
        FROM pending WHERE pending.no IS NOT NULL
    )
    SELECT pending.no, (SELECT min(due_at) FROM relay_lanes WHERE destination_no = pending.no)
    FROM pending JOIN relay_destinations AS d ON d.no = pending.no WHERE d.enabled
"""

_NEXT = Query(
    {"no": "int8", "now": "float8"},
    """
    SELECT given.no, (
        SELECT min(due_at) FROM relay_lanes
        WHERE destination_no = given.no AND due_at > given.now
    ) FROM given
    """,
)
