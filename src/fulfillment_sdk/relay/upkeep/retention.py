"""Letting go of what has had its time: attempts, and events that every destination has.

Never an event that is pending or dead for any destination, nor one in conflict with what came later
under its id. Dead letters and the quarantine stay until somebody deals with them.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import math
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from typing import Any, Final

import attrs
import sqlalchemy as sa

from fulfillment_sdk.errors import ConfigurationError, StoreError
from fulfillment_sdk.relay.reports.pages import Key, behind
from fulfillment_sdk.relay.schema import (
    attempts,
    dead_letters,
    destinations,
    events,
    lanes,
    quarantine,
)
from fulfillment_sdk.relay.tables.owed import dead_among, pending_of
from fulfillment_sdk.relay.tables.words import facts
from fulfillment_sdk.store import Store

BATCH: Final = 500
"""Rows that one write removes at most: nobody waits long behind it."""

EVERY: Final = 3600.0
PAUSE: Final = 0.05  # seconds between two writes, which belong to the others

_FEW = 16  # destinations that are all asked about an event, whoever's they are

log = logging.getLogger("fulfillment_sdk.relay")

Sleep = Callable[[float], Awaitable[None]]

Spared = Callable[[sa.Connection, Sequence[str]], Collection[str]]
"""`spared(connection, event_ids)` returns those that must stay for a reason of the host's own."""


@attrs.frozen
class Swept:
    """How many rows a sweep removed."""

    attempts: int = 0
    events: int = 0


def checked_retention(seconds: object) -> float | None:
    """Return for how many seconds what has arrived is kept, None for ever.

    Raises:
        ConfigurationError: it is no number of seconds above 0.
    """
    if seconds is None:
        return None
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not 0 < seconds < math.inf:  # type: ignore[operator]
        raise ConfigurationError(
            f"A retention of {seconds!r} is no number of seconds above 0",
            remedy="Write retention=90 * 86_400 for 90 days, or None to keep everything.",
        )
    return float(seconds)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def keep_sweeping(
    store: Store,
    keep: float | None,
    *,
    every: float = EVERY,
    sleep: Sleep = asyncio.sleep,
    spared: Spared | None = None,
) -> AsyncIterator[None]:
    """Sweep at once and every so many seconds, for as long as the block runs.

    Args:
        store: the relay's.
        keep: for how many seconds what was delivered stays; None for ever.
        every: seconds between two sweeps.
        sleep: waits so many seconds.
        spared: tells which events must stay whatever their age.
    """
    if keep is None:
        yield
        return
    task = asyncio.create_task(
        _sweep_again(store, keep, every, sleep, spared), name="relay-retention"
    )
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _sweep_again(
    store: Store, keep: float, every: float, sleep: Sleep, spared: Spared | None
) -> None:
    sweep_once = sweep if spared is None else functools.partial(sweep, spared=spared)
    while True:
        try:
            swept = await sweep_once(store, keep, sleep=sleep)
            if swept != Swept():
                log.info(
                    "retention attempts=%d events=%d",
                    swept.attempts,
                    swept.events,
                    extra=facts("retention", attempts=swept.attempts, events=swept.events),
                )
        except StoreError as error:
            log.warning("retention waits for its store: %s", error.message)
        except Exception as error:  # noqa: BLE001  the next sweep may do better
            log.error("retention goes on after %s", type(error).__name__)
        await sleep(every)


async def sweep(
    store: Store, keep: float, *, sleep: Sleep = asyncio.sleep, spared: Spared | None = None
) -> Swept:
    """Remove what is older than `keep` seconds, in small batches with pauses between them."""
    before = await store.read(store.now) - keep
    tried = arrived = 0
    remove = remove_events
    if spared is not None:
        remove = functools.partial(remove_events, spared=spared)
    while True:
        removed = await store.write(lambda c: remove_attempts(c, before))
        tried += removed
        if removed < BATCH:
            break
        await sleep(PAUSE)
    after: Key | None = None
    while True:
        # Found beside the writer, so that what stays costs it nothing.
        place = after
        numbers, after = await store.read(lambda c: removable(c, before, place))  # noqa: B023
        if numbers:
            some = numbers
            arrived += await store.write(lambda c: remove(c, some))  # noqa: B023
        if after is None:
            return Swept(tried, arrived)
        await sleep(PAUSE)


