"""Positions in feeds: an owner's events in an order in which nothing ever comes in between.

Numbers that a database gives out are committed in another order: who reads would pass by what
comes later with a smaller one. These are given under the lock of the owner's row, which lasts until
the commit: what is to be read behind a position can only follow it.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from fulfillment_sdk.relay.tables.rows import Query
from fulfillment_sdk.relay.values import Event


def reserve(connection: sa.Connection, events: Sequence[Event]) -> dict[str, int]:
    """Return positions for the events that go into their owners' feeds, by id.

    One that turns out to be known leaves a hole, which does no harm. Everybody takes the rows of
    several owners in the same order, and before all others.

    Args:
        connection: of the caller's transaction, which keeps the owners' rows.
        events: of different ids, in order of acceptance; a lane's get the order of delivery.
    """
    members = [event for event in events if event.owner and not event.only_to]
    if not members:
        return {}
    counts = Counter(event.owner for event in members)
    found = _TAKE.run(connection, sorted(counts.items()))
    places = {owner: itertools.count(last - counts[owner] + 1) for owner, last in found}
    in_order = sorted(members, key=lambda event: event.sequence or 0)
    return {event.id: next(places[event.owner]) for event in in_order}


def ends(connection: sa.Connection, owners: Collection[str]) -> Mapping[str, int]:
    """Return the last position that was given in each of these owners' feeds; 0 for none yet."""
    found: dict[str, int] = dict(_ENDS.run(connection, [(owner,) for owner in owners]))
    return {owner: found.get(owner, 0) for owner in owners}


# `WHERE true` is for SQLite, which would take `ON` for a join's.
_TAKE = Query(
    {"owner": "text", "many": "int8"},
    """
    INSERT INTO relay_feeds (owner, last)
    SELECT owner, many FROM given WHERE true ORDER BY owner
    ON CONFLICT (owner) DO UPDATE SET last = relay_feeds.last + excluded.last
    RETURNING owner, last
    """,
)
_ENDS = Query(
    {"owner": "text"},
    "SELECT f.owner, f.last FROM given CROSS JOIN relay_feeds AS f WHERE f.owner = given.owner",
)
