"""Lining events up once more: what retention or somebody else does meanwhile comes out right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from fulfillment_sdk.relay.schema import dead_letters, deliveries, events, lanes
from fulfillment_sdk.relay.tables.owed import pending_of
from fulfillment_sdk.relay.tables.upsert import insert_for
from fulfillment_sdk.relay.upkeep.targets import Target


def line_up_again(
    connection: sa.Connection, target: Target, rows: Sequence[sa.Row[Any]], *, now: float
) -> int:
    """Line events up for a destination, but those that are pending; returns how many.

    A lane that is there keeps its back-off and its lease.
    """
    if not rows:
        return 0
    # Retention must not take an event away between here and the commit.
    held = sa.select(events.c.id).where(events.c.id.in_([row.id for row in rows]))
    there = set(connection.execute(held.order_by(events.c.id).with_for_update(read=True)).scalars())
    pending = pending_of(connection, [(target.no, row) for row in rows])
    absent = there - {event for _, event in pending}
    places = {target.place(row) for row in rows if row.id in absent}
    if not places:
        return 0
    counts = Counter(lane for lane, _, _ in places)
    _count_lanes(connection, target, counts, now)
    insert = insert_for(connection, deliveries).on_conflict_do_nothing()
    inserted = connection.execute(
        insert.returning(deliveries.c.lane, deliveries.c.event),
        [
            {"destination_no": target.no, "lane": lane, "position": position, "event": event}
            for lane, position, event in sorted(places)
        ],
    ).all()
    # The lane's row is ours by now: whatever somebody else lined up meanwhile is counted already.
    for lane, twice in (counts - Counter(row.lane for row in inserted)).items():
        connection.execute(
            sa.update(lanes)
            .where(lanes.c.destination_no == target.no, lanes.c.lane == lane)
            .values(pending=lanes.c.pending - twice)
        )
    connection.execute(
        sa.delete(dead_letters).where(
            dead_letters.c.destination_no == target.no,
            dead_letters.c.event.in_([row.event for row in inserted]),
        )
    )
    return len(inserted)


def _count_lanes(
    connection: sa.Connection, target: Target, counts: Counter[int], now: float
) -> None:
    insert = insert_for(connection, lanes)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["destination_no", "lane"],
            set_={"pending": lanes.c.pending + insert.excluded.pending},
        ),
        [
            {
                "destination_no": target.no,
                "lane": lane,
                "pending": counts[lane],
                "due_at": now,
                "lease": None,
                "tries": 0,
                "why": "",
            }
            for lane in sorted(counts)  # in order, as whoever accepts takes them
        ],
    )
