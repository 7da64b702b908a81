"""Events as rows: sealed, put in many at a time, known by their ids and digests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from fulfillment_sdk.relay.tables.rows import (
    Columns,
    Query,
    Statement,
    each_row,
    is_sqlite,
)
from fulfillment_sdk.relay.values import Event
from fulfillment_sdk.store.driver import execute
from fulfillment_sdk.store.sealing import Sealer

MOST_BYTES = 8 * 1024 * 1024  # of bodies in one statement; a single body may be larger
MOST_ROWS = 1000
LONGEST_KEY = 1024
"""Bytes, as UTF-8, of an event's id and of its lane: 256 characters of whatever script.

A signed id has at most as many. PostgreSQL's indexes take no row of a third of a page, and say so
in the words of a database that can't be used.
"""

_SEQUENCES = range(-(2**63), 2**63)
_KEYS = frozenset({"id", "lane"})  # what an index has


def body_context(event_id: str) -> str:
    """Return what an event's stored bytes are sealed for."""
    return f"relay_events.body:{event_id}"


def digest_of(body: bytes) -> bytes:
    """Return what two events of one id are compared by."""
    return hashlib.sha256(body).digest()


def check_storable(event: Event) -> None:
    """Raise `ValueError`, without any value in it, where a database could not take an event.

    What one of them would refuse, or turn into something else, neither gets.
    """
    for name in ("id", "type", "lane", "owner"):
        size = _storable_size(getattr(event, name))
        if size is None:
            raise ValueError(f"An event's {name} must be text without NUL and lone surrogates")
        if size > LONGEST_KEY and name in _KEYS:
            raise ValueError(f"An event's {name} must be at most {LONGEST_KEY} bytes long as UTF-8")
    number: object = event.sequence
    if number is not None and (
        not isinstance(number, int) or isinstance(number, bool) or number not in _SEQUENCES
    ):
        raise ValueError("An event's sequence must be a whole number of at most 64 bits, or None")
    if not isinstance(event.body, bytes):
        raise ValueError("An event's body must be bytes")


def check_storable_id(event_id: object) -> None:
    """Raise `ValueError`, without the value in it, for an id under which nothing can be kept."""
    size = _storable_size(event_id)
    if size is None or size > LONGEST_KEY:
        raise ValueError(
            "An id must be text without NUL and lone surrogates, "
            f"at most {LONGEST_KEY} bytes long as UTF-8"
        )


def is_storable(text: str) -> bool:
    """Tell whether any database takes a text."""
    return _storable_size(text) is not None


def _storable_size(value: object) -> int | None:
    """Return how many bytes a text takes; None if it is no text that a database takes."""
    if not isinstance(value, str) or "\0" in value:
        return None
    try:
        return len(value.encode())
    except UnicodeEncodeError:
        return None


def insert_events(
    connection: sa.Connection,
    sealer: Sealer,
    events: Sequence[Event],
    *,
    now: float,
    positions: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, int]:
    """Store the events whose ids are not known yet, numbered in their order.

    Args:
        connection: of the caller's transaction.
        sealer: seals the bodies.
        events: of different ids.
        now: when they were accepted, epoch seconds.
        positions: in their owners' feeds, by id.

    Returns:
        the numbers that the new ones got, by id.
    """
    numbers: dict[str, int] = {}
    if is_sqlite(connection):
        for some in _portions(events):
            numbers |= _insert_on_sqlite(connection, sealer, some, now, positions)
        return numbers
    # By order of their ids, so that two callers that accept the same ones don't wait for each other
    # in a circle: of several portions, each event has its number before.
    reserved: dict[str, int] = {}
    portions = list(_portions(events))
    if len(portions) > 1:
        found = execute(connection, _RESERVE, (len(events),))
        reserved = {one.id: no for one, (no,) in zip(events, sorted(found), strict=True)}
        portions = list(_portions(sorted(events, key=lambda one: one.id)))
    for some in portions:
        rows = [(reserved.get(one.id), *_row(sealer, one, now, positions)) for one in some]
        insert = _INSERT_UNKNOWN_IN_FEEDS if positions else _INSERT_UNKNOWN
        numbers |= dict(insert.run(connection, rows))
    return numbers


