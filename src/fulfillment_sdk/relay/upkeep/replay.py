"""Sending again, under the old ids: one event, those that a filter finds, all since a time.

What is pending already is left as it is. Each write lines up a bounded number of events, so that
nobody waits long behind it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.reports.facts import numbers_of
from fulfillment_sdk.relay.reports.pages import Filter, Key, behind, read_cursor, write_cursor
from fulfillment_sdk.relay.schema import dead_letters, deliveries, destinations, events, lanes
from fulfillment_sdk.relay.tables.accept import lane_number
from fulfillment_sdk.relay.tables.owed import pending_among
from fulfillment_sdk.relay.tables.upsert import insert_for
from fulfillment_sdk.store import Store, StoreFuture

BATCH = 500
"""Events that one write lines up at most."""

_EXAMINED = 2_000  # events that one write looks at
_DESTINATIONS = 50  # destinations that one write looks at


@attrs.frozen
class Replayed:
    """How many events a write lined up, and the cursor to go on behind; None at the end."""

    count: int
    next: str | None = None


def replay_one(connection: sa.Connection, destination: str, event_id: str, *, now: float) -> bool:
    """Line one event up once more; False if it, or the destination, is unknown or it is pending."""
    rows = connection.execute(_EVENTS.where(events.c.event_id == event_id)).all()
    for target in _targets(connection, Filter(destination=destination), 0):
        fit = [row for row in rows if target.may_have(row)]
        return line_up_again(connection, target, fit, now=now) == 1
    return False


def replay_some(
    connection: sa.Connection,
    wanted: Filter,
    *,
    dead_only: bool,
    after: str | None = None,
    now: float,
) -> Replayed:
    """Line up the next batch of what a filter finds.

    Args:
        connection: of the caller's transaction.
        wanted: `since` is about the time of acceptance.
        dead_only: only what was given up; else also what has arrived, of the types that the
            destination asks for.
        after: where the batch before ended.
        now: epoch seconds.
    """
    given = read_cursor(after, "r")
    first, *place = given[1] if given else (0,)
    key: Key | None = tuple(place) or None
    find = _dead_of if dead_only else _events_of
    count = examined = 0
    targets = _targets(connection, wanted, int(first))
    for target in targets:
        if target.no != first:
            key = None
        rows = find(connection, target, wanted, key, _EXAMINED - examined)
        fit: list[sa.Row[Any]] = []
        for row in rows:
            examined += 1
            if (dead_only or target.takes(row)) and _matches(wanted, row):
                fit.append(row)
            if count + len(fit) == BATCH or examined == _EXAMINED:
                count += line_up_again(connection, target, fit, now=now)
                place_of_row = (target.no, 0.0 if dead_only else row.accepted_at, row.id)
                return Replayed(count, write_cursor("r", place_of_row))
        count += line_up_again(connection, target, fit, now=now)
    if len(targets) < _DESTINATIONS:
        return Replayed(count)
    return Replayed(count, write_cursor("r", (targets[-1].no + 1, 0.0, 0)))


def replay_all(
    store: Store, step: Callable[[sa.Connection, str | None], Replayed]
) -> StoreFuture[int]:
    """Run `step(connection, after)` in one write after the other; resolves to the sum of counts.

    Should a write fail, what the earlier ones lined up goes out all the same.
    """
    total: StoreFuture[int] = StoreFuture()
    total.set_running_or_notify_cancel()

    def go_on(after: str | None, so_far: int) -> None:
        def done(batch: StoreFuture[Replayed]) -> None:
            try:
                replayed = batch.result()
                if replayed.next is not None:
                    go_on(replayed.next, so_far + replayed.count)
                    return
            except BaseException as error:  # noqa: BLE001  it belongs to the caller
                total.set_exception(error)
                return
            total.set_result(so_far + replayed.count)

        store.write(lambda connection: step(connection, after)).add_done_callback(
            lambda future: done(future)  # type: ignore[arg-type]
        )

    go_on(None, 0)
    return total


@attrs.frozen
class Target:
    """A destination, as far as sending again needs to know."""

    no: int
    ordering: str
    owner: str
    types: frozenset[str]

    def may_have(self, row: sa.Row[Any]) -> bool:
        """Tell whether the event's owner is one whose events go there."""
        return self.owner in ("", row.owner)

    def takes(self, row: sa.Row[Any]) -> bool:
        """Tell whether the event would go there if it were accepted now."""
        return self.may_have(row) and (not self.types or row.type in self.types)

    def place(self, row: sa.Row[Any]) -> tuple[int, int, int]:
        """Return where the event stands: lane, position and number."""
        key = row.lane if self.ordering == "case" else row.event_id
        return lane_number(key), row.sequence or 0, row.id


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
    places = {target.place(row) for row in rows if row.id in there}
    keys = [(target.no, *place) for place in sorted(places)]
    places -= {key[1:] for key in pending_among(connection, keys)}
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


def _targets(connection: sa.Connection, wanted: Filter, first: int) -> Sequence[Target]:
    columns = destinations.c
    query = (
        sa.select(columns.no, columns.ordering, columns.owner, columns.types)
        .where(columns.no >= first)
        .order_by(columns.no)
        .limit(_DESTINATIONS)
        # Were one removed meanwhile, its new lanes would be left behind.
        .with_for_update(read=True, key_share=True)
    )
    if wanted.destination is not None:
        query = query.where(columns.name == wanted.destination)
    if wanted.owner is not None:
        query = query.where(columns.owner.in_({"", wanted.owner}))
    return [
        Target(row.no, row.ordering, row.owner, frozenset(row.types))
        for row in connection.execute(query)
    ]


_EVENTS: sa.Select[Any] = sa.select(
    events.c.id,
    events.c.event_id,
    events.c.lane,
    events.c.sequence,
    events.c.type,
    events.c.owner,
    events.c.accepted_at,
)


def _events_of(
    connection: sa.Connection, _target: Target, wanted: Filter, key: Key | None, most: int
) -> Sequence[sa.Row[Any]]:
    order = (events.c.accepted_at, events.c.id)
    query = _EVENTS.where(*behind(key, *order)).order_by(*order).limit(most)
    if wanted.since is not None:
        query = query.where(events.c.accepted_at >= wanted.since)
    if wanted.lane is not None:
        query = query.where(events.c.lane == wanted.lane)
    return connection.execute(query).all()


def _dead_of(
    connection: sa.Connection, target: Target, wanted: Filter, key: Key | None, most: int
) -> Sequence[sa.Row[Any]]:
    columns = dead_letters.c
    query = sa.select(columns.event).where(columns.destination_no == target.no)
    if key is not None:
        query = query.where(columns.event > key[-1])
    if wanted.lane is not None:
        query = query.where(columns.event.in_(numbers_of(connection, None, wanted.lane)))
    numbers = connection.execute(query.order_by(columns.event).limit(most)).scalars().all()
    rows: list[sa.Row[Any]] = []
    for start in range(0, len(numbers), BATCH):
        some = _EVENTS.where(events.c.id.in_(numbers[start : start + BATCH]))
        rows += connection.execute(some.order_by(events.c.id)).all()
    return rows


def _matches(wanted: Filter, row: sa.Row[Any]) -> bool:
    return (
        wanted.type in (None, row.type)
        and wanted.lane in (None, row.lane)
        and wanted.owner in (None, row.owner)
        and (wanted.since is None or row.accepted_at >= wanted.since)
    )
