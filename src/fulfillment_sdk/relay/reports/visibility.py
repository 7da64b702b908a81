"""What has and has not arrived, in pages: a look costs the same whatever the backlog.

Every list walks along a key and looks the rest up by number, chunk by chunk: a join over the whole
of it would take seconds at a million.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.reports.facts import (
    Facts,
    facts_of,
    ids_of,
    names_of,
    numbers_of,
    targets,
)
from fulfillment_sdk.relay.reports.pages import (
    EVERYTHING,
    USUAL,
    Filter,
    Key,
    Page,
    behind,
    collect,
    read_cursor,
    write_cursor,
)
from fulfillment_sdk.relay.schema import dead_letters, deliveries, lanes
from fulfillment_sdk.relay.tables.accept import lane_number
from fulfillment_sdk.relay.values import DeadLetter, Undelivered

WAITS = "waits for an earlier event of its lane"
STRANDED = "its row in relay_lanes is missing, so that nothing sends it"

_BY_PLACE = tuple(deliveries.primary_key.columns)
_BY_EVENT = tuple(dead_letters.primary_key.columns)
_BY_TIME = (dead_letters.c.at, *_BY_EVENT)


def undelivered(
    connection: sa.Connection,
    wanted: Filter = EVERYTHING,
    *,
    state: str | None = None,
    after: str | None = None,
    limit: int = USUAL,
) -> Page[Undelivered]:
    """Return what has not reached a destination: first what is pending, then what is dead.

    Both by destination, and within it in the order in which a lane goes out, or was accepted.
    `wanted.since` is about the time of acceptance; `state` is `pending`, `dead` or None for both.
    """
    kind, key = read_cursor(after, "pd") or ("d" if state == "dead" else "p", None)
    found: list[Undelivered] = []
    if kind == "p":
        found, key = _pending(connection, wanted, key, limit)
        if key is not None:
            return Page(found, write_cursor("p", key))
        if state == "pending" or len(found) == limit:
            more = state != "pending" and _any_dead(connection)
            return Page(found, write_cursor("d", (0, 0)) if more else None)
    dead, key = _dead(connection, wanted, key, limit - len(found), by_time=False)
    found += [
        Undelivered(
            destination=one.destination,
            event_id=one.event_id,
            type=one.type,
            lane=one.lane,
            state="dead",
            attempts=one.attempts,
            why=one.why,
            due_at=None,
        )
        for one in dead
    ]
    return Page(found, None if key is None else write_cursor("d", key))


def letters(
    connection: sa.Connection,
    wanted: Filter = EVERYTHING,
    *,
    after: str | None = None,
    limit: int = USUAL,
) -> Page[DeadLetter]:
    """Return the dead letters by destination and acceptance; with `since`, as they were given up.

    `wanted.since` is about the time at which they were given up.
    """
    kind = "d" if wanted.since is None else "s"
    given = read_cursor(after, kind)
    key = given[1] if given else None
    found, key = _dead(connection, wanted, key, limit, by_time=kind == "s")
    return Page(found, None if key is None else write_cursor(kind, key))


def _pending(
    connection: sa.Connection, wanted: Filter, after: Key | None, limit: int
) -> tuple[list[Undelivered], Key | None]:
    columns = deliveries.c
    query = sa.select(deliveries)
    numbers: Sequence[int | None] = [None]
    if wanted.lane is not None:
        ids = ids_of(connection, wanted.lane)
        its = {lane_number(wanted.lane), *map(lane_number, ids)}
        query = query.where(columns.destination_no.in_(targets(wanted)), columns.lane.in_(its))
    elif wanted.destination is not None or wanted.owner is not None:
        # One after the other: only then does each statement walk along the key.
        numbers = [row.no for row in connection.execute(targets(wanted))]

    def read(key: Key | None, most: int) -> list[sa.Row[Any]]:
        rows: list[sa.Row[Any]] = []
        for no in numbers:
            if no is not None and key is not None and no < key[0]:
                continue
            some = query if no is None else query.where(columns.destination_no == no)
            some = some.where(*behind(key, *_BY_PLACE)).order_by(*_BY_PLACE)
            rows += connection.execute(some.limit(most - len(rows))).all()
            if len(rows) == most:
                break
        return rows

    heads = _Heads(connection)

    def show(rows: Sequence[sa.Row[Any]]) -> list[Undelivered | None]:
        facts = facts_of(connection, (row.event for row in rows))
        names = names_of(connection, rows)
        heads.learn(rows)
        return [
            heads.shown(row, names[row.destination_no][0], event)
            if (event := facts.get(row.event)) is not None
            and row.destination_no in names
            and event.matches(wanted)
            else None
            for row in rows
        ]

    return collect(read, show, lambda row: tuple(row), after=after, limit=limit)


class _Heads:
    """The lanes that are being looked at: only a lane's first event has been tried."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._lanes: dict[tuple[int, int], sa.Row[Any]] = {}
        self._first: dict[tuple[int, int], tuple[int, int]] = {}
        self._stranded: set[sa.Row[Any]] = set()

    def learn(self, rows: Sequence[sa.Row[Any]]) -> None:
        columns = lanes.c
        new = {(row.destination_no, row.lane) for row in rows} - self._first.keys()
        its = [lane for _, lane in new]
        numbers = {no for no, _ in new}
        for row in self._connection.execute(
            sa.select(columns.destination_no, columns.lane, columns.tries, columns.why)
            .add_columns(columns.due_at)
            .where(columns.destination_no.in_(numbers), columns.lane.in_(its))
        ):
            self._lanes[row.destination_no, row.lane] = row
        for row in rows:
            place = (row.destination_no, row.lane)
            if place in new and place not in self._first:
                self._first[place] = self._look(row) if row is rows[0] else row[2:]

        missing = [row for row in rows if (row.destination_no, row.lane) not in self._lanes]
        self._stranded.update(row for row in missing if self._is_there(row))

    def _is_there(self, row: sa.Row[Any]) -> bool:
        """What has no lane was delivered since, or somebody lost its lane's row."""
        same = [column == value for column, value in zip(_BY_PLACE, row, strict=True)]
        query = sa.select(deliveries.c.event).where(*same)
        return self._connection.execute(query).one_or_none() is not None

    def _look(self, row: sa.Row[Any]) -> tuple[int, int]:
        """The page may begin in the middle of this lane."""
        columns = deliveries.c
        found = self._connection.execute(
            sa.select(columns.position, columns.event)
            .where(columns.destination_no == row.destination_no, columns.lane == row.lane)
            .order_by(columns.position, columns.event)
            .limit(1)
        ).one_or_none()
        return (row.position, row.event) if found is None else (found.position, found.event)

    def shown(self, row: sa.Row[Any], name: str, event: Facts) -> Undelivered | None:
        place = (row.destination_no, row.lane)
        lane = self._lanes.get(place)
        if lane is None and row not in self._stranded:
            return None  # delivered since
        head = self._first[place] == (row.position, row.event)
        return Undelivered(
            destination=name,
            event_id=event.event_id,
            type=event.type,
            lane=event.lane,
            state="pending",
            attempts=lane.tries if lane and head else 0,
            why=STRANDED if lane is None else lane.why if head else WAITS,
            due_at=None if lane is None else lane.due_at,
        )


