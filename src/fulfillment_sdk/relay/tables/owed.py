"""What destinations are owed, looked up by whole keys: the same few reads whatever is pending."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from fulfillment_sdk.relay.tables.line_up import lane_number
from fulfillment_sdk.relay.tables.rows import Query

PendingKey = tuple[int, int, int, int]  # destination, lane, position, event
DeadKey = tuple[int, int]  # destination, event
Pair = tuple[int, int]  # destination, event


def pending_among(connection: sa.Connection, keys: Sequence[PendingKey]) -> set[PendingKey]:
    """Return which of these deliveries are pending."""
    return {(no, lane, place, event) for no, lane, place, event in _PENDING.run(connection, keys)}


def pending_of(connection: sa.Connection, pairs: Iterable[tuple[int, sa.Row[Any]]]) -> set[Pair]:
    """Return which of these events are pending for which destination.

    Args:
        connection: of the caller's transaction.
        pairs: of a destination's number and an event's row, with `id`, `event_id`, `lane` and
            `sequence`.
    """
    keys = [
        (no, lane, row.sequence or 0, row.id)
        for no, row in pairs
        # Under either: a destination's ordering may have been another when it was lined up.
        for lane in {lane_number(row.lane), lane_number(row.event_id)}
    ]
    return {(no, event) for no, _, _, event in pending_among(connection, keys)}


def dead_among(connection: sa.Connection, keys: Sequence[DeadKey]) -> set[DeadKey]:
    """Return which of these deliveries were given up."""
    return {(no, event) for no, event in _DEAD.run(connection, keys)}


_PENDING = Query(
    {"no": "int8", "lane": "int8", "position": "int8", "event": "int8"},
    """
    SELECT d.destination_no, d.lane, d.position, d.event
    FROM given CROSS JOIN relay_deliveries AS d
    WHERE d.destination_no = given.no AND d.lane = given.lane
        AND d.position = given.position AND d.event = given.event
    """,
)
_DEAD = Query(
    {"no": "int8", "event": "int8"},
    """
    SELECT d.destination_no, d.event FROM given CROSS JOIN relay_dead_letters AS d
    WHERE d.destination_no = given.no AND d.event = given.event
    """,
)
