"""Feeds: what was accepted for an owner, to be read again and again, a page at a time."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.reports.pages import read_cursor, write_cursor
from fulfillment_sdk.relay.schema import events
from fulfillment_sdk.relay.tables.event_rows import body_context
from fulfillment_sdk.relay.tables.feed import ends
from fulfillment_sdk.relay.tables.rows import Query
from fulfillment_sdk.relay.values import Event
from fulfillment_sdk.store.sealing import Sealer

MOST_BYTES = 8 * 1024 * 1024
"""Of bodies, as they are stored, in one page; a single one may be larger."""


@attrs.frozen
class FeedPage:
    """Some of an owner's events, in the order of their positions.

    Args:
        events: none where there is nothing behind the cursor yet.
        next: the cursor to go on behind, now or later.
        end: the last position that had been given when the page was read, or a smaller one.
    """

    events: Sequence[Event]
    next: str
    end: int


def feed(
    connection: sa.Connection,
    sealer: Sealer,
    owner: str,
    *,
    after: str | None = None,
    lane: str | None = None,
    limit: int,
) -> FeedPage:
    """Return the owner's events behind a cursor; of one lane, or all.

    Raises:
        ValueError: `after` is no cursor of this feed as it is now, or `limit` is below 1.
        StoreError: an event was sealed with a key that is not there any more.
    """
    if limit < 1:
        raise ValueError("limit must be at least 1")
    given = read_cursor(after, "f")
    position, mark = map(int, given[1]) if given else (0, 0)
    end = ends(connection, [owner])[owner]
    if position and not _stands(connection, owner, position, mark, end):
        raise ValueError("this cursor is not one of this list")
    rows = _behind(connection, owner, position, lane, limit)
    fit = rows[: _how_many([row.size for row in rows])]
    bodies: dict[int, bytes] = dict(_BODIES.run(connection, [(row.id,) for row in fit]))
    found = [
        Event(
            row.event_id,
            row.type,
            row.lane,
            row.sequence,
            sealer.open(bodies[row.id], body_context(row.event_id)),
            owner,
        )
        for row in fit
        if row.id in bodies  # retention may have been faster
    ]
    if fit:
        position, mark = fit[-1].feed, mark_of(fit[-1].event_id)
    return FeedPage(found, write_cursor("f", (position, mark)), end)


def mark_of(event_id: str) -> int:
    """Return what tells a position's event from one that has it after a restore."""
    return int.from_bytes(hashlib.blake2b(event_id.encode(), digest_size=4).digest())


def _stands(connection: sa.Connection, owner: str, position: int, mark: int, end: int) -> bool:
    """Tell whether a cursor is one of this feed.

    An older backup that was put back gives the same positions to other events: who goes on behind
    them would miss some, and hear of nothing.
    """
    query = sa.select(events.c.event_id).where(events.c.owner == owner, events.c.feed == position)
    event_id = connection.execute(query).scalar_one_or_none()
    if event_id is None:  # retention has removed it
        return 0 < position <= end
    return mark_of(event_id) == mark


def _how_many(sizes: Sequence[int]) -> int:
    """Return how many of these bodies make a page: one in any case."""
    within = itertools.takewhile(lambda total: total <= MOST_BYTES, itertools.accumulate(sizes))
    return max(1, sum(1 for _ in within))


def _behind(
    connection: sa.Connection, owner: str, position: int, lane: str | None, limit: int
) -> Sequence[sa.Row[Any]]:
    columns = events.c
    query: sa.Select[Any] = sa.select(
        columns.id,
        columns.event_id,
        columns.type,
        columns.lane,
        columns.sequence,
        columns.feed,
        sa.func.length(columns.body).label("size"),
    )
    place: sa.ColumnElement[int] = columns.feed
    whose: sa.ColumnElement[str] = columns.owner
    if lane is not None:
        # As expressions, so that the lane's index serves: the whole feed's would be gone through.
        query = query.where(columns.lane == lane)
        place, whose = columns.feed + 0, columns.owner + ""
    query = query.where(whose == owner, place > position).order_by(place).limit(limit)
    return connection.execute(query).all()


_BODIES = Query(
    {"id": "int8"},
    "SELECT e.id, e.body FROM given CROSS JOIN relay_events AS e WHERE e.id = given.id",
)
