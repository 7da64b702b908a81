"""Accepting: an event, its deliveries and its lanes, all in one transaction or none."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from fulfillment_sdk.relay import registry
from fulfillment_sdk.relay.schema import deliveries, events, lanes, quarantine
from fulfillment_sdk.relay.values import Accepted, Event
from fulfillment_sdk.store.sealing import Sealer


def body_context(event_id: str) -> str:
    """Return what an event's stored bytes are sealed for."""
    return f"relay_events.body:{event_id}"


def lane_number(key: str) -> int:
    """Return the 64 bits, signed, by which a lane is known; two keys that meet share an order."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), signed=True)


def accept_many(
    connection: sa.Connection, sealer: Sealer, batch: Sequence[Event], *, now: float
) -> list[Accepted]:
    """Store the events and line them up for their destinations.

    They go in by order of their ids, whatever order they come in, so that two callers that accept
    the same ones don't wait for each other in a circle.

    Returns:
        one result for each event, in the order of `batch`.
    """
    results: dict[int, Accepted] = {}
    rows: list[dict[str, int]] = []
    due: dict[tuple[int, int], float] = {}
    for index in sorted(range(len(batch)), key=lambda i: batch[i].id):
        event = batch[index]
        number = _insert(connection, sealer, event, now)
        if number is None:
            results[index] = _seen_before(connection, sealer, event, now)
            continue
        routes = registry.routes(connection, event)
        for route in routes:
            lane = lane_number(event.lane if route.ordering == "case" else event.id)
            due.setdefault((route.no, lane), now + route.first_delay)
            rows.append(
                {
                    "destination_no": route.no,
                    "lane": lane,
                    "position": event.sequence or 0,
                    "event": number,
                }
            )
        results[index] = Accepted(event_id=event.id, status="new", deliveries=len(routes))
    line_up(connection, rows, due)
    return [results[index] for index in range(len(batch))]


def line_up(
    connection: sa.Connection,
    rows: Sequence[dict[str, int]],
    due: dict[tuple[int, int], float],
) -> None:
    """Insert deliveries and count them in their lanes, whose back-off and lease stay."""
    if not rows:
        return
    counts = Counter((row["destination_no"], row["lane"]) for row in rows)
    insert = insert_for(connection, lanes)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["destination_no", "lane"],
            set_={"pending": lanes.c.pending + insert.excluded.pending},
        ),
        [
            {
                "destination_no": no,
                "lane": lane,
                "pending": counts[no, lane],
                "due_at": due[no, lane],
                "lease": None,
                "tries": 0,
                "why": "",
            }
            for no, lane in sorted(counts)
        ],
    )
    connection.execute(sa.insert(deliveries), list(rows))


def put_aside(
    connection: sa.Connection, sealer: Sealer, event_id: str, body: bytes, why: str, *, now: float
) -> None:
    """Keep bytes that can't be passed on; the same bytes under the same id are kept once."""
    connection.execute(
        insert_for(connection, quarantine).on_conflict_do_nothing(),
        {
            "event_id": event_id,
            "at": now,
            "why": why,
            "digest": hashlib.sha256(body).digest(),
            "body": sealer.seal(body, f"relay_quarantine.body:{event_id}"),
        },
    )


def insert_for(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Return the insert that knows `ON CONFLICT` in this database's own words."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def _insert(connection: sa.Connection, sealer: Sealer, event: Event, now: float) -> int | None:
    number: int | None = connection.execute(
        insert_for(connection, events)
        .values(
            event_id=event.id,
            lane=event.lane,
            sequence=event.sequence,
            type=event.type,
            owner=event.owner,
            accepted_at=now,
            digest=hashlib.sha256(event.body).digest(),
            body=sealer.seal(event.body, body_context(event.id)),
        )
        .on_conflict_do_nothing(index_elements=["event_id"])
        .returning(events.c.id)
    ).scalar_one_or_none()
    return number


def _seen_before(connection: sa.Connection, sealer: Sealer, event: Event, now: float) -> Accepted:
    digest = connection.execute(
        sa.select(events.c.digest).where(events.c.event_id == event.id)
    ).scalar_one()
    if digest == hashlib.sha256(event.body).digest():
        return Accepted(event_id=event.id, status="duplicate")
    put_aside(connection, sealer, event.id, event.body, "known id with other bytes", now=now)
    return Accepted(event_id=event.id, status="conflict")
