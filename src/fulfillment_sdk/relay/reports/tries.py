"""What was tried of some events for one destination, all of it in one look."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.schema import attempts, destinations, events
from fulfillment_sdk.relay.tables.owed import pending_of
from fulfillment_sdk.relay.values import Attempt

MOST: Final = 20
"""Attempts that are told of one event: the last ones."""


@attrs.frozen
class Tries:
    """An event's type, and its attempts at one destination, oldest first."""

    type: str
    attempts: tuple[Attempt, ...]


def tries_of(
    connection: sa.Connection, destination: str, event_ids: Collection[str]
) -> Mapping[str, Tries]:
    """Return what was tried of these events for a destination, by their ids.

    Of each the last ``MOST`` attempts; what was never tried there is not in it.
    """
    columns = attempts.c
    newest_first = sa.func.row_number().over(partition_by=columns.event, order_by=columns.id.desc())
    numbered = (
        sa.select(
            events.c.event_id,
            events.c.type,
            events.c.lane,
            events.c.accepted_at,
            destinations.c.sink,
            columns.id,
            columns.attempt,
            columns.at,
            columns.seconds,
            columns.outcome,
            columns.why,
            newest_first.label("age"),
        )
        .join_from(attempts, events, events.c.id == columns.event)
        .join(destinations, destinations.c.no == columns.destination_no)
        .where(destinations.c.name == destination, events.c.event_id.in_(event_ids))
        .subquery()
    )
    rows = connection.execute(
        sa.select(numbered).where(numbered.c.age <= MOST).order_by(numbered.c.id)
    )
    found: dict[str, Tries] = {}
    for row in rows:
        attempt = Attempt(
            destination=destination,
            event_id=row.event_id,
            type=row.type,
            lane=row.lane,
            attempt=row.attempt,
            at=row.at,
            seconds=row.seconds,
            outcome=row.outcome,
            why=row.why,
            sink=row.sink,
            accepted_at=row.accepted_at,
        )
        before = found[row.event_id].attempts if row.event_id in found else ()
        found[row.event_id] = Tries(row.type, (*before, attempt))
    return found


def is_pending(connection: sa.Connection, destination: str, event_id: str) -> bool:
    """Tell whether an event is on its way to a destination; another owner's is as one unknown."""
    columns = (events.c.id, events.c.event_id, events.c.lane, events.c.sequence)
    goes_there = destinations.c.owner.in_(("", events.c.owner))
    both: sa.Select[Any] = (
        sa.select(destinations.c.no, *columns)
        .join_from(destinations, events, goes_there)
        .where(destinations.c.name == destination, events.c.event_id == event_id)
    )
    row = connection.execute(both).one_or_none()
    return row is not None and bool(pending_of(connection, [(row.no, row)]))
