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
    facts_of,
    ids_of,
    names_of,
    numbers_of,
    targets,
)
from fulfillment_sdk.relay.reports.heads import BY_PLACE, Heads
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
from fulfillment_sdk.relay.schema import dead_letters, deliveries
from fulfillment_sdk.relay.tables.line_up import lane_number
from fulfillment_sdk.relay.values import DeadLetter, Undelivered

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
            more = state != "pending" and _any_dead(connection, wanted)
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
            some = some.where(*behind(key, *BY_PLACE)).order_by(*BY_PLACE)
            rows += connection.execute(some.limit(most - len(rows))).all()
            if len(rows) == most:
                break
        return rows

    heads = Heads(connection)

    def show(rows: Sequence[sa.Row[Any]]) -> list[Undelivered | None]:
        facts = facts_of(connection, (row.event for row in rows))
        names = names_of(connection, rows)
        heads.learn(rows)
        return [
            heads.shown(row, names[row.destination_no], event)
            if (event := facts.get(row.event)) is not None
            and row.destination_no in names
            and event.matches(wanted)
            else None
            for row in rows
        ]

    return collect(read, show, lambda row: tuple(row), after=after, limit=limit)


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
                destination=names[row.destination_no].name,
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


def _any_dead(connection: sa.Connection, wanted: Filter) -> bool:
    query = sa.select(dead_letters.c.event).limit(1)
    if wanted.destination is not None or wanted.owner is not None:
        query = query.where(dead_letters.c.destination_no.in_(targets(wanted)))
    return connection.execute(query).one_or_none() is not None
