"""What lists tell of events and destinations, looked up by number for a chunk of rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.reports.pages import Filter
from fulfillment_sdk.relay.schema import destinations, events

_MOST_OF_A_LANE = 1_000  # events of one case that a filter looks at


@attrs.frozen
class Facts:
    """What is told of an event."""

    event_id: str
    type: str
    lane: str
    owner: str
    accepted_at: float

    def matches(self, wanted: Filter) -> bool:
        """Tell whether a filter wants this event; its destination is not asked about."""
        return (
            wanted.type in (None, self.type)
            and wanted.lane in (None, self.lane)
            and wanted.owner in (None, self.owner)
            and (wanted.since is None or self.accepted_at >= wanted.since)
        )


@attrs.frozen
class Place:
    """Of a destination, what reports tell."""

    name: str
    sink: str
    enabled: bool


def targets(wanted: Filter) -> sa.Select[tuple[int]]:
    """Return the numbers of the destinations that a filter can be about, in order."""
    query = sa.select(destinations.c.no).order_by(destinations.c.no)
    if wanted.destination is not None:
        query = query.where(destinations.c.name == wanted.destination)
    if wanted.owner is not None:
        query = query.where(destinations.c.owner.in_({"", wanted.owner}))
    return query


def ids_of(connection: sa.Connection, lane: str) -> Sequence[str]:
    """Return the ids of a case's events, of very long lanes some."""
    query = sa.select(events.c.event_id).where(events.c.lane == lane).limit(_MOST_OF_A_LANE)
    return connection.execute(query).scalars().all()


def numbers_of(connection: sa.Connection, event_id: str | None, lane: str | None) -> Sequence[int]:
    """Return the numbers of one event, or of a case's."""
    query = sa.select(events.c.id).limit(_MOST_OF_A_LANE)
    if event_id is not None:
        query = query.where(events.c.event_id == event_id)
    if lane is not None:
        query = query.where(events.c.lane == lane)
    return connection.execute(query).scalars().all()


def facts_of(connection: sa.Connection, numbers: Iterable[int]) -> Mapping[int, Facts]:
    """Return what there is to tell of the events with these numbers; of one that is gone none."""
    columns = events.c
    query = sa.select(
        columns.id,
        columns.event_id,
        columns.type,
        columns.lane,
        columns.owner,
        columns.accepted_at,
    ).where(columns.id.in_(set(numbers)))
    return {row.id: Facts(*row[1:]) for row in connection.execute(query)}


def names_of(connection: sa.Connection, rows: Iterable[sa.Row[Any]]) -> Mapping[int, Place]:
    """Return what there is to tell of the destinations that rows are about, by number."""
    columns = destinations.c
    query = sa.select(columns.no, columns.name, columns.sink, columns.enabled)
    query = query.where(columns.no.in_({row.destination_no for row in rows}))
    return {row.no: Place(*row[1:]) for row in connection.execute(query)}