def known_digests(connection: sa.Connection, ids: Sequence[str]) -> dict[str, bytes]:
    """Return the digests of the stored events of these ids."""
    return dict(_DIGESTS.run(connection, [(one,) for one in ids]))


def _insert_on_sqlite(
    connection: sa.Connection,
    sealer: Sealer,
    events: Sequence[Event],
    now: float,
    positions: Mapping[str, int],
) -> dict[str, int]:
    # Under the write lock nobody else inserts between these statements.
    known = {event_id for (event_id,) in _KNOWN.run(connection, [(one.id,) for one in events])}
    new = [event for event in events if event.id not in known]
    if not new:
        return {}
    ((last,),) = execute(connection, _LAST)
    numbers = {event.id: number for number, event in enumerate(new, last + 1)}
    rows = [(numbers[one.id], *_row(sealer, one, now, positions)) for one in new]
    each_row(connection, _INSERT_IN_FEEDS if positions else _INSERT, rows)
    return numbers


def _row(sealer: Sealer, event: Event, now: float, positions: Mapping[str, int]) -> tuple[Any, ...]:
    row = (
        event.id,
        event.lane,
        event.sequence,
        event.type,
        event.owner,
        now,
        digest_of(event.body),
        sealer.seal(event.body, body_context(event.id)),
    )
    return (*row, positions.get(event.id)) if positions else row


def _portions(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    start = size = 0
    for index, event in enumerate(events):
        size += len(event.body)
        if index > start and (size > MOST_BYTES or index - start >= MOST_ROWS):
            yield events[start:index]
            start, size = index, len(event.body)
    if start < len(events):
        yield events[start:]


_COLUMNS: Columns = {
    "id": "int8",
    "event_id": "text",
    "lane": "text",
    "sequence": "int8",
    "type": "text",
    "owner": "text",
    "accepted_at": "float8",
    "digest": "bytea",
    "body": "bytea",
}
_IN_FEEDS: Columns = {**_COLUMNS, "feed": "int8"}  # only where there are any: it costs a little


def _insert(columns: Columns) -> str:
    return (
        f"INSERT INTO relay_events ({', '.join(columns)}) "  # noqa: S608  names of ours
        f"VALUES ({', '.join('?' * len(columns))})"
    )


def _insert_unknown(columns: Columns) -> Statement:
    """Return the statement in which whoever accepts an id at the same moment is waited for.

    By everybody in the same order; numbers are given before that, in the order of the rows.
    """
    names = ", ".join(name for name in columns if name != "id")
    sql = f""",
        numbered AS MATERIALIZED (
            SELECT coalesce(id, nextval((SELECT pg_get_serial_sequence('relay_events', 'id'))))
                AS number, {names}
            FROM given
        )
        INSERT INTO relay_events (id, {names})
        SELECT number, {names} FROM numbered ORDER BY event_id
        ON CONFLICT (event_id) DO NOTHING RETURNING event_id, id
    """  # noqa: S608  names of ours
    return Statement(columns, sql)


_KNOWN = Query(
    {"id": "text"},
    "SELECT e.event_id FROM given CROSS JOIN relay_events AS e WHERE e.event_id = given.id",
)
_DIGESTS = Query(
    {"id": "text"},
    """
    SELECT e.event_id, e.digest FROM given CROSS JOIN relay_events AS e
    WHERE e.event_id = given.id
    """,
)
_LAST = "SELECT coalesce(max(id), 0) FROM relay_events"
_INSERT = _insert(_COLUMNS)
_INSERT_IN_FEEDS = _insert(_IN_FEEDS)
_RESERVE = """
    SELECT nextval((SELECT pg_get_serial_sequence('relay_events', 'id')))
    FROM generate_series(1, %b::int8)
"""
_INSERT_UNKNOWN = _insert_unknown(_COLUMNS)
_INSERT_UNKNOWN_IN_FEEDS = _insert_unknown(_IN_FEEDS)