def _dead(
    connection: sa.Connection, wanted: Filter, after: Key | None, limit: int, *, by_time: bool
) -> tuple[list[DeadLetter], Key | None]:
    columns = dead_letters.c
    order = _BY_TIME if by_time else _BY_EVENT
    query: sa.Select[Any] = sa.select(*order, columns.attempts, columns.why)
    query = query if by_time else query.add_columns(columns.at)
    if wanted.destination is not None or wanted.owner is not None or wanted.lane is not None:
        query = query.where(columns.destination_no.in_(targets(wanted)))
    if wanted.lane is not None:
        query = query.where(columns.event.in_(numbers_of(connection, None, wanted.lane)))
    asked = wanted
    if by_time and wanted.since is not None:
        query = query.where(columns.at >= wanted.since)
        asked = attrs.evolve(wanted, since=None)

    def show(rows: Sequence[sa.Row[Any]]) -> list[DeadLetter | None]:
        facts = facts_of(connection, (row.event for row in rows))
        names = names_of(connection, rows)
        return [
            DeadLetter(
                destination=names[row.destination_no][0],
                event_id=event.event_id,
                type=event.type,
                lane=event.lane,
                attempts=row.attempts,
                why=row.why,
                at=row.at,
            )
            if (event := facts.get(row.event)) is not None
            and row.destination_no in names
            and event.matches(asked)
            else None
            for row in rows
        ]

    return collect(
        lambda key, most: connection.execute(
            query.where(*behind(key, *order)).order_by(*order).limit(most)
        ).all(),
        show,
        lambda row: tuple(row[: len(order)]),
        after=after,
        limit=limit,
    )


def _any_dead(connection: sa.Connection) -> bool:
    return connection.execute(sa.select(dead_letters.c.event).limit(1)).one_or_none() is not None
