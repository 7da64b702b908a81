"""Sending again, under the old ids: one event, those that a filter finds, all since a time.

What is pending already is left as it is. Each write lines up a bounded number of events, so that
nobody waits long behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.reports.facts import numbers_of
from fulfillment_sdk.relay.reports.pages import Filter, Key, behind, read_cursor, write_cursor
from fulfillment_sdk.relay.schema import OWNED, attempts, dead_letters, events, feeds
from fulfillment_sdk.relay.upkeep.lining_up import line_up_again
from fulfillment_sdk.relay.upkeep.targets import MOST_TARGETS, Target, targets
from fulfillment_sdk.store import Store, StoreFuture
from fulfillment_sdk.store.future import settle

BATCH = 500
"""Events that one write lines up at most."""

_EXAMINED = 2_000  # events that one write looks at


@attrs.frozen
class Replayed:
    """How many events a write lined up, and the cursor to go on behind; None at the end."""

    count: int
    next: str | None = None


def replay_one(connection: sa.Connection, destination: str, event_id: str, *, now: float) -> bool:
    """Line one event up once more; False if it, or the destination, is unknown or it is pending.

    What the host keeps back is unknown here.
    """
    rows = connection.execute(_EVENTS.where(events.c.event_id == event_id, _OUT)).all()
    for target in targets(connection, Filter(destination=destination), 0):
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
            destination asks for. Where labels or a name decided who gets an event, it goes to those
            who got it.
        after: where the batch before ended.
        now: epoch seconds.
    """
    given = read_cursor(after, "r")
    first, *place = given[1] if given else (0,)
    key: Key | None = tuple(place) or None
    find = _dead_of if dead_only else _events_of
    count = examined = 0
    found = targets(connection, wanted, int(first))
    for target in found:
        if target.no != first:
            key = None
        rows = find(connection, target, wanted, key, _EXAMINED - examined)
        others = set() if dead_only else _meant_for_others(connection, target, rows)
        fit: list[sa.Row[Any]] = []
        for row in rows:
            examined += 1
            takes = dead_only or (target.takes(row) and row.id not in others)
            if takes and _matches(wanted, row):
                fit.append(row)
            if count + len(fit) == BATCH or examined == _EXAMINED:
                count += line_up_again(connection, target, fit, now=now)
                place_of_row = (target.no, 0.0 if dead_only else row.accepted_at, row.id)
                return Replayed(count, write_cursor("r", place_of_row))
        count += line_up_again(connection, target, fit, now=now)
    if len(found) < MOST_TARGETS:
        return Replayed(count)
    return Replayed(count, write_cursor("r", (found[-1].no + 1, 0.0, 0)))


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
                settle([(total, (None, error))])
                return
            settle([(total, (so_far + replayed.count, None))])

        store.write(lambda connection: step(connection, after)).add_done_callback(
            lambda future: done(future)  # type: ignore[arg-type]
        )

    go_on(None, 0)
    return total


_OUT = events.c.kept_back.is_(None)  # what the host keeps back is not for a replay to send
_EVENTS: sa.Select[Any] = sa.select(
    events.c.id,
    events.c.event_id,
    events.c.lane,
    events.c.sequence,
    events.c.type,
    events.c.owner,
    events.c.accepted_at,
    # Of an owner with a feed, and not in it: it was meant for one destination.
    (events.c.feed.is_(None) & sa.exists().where(feeds.c.owner == events.c.owner)).label("alone"),
)


def _events_of(
    connection: sa.Connection, target: Target, wanted: Filter, key: Key | None, most: int
) -> Sequence[sa.Row[Any]]:
    order = (events.c.accepted_at, events.c.id)
    query = _EVENTS.where(_OUT, *behind(key, *order)).order_by(*order).limit(most)
    if wanted.since is not None:
        query = query.where(events.c.accepted_at >= wanted.since)
    owner = target.owner or wanted.owner
    if wanted.lane is not None:
        query = query.where(events.c.lane == wanted.lane)
    elif owner:
        query = query.where(events.c.owner == owner, OWNED)
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


def _meant_for_others(
    connection: sa.Connection, target: Target, rows: Sequence[sa.Row[Any]]
) -> set[int]:
    """Return the events that a destination may not have wanted, and was never sent."""
    doubtful = [row.id for row in rows if target.picky or row.alone]
    sent: set[int] = set()
    for start in range(0, len(doubtful), BATCH):
        tried = sa.select(attempts.c.event).where(
            attempts.c.destination_no == target.no,
            attempts.c.event.in_(doubtful[start : start + BATCH]),
        )
        sent.update(connection.execute(tried).scalars())
    return {*doubtful} - sent


def _matches(wanted: Filter, row: sa.Row[Any]) -> bool:
    return (
        wanted.type in (None, row.type)
        and wanted.lane in (None, row.lane)
        and wanted.owner in (None, row.owner)
        and (wanted.since is None or row.accepted_at >= wanted.since)
    )
