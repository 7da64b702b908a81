"""Lanes: claimed with a lease, settled with the lease's token, put back with their next due time.

A worker claims lanes, not events, and delivers a lane's events in sequence: that keeps order.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Sequence

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay import registry
from fulfillment_sdk.relay.schema import attempts, dead_letters, deliveries, destinations, lanes

Place = tuple[int, int]  # (position, event number): where an event stands in its lane


@attrs.frozen(kw_only=True)
class Claim:
    """A lane that is ours until `until`, and the head of what is pending in it."""

    destination_no: int
    lane: int
    token: str
    until: float
    tries: int
    why: str
    places: tuple[Place, ...]


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
        tries: failed tries of the event that now heads the lane.
        why: its last failure.
        disable: a cause, if the destination is to get nothing any more.
    """

    claim: Claim
    delivered: tuple[Place, ...] = ()
    dead: tuple[tuple[Place, int, str], ...] = ()
    tried: tuple[Tried, ...] = ()
    due_at: float | None = None
    tries: int = 0
    why: str = ""
    disable: str | None = None


def earliest_due(connection: sa.Connection) -> Sequence[tuple[int, float]]:
    """Return each enabled destination that has anything pending, and when its first lane is due.

    A loose index scan: two look-ups per destination, whatever the backlog.
    """
    first = sa.select(sa.func.min(lanes.c.destination_no).label("no")).cte(
        "pending", recursive=True
    )
    following = (
        sa.select(sa.func.min(lanes.c.destination_no))
        .where(lanes.c.destination_no > first.c.no)
        .scalar_subquery()
    )
    pending = first.union_all(sa.select(following).where(first.c.no.is_not(None)))
    due_at = (
        sa.select(sa.func.min(lanes.c.due_at))
        .where(lanes.c.destination_no == pending.c.no)
        .scalar_subquery()
    )
    rows = connection.execute(
        sa.select(pending.c.no, due_at)
        .join(destinations, destinations.c.no == pending.c.no)
        .where(destinations.c.enabled)
    )
    return [(no, earliest) for no, earliest in rows if earliest is not None]


def shift(connection: sa.Connection, seconds: float, *, now: float) -> None:
    """Move what a clock that was set by so many seconds would distort; `now` is its new time.

    Set back, everything that lies ahead would wait too long. Set forward, leases would end while
    their lanes are under way; retries that come early do no harm. What was accepted since has the
    new time already, and is left alone.
    """
    distorted = lanes.c.due_at > now if seconds < 0 else lanes.c.lease.is_not(None)
    connection.execute(sa.update(lanes).where(distorted).values(due_at=lanes.c.due_at + seconds))


def claim(
    connection: sa.Connection,
    destination_no: int,
    *,
    now: float,
    lease: float,
    most: int,
    events_per_lane: int,
    new_token: Callable[[], str] = lambda: secrets.token_hex(8),
) -> list[Claim]:
    """Take up to `most` due lanes of a destination, longest due first, until `now + lease`."""
    token, until = new_token(), now + lease
    due = (
        sa.select(lanes.c.lane)
        .where(lanes.c.destination_no == destination_no, lanes.c.due_at <= now)
        .order_by(lanes.c.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    rows = connection.execute(
        sa.update(lanes)
        .where(lanes.c.destination_no == destination_no, lanes.c.lane.in_(sa.select(due.c.lane)))
        .values(due_at=until, lease=token)
        .returning(lanes.c.lane, lanes.c.pending, lanes.c.tries, lanes.c.why)
    ).all()
    short = [row.lane for row in rows if row.pending <= events_per_lane]
    places = _places(connection, destination_no, short) if short else {}
    for row in rows:
        if row.pending > events_per_lane:
            places |= _places(connection, destination_no, [row.lane], limit=events_per_lane)
    return [
        Claim(
            destination_no=destination_no,
            lane=row.lane,
            token=token,
            until=until,
            tries=row.tries,
            why=row.why,
            places=tuple(places[row.lane]),
        )
        for row in rows
    ]


def end_leases(connection: sa.Connection, now: float) -> None:
    """Make every claimed lane due: for the one dispatcher of a database, when it begins."""
    connection.execute(
        sa.update(lanes).where(lanes.c.lease.is_not(None)).values(lease=None, due_at=now)
    )


def settle(connection: sa.Connection, settlement: Settlement, *, now: float) -> bool:
    """Record what became of a lane; return False, and record nothing, where the lease is lost."""
    its = settlement.claim
    mine = sa.and_(
        lanes.c.destination_no == its.destination_no,
        lanes.c.lane == its.lane,
        lanes.c.lease == its.token,
    )
    pending = connection.execute(
        sa.select(lanes.c.pending).where(mine).with_for_update()
    ).scalar_one_or_none()
    if pending is None:
        return False
    gone = [*settlement.delivered, *(place for place, _, _ in settlement.dead)]
    _delete(connection, its, gone)
    if settlement.tried:
        connection.execute(
            sa.insert(attempts),
            [
                {"destination_no": its.destination_no, **attrs.asdict(one)}
                for one in settlement.tried
            ],
        )
    if settlement.dead:
        connection.execute(
            sa.insert(dead_letters),
            [
                {
                    "destination_no": its.destination_no,
                    "event": place[1],
                    "attempts": tries,
                    "at": now,
                    "why": why,
                }
                for place, tries, why in settlement.dead
            ],
        )
    if settlement.disable is not None:
        registry.disable(connection, its.destination_no, settlement.disable)
    if pending == len(gone):
        connection.execute(sa.delete(lanes).where(mine))
    else:
        connection.execute(
            sa.update(lanes)
            .where(mine)
            .values(
                pending=pending - len(gone),
                due_at=now if settlement.due_at is None else settlement.due_at,
                lease=None,
                tries=settlement.tries,
                why=settlement.why,
            )
        )
    return True


def _places(
    connection: sa.Connection,
    destination_no: int,
    numbers: Sequence[int],
    *,
    limit: int | None = None,
) -> dict[int, list[Place]]:
    columns = deliveries.c
    query = (
        sa.select(columns.lane, columns.position, columns.event)
        .where(columns.destination_no == destination_no, columns.lane.in_(numbers))
        .order_by(columns.lane, columns.position, columns.event)
        .limit(limit)
    )
    found: dict[int, list[Place]] = defaultdict(list)
    for lane, position, event in connection.execute(query):
        found[lane].append((position, event))
    return found


def _delete(connection: sa.Connection, its: Claim, places: Sequence[Place]) -> None:
    if not places:
        return
    # By whole keys: an event that came in meanwhile, with a lower sequence, must stay.
    connection.execute(
        sa.delete(deliveries).where(
            deliveries.c.destination_no == its.destination_no,
            deliveries.c.lane == its.lane,
            deliveries.c.position == sa.bindparam("at_position"),
            deliveries.c.event == sa.bindparam("of_event"),
        ),
        [{"at_position": position, "of_event": event} for position, event in places],
    )