def remove_attempts(connection: sa.Connection, before: float) -> int:
    """Remove a batch of the attempts made before then; returns how many."""
    columns = attempts.c
    old = sa.select(columns.id).where(columns.at < before).order_by(columns.at).limit(BATCH)
    numbers = connection.execute(old.with_for_update(skip_locked=True)).scalars().all()
    if numbers:
        connection.execute(sa.delete(attempts).where(columns.id.in_(numbers)))
    return len(numbers)


def removable(
    connection: sa.Connection, before: float, after: Key | None
) -> tuple[Sequence[int], Key | None]:
    """Look a batch of old events up; returns which may go, and where to go on, None at the end."""
    order = (events.c.accepted_at, events.c.id)
    query = _EVENTS.where(events.c.accepted_at < before, *behind(after, *order))
    rows = connection.execute(query.order_by(*order).limit(BATCH)).all()
    following = (rows[-1].accepted_at, rows[-1].id) if len(rows) == BATCH else None
    held = _held(connection, rows)
    return [row.id for row in rows if row.id not in held], following


def remove_events(
    connection: sa.Connection, numbers: Sequence[int], spared: Spared | None = None
) -> int:
    """Remove those of the events that may still go; returns how many."""
    # Whoever sends one again holds it meanwhile: it stays.
    query = _EVENTS.where(events.c.id.in_(numbers)).with_for_update(skip_locked=True)
    rows = connection.execute(query).all()
    gone = {row.id for row in rows} - _held(connection, rows)
    if spared is not None and gone:
        ids = {row.event_id: row.id for row in rows if row.id in gone}
        gone.difference_update(ids[one] for one in spared(connection, list(ids)) if one in ids)
    if gone:
        connection.execute(sa.delete(events).where(events.c.id.in_(gone)))
    return len(gone)


_EVENTS: sa.Select[Any] = sa.select(
    events.c.id,
    events.c.event_id,
    events.c.lane,
    events.c.sequence,
    events.c.owner,
    events.c.accepted_at,
)


def _held(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> set[int]:
    """Which of these events must stay.

    First what is pending, then what is dead: a delivery that is given up meanwhile goes from there
    to here.
    """
    held = _pending(connection, rows)
    held |= _dead(connection, [row for row in rows if row.id not in held])
    rest = {row.event_id: row.id for row in rows if row.id not in held}
    tried = sa.select(attempts.c.event).where(attempts.c.event.in_(rest.values())).distinct()
    held.update(connection.execute(tried).scalars())
    aside = sa.select(quarantine.c.event_id).where(quarantine.c.event_id.in_(rest))
    held.update(rest[event_id] for event_id in connection.execute(aside).scalars())
    return held


def _pending(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> set[int]:
    owners = _owners(connection, lanes.c.destination_no)
    pairs = ((no, row) for row in rows for no in _asked(owners, row.owner))
    return {event for _, event in pending_of(connection, pairs)}


def _dead(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> set[int]:
    owners = _owners(connection, dead_letters.c.destination_no)
    keys = [(no, row.id) for row in rows for no in _asked(owners, row.owner)]
    return {event for _, event in dead_among(connection, keys)}


def _asked(owners: Mapping[int, str], owner: str) -> Iterable[int]:
    """The destinations that an event of this owner may be held for."""
    if len(owners) <= _FEW:
        return owners  # also where a destination was another owner's before
    return [no for no, its in owners.items() if its in ("", owner)]


def _owners(connection: sa.Connection, number: sa.Column[int]) -> dict[int, str]:
    """Return the destinations that a table names, with their owners: a look-up for each."""
    first = sa.select(sa.func.min(number).label("no")).cte("named", recursive=True)
    following = sa.select(sa.func.min(number)).where(number > first.c.no).scalar_subquery()
    named = first.union_all(sa.select(following).where(first.c.no.is_not(None)))
    query = sa.select(destinations.c.no, destinations.c.owner)
    rows = connection.execute(query.join(named, named.c.no == destinations.c.no))
    return {row.no: row.owner for row in rows}
