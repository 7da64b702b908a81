"""Answers about what has and has not arrived, and replay."""

from __future__ import annotations

import sqlalchemy as sa

from fulfillment_sdk.relay.accept import lane_number, line_up
from fulfillment_sdk.relay.schema import (
    attempts,
    dead_letters,
    deliveries,
    destinations,
    events,
    lanes,
)
from fulfillment_sdk.relay.values import Attempt, DeadLetter, Undelivered


def undelivered(connection: sa.Connection) -> list[Undelivered]:
    """Return every event that has not reached a destination, dead ones included, with the cause."""
    rows = connection.execute(
        sa.select(
            destinations.c.name,
            events.c.event_id,
            events.c.type,
            events.c.lane,
            deliveries.c.event,
            lanes.c.tries,
            lanes.c.why,
            lanes.c.due_at,
            lanes.c.destination_no,
            lanes.c.lane.label("lane_no"),
        )
        .join(destinations, destinations.c.no == deliveries.c.destination_no)
        .join(events, events.c.id == deliveries.c.event)
        .join(
            lanes,
            sa.and_(
                lanes.c.destination_no == deliveries.c.destination_no,
                lanes.c.lane == deliveries.c.lane,
            ),
        )
        .order_by(
            deliveries.c.destination_no,
            deliveries.c.lane,
            deliveries.c.position,
            deliveries.c.event,
        )
    )
    found: list[Undelivered] = []
    heads: set[tuple[int, int]] = set()
    for row in rows:
        place = (row.destination_no, row.lane_no)
        head = place not in heads
        heads.add(place)
        found.append(
            Undelivered(
                destination=row.name,
                event_id=row.event_id,
                type=row.type,
                lane=row.lane,
                state="pending",
                attempts=row.tries if head else 0,
                why=row.why if head else "waits for an earlier event of its lane",
                due_at=row.due_at,
            )
        )
    found += [
        Undelivered(
            destination=letter.destination,
            event_id=letter.event_id,
            type=letter.type,
            lane=letter.lane,
            state="dead",
            attempts=letter.attempts,
            why=letter.why,
            due_at=None,
        )
        for letter in letters(connection)
    ]
    return found


def letters(connection: sa.Connection) -> list[DeadLetter]:
    """Return the dead letters, oldest first."""
    rows = connection.execute(
        sa.select(
            destinations.c.name,
            events.c.event_id,
            events.c.type,
            events.c.lane,
            dead_letters.c.attempts,
            dead_letters.c.why,
            dead_letters.c.at,
        )
        .join(destinations, destinations.c.no == dead_letters.c.destination_no)
        .join(events, events.c.id == dead_letters.c.event)
        .order_by(dead_letters.c.at, dead_letters.c.event)
    )
    return [
        DeadLetter(
            destination=row.name,
            event_id=row.event_id,
            type=row.type,
            lane=row.lane,
            attempts=row.attempts,
            why=row.why,
            at=row.at,
        )
        for row in rows
    ]


def history(connection: sa.Connection, *, event_id: str | None = None) -> list[Attempt]:
    """Return the recorded attempts, of one event or all, oldest first."""
    query = (
        sa.select(destinations.c.name, events.c.event_id, events.c.lane, attempts)
        .join(destinations, destinations.c.no == attempts.c.destination_no)
        .join(events, events.c.id == attempts.c.event)
        .order_by(attempts.c.id)
    )
    if event_id is not None:
        query = query.where(events.c.event_id == event_id)
    return [
        Attempt(
            destination=row.name,
            event_id=row.event_id,
            lane=row.lane,
            attempt=row.attempt,
            at=row.at,
            seconds=row.seconds,
            outcome=row.outcome,
            why=row.why,
        )
        for row in connection.execute(query)
    ]


def replay(connection: sa.Connection, destination: str, event_id: str, *, now: float) -> bool:
    """Line an event up once more for a destination; False if either is unknown or it is pending.

    It goes out under its old id, so that a receiver that has it knows it again.
    """
    target = connection.execute(
        sa.select(destinations.c.no, destinations.c.ordering).where(
            destinations.c.name == destination
        )
    ).one_or_none()
    event = connection.execute(
        sa.select(events.c.id, events.c.lane, events.c.sequence).where(
            events.c.event_id == event_id
        )
    ).one_or_none()
    if target is None or event is None:
        return False
    lane = lane_number(event.lane if target.ordering == "case" else event_id)
    row = {
        "destination_no": target.no,
        "lane": lane,
        "position": event.sequence or 0,
        "event": event.id,
    }
    pending = connection.execute(sa.select(deliveries.c.event).filter_by(**row)).one_or_none()
    if pending is not None:
        return False
    connection.execute(
        sa.delete(dead_letters).where(
            dead_letters.c.destination_no == target.no, dead_letters.c.event == event.id
        )
    )
    line_up(connection, [row], {(target.no, lane): now})
    return True
