"""Lining events up: a delivery of each for every destination that wants it, counted in its lane."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa

from fulfillment_sdk.relay.tables.lanes import LaneKey
from fulfillment_sdk.relay.tables.routes import Routes
from fulfillment_sdk.relay.tables.rows import Statement, each_row, is_sqlite
from fulfillment_sdk.relay.values import Event


def lane_number(key: str) -> int:
    """Return the 64 bits, signed, by which a lane is known; two keys that meet share an order."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), signed=True)


def send(
    connection: sa.Connection,
    events: Sequence[Event],
    numbers: Mapping[str, int],
    now: float,
    tell: Callable[[], None],
) -> Counter[str]:
    """Line new events up for whoever wants them; return for how many destinations each."""
    sent: Counter[str] = Counter()
    if not events:
        return sent
    routes = Routes.of(connection, {event.owner for event in events})
    numbered = functools.cache(lane_number)  # a batch has many events of few lanes
    rows: list[dict[str, int]] = []
    due: dict[LaneKey, float] = {}
    awaited = False
    for event in events:
        for route in routes.to(event):
            lane = numbered(event.lane if route.ordering == "case" else event.id)
            due[route.no, lane] = now + route.first_delay
            rows.append(
                {
                    "destination_no": route.no,
                    "lane": lane,
                    "position": event.sequence or 0,
                    "event": numbers[event.id],
                }
            )
            sent[event.id] += 1
            awaited = awaited or route.enabled
    line_up(connection, rows, due)
    if awaited:
        tell()
    return sent


def line_up(
    connection: sa.Connection,
    rows: Sequence[Mapping[str, int]],
    due: Mapping[LaneKey, float],
) -> None:
    """Insert deliveries and count them in their lanes, whose back-off and lease stay.

    Args:
        connection: of the caller's transaction.
        rows: each with `destination_no`, `lane`, `position` and `event`; none pending yet.
        due: when a lane that is not there yet is due, epoch seconds.
    """
    lines = [(row["destination_no"], row["lane"], row["position"], row["event"]) for row in rows]
    if not is_sqlite(connection):
        _LINE_UP.run(connection, [(*line, due[line[:2]]) for line in lines])
        return
    counts = Counter(line[:2] for line in lines)
    each_row(connection, _LANES, [(*key, counts[key], due[key]) for key in sorted(counts)])
    each_row(connection, _DELIVERIES, lines)


_LANES = """
    INSERT INTO relay_lanes (destination_no, lane, pending, due_at, tries, why)
    VALUES (?, ?, ?, ?, 0, '')
    ON CONFLICT (destination_no, lane) DO UPDATE SET pending = pending + excluded.pending
"""
_DELIVERIES = """
    INSERT INTO relay_deliveries (destination_no, lane, position, event) VALUES (?, ?, ?, ?)
"""
# Lanes are added up, since an upsert can't touch a row twice, and taken in order, since accepting
# transactions wait for each other's.
_LINE_UP = Statement(
    {"no": "int8", "lane": "int8", "position": "int8", "event": "int8", "due_at": "float8"},
    """,
    counted AS (
        INSERT INTO relay_lanes (destination_no, lane, pending, due_at, tries, why)
        SELECT no, lane, count(*), min(due_at), 0, '' FROM given
        GROUP BY no, lane ORDER BY no, lane
        ON CONFLICT (destination_no, lane)
        DO UPDATE SET pending = relay_lanes.pending + excluded.pending
    )
    INSERT INTO relay_deliveries (destination_no, lane, position, event)
    SELECT no, lane, position, event FROM given
    """,
)
