"""Lanes that were lost with whoever had them: freed at a start, and claimed alone if in doubt."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from fulfillment_sdk.relay.doubt import ALONE, COUNTED, ENDED, Doubted
from fulfillment_sdk.relay.schema import lanes
from fulfillment_sdk.relay.tables.claim import claims_of
from fulfillment_sdk.relay.tables.lanes import Claim
from fulfillment_sdk.relay.tables.rows import Change
from fulfillment_sdk.store.driver import execute

A_MOMENT = 0.001  # seconds: what has the same time goes in no order


def end_leases(connection: sa.Connection, now: float, *, alone: bool = True) -> int:
    """Free what was in hand when an earlier dispatcher ended: for one that begins.

    It goes before all else of its destination: what ends a process is then met again at once, and
    not behind a backlog. Where nothing is in hand, whoever was here before has ended as it should,
    and nothing is in doubt any more.

    Args:
        connection: of the caller's transaction.
        now: the store's time, epoch seconds.
        alone: whether all leases are those of the dead; else those that have run out are.

    Returns:
        how many lanes were freed.
    """
    query = sa.select(lanes.c.destination_no, lanes.c.lane).where(lanes.c.lease.is_not(None))
    if not alone:
        query = query.where(lanes.c.due_at <= now)
    found = connection.execute(query.with_for_update(skip_locked=True)).all()
    if not found:
        doubted = connection.execute(_DOUBTED).all()
        if doubted and not connection.execute(sa.select(_IN_HAND)).scalar_one():
            _CLEAR.run(connection, [(no, lane) for no, lane in doubted])
        return 0
    first = {
        no: connection.execute(
            sa.select(sa.func.min(lanes.c.due_at)).where(lanes.c.destination_no == no)
        ).scalar_one()
        for no in {no for no, _ in found}
    }
    _FREE.run(connection, [(min(now, first[no]) - A_MOMENT, no, lane) for no, lane in found])
    return len(found)


def in_doubt(connection: sa.Connection) -> Sequence[Doubted]:
    """Return all lanes in doubt, also those that somebody has."""
    return [
        Doubted(no, lane, due_at, lost, counted=tries > 0 and why == ENDED)
        for no, lane, due_at, lost, tries, why in execute(connection, _IN_DOUBT)
    ]


def claim_alone(
    connection: sa.Connection,
    one: Doubted,
    now: float,
    lease: float,
    events_per_lane: int,
    *,
    beside: bool = False,
    new_token: Callable[[], str] = lambda: secrets.token_hex(8),
) -> list[Claim]:
    """Take this lane, unless somebody else has it by now, or holds it.

    Args:
        connection: of the caller's transaction.
        one: the lane.
        now: the store's time, epoch seconds.
        lease: seconds for which it is wanted.
        events_per_lane: places that the claim has at most.
        beside: whether it is not alone: then an end says no more of it than the one before did.
        new_token: makes the token that settlements must match.
    """
    its = (lanes.c.destination_no == one.no) & (lanes.c.lane == one.lane)
    query = sa.select(
        lanes.c.destination_no, lanes.c.lane, lanes.c.pending, lanes.c.tries, lanes.c.why,
        lanes.c.tried, lanes.c.lost, lanes.c.lease,
    ).where(its, lanes.c.due_at <= now, lanes.c.lost >= ALONE)  # fmt: skip
    row = connection.execute(query.with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return []
    *found, lost, had = row
    lost += had is not None  # its lease ran out
    token = new_token()
    kept = lost - 1 if beside and lost < COUNTED else lost
    connection.execute(
        sa.update(lanes).where(its).values(due_at=now + lease, lease=token, lost=kept)
    )
    return claims_of(connection, [(*found, lost)], token, now, {one.no: lease}, events_per_lane)


_IN_HAND = sa.exists().where(lanes.c.lease.is_not(None))
_DOUBTED = (
    sa.select(lanes.c.destination_no, lanes.c.lane)
    .where(sa.text("lost > 1"))
    .with_for_update(skip_locked=True)
)
_CLEAR = Change(
    {"no": "int8", "lane": "int8"},
    sqlite="UPDATE relay_lanes SET lost = 0 WHERE destination_no = ? AND lane = ?",
    postgresql="""
    UPDATE relay_lanes AS l SET lost = 0
    FROM given WHERE l.destination_no = given.no AND l.lane = given.lane
    """,
)
_IN_DOUBT = "SELECT destination_no, lane, due_at, lost, tries, why FROM relay_lanes WHERE lost > 1"
_FREE = Change(
    {"due_at": "float8", "no": "int8", "lane": "int8"},
    sqlite="""
    UPDATE relay_lanes SET lost = lost + 1, lease = NULL, due_at = ?
    WHERE destination_no = ? AND lane = ?
    """,
    postgresql="""
    UPDATE relay_lanes AS l SET lost = l.lost + 1, lease = NULL, due_at = given.due_at
    FROM given WHERE l.destination_no = given.no AND l.lane = given.lane
    """,
)
