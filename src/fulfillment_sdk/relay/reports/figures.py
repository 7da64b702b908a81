"""Figures about a relay: what is pending, what was tried, how long events took to arrive.

By kind of sink, never by destination: those may be thousands, and their names are nobody's
business where figures are collected.
"""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Final

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.schema import dead_letters, deliveries, destinations, events
from fulfillment_sdk.relay.values import Attempt
from fulfillment_sdk.store import Store, StoreFuture
from fulfillment_sdk.store.future import settle

BOUNDS: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 21600.0, 86400.0)
"""Upper bounds of the histogram's buckets, in seconds; above the last there is one more."""

FRESH_SECONDS: Final = 15.0
"""For how long a counted backlog is good enough."""

_SHARE: Final = 50  # counting takes at most one 50th of a processor, however much is pending


@attrs.frozen(kw_only=True)
class Pending:
    """What waits for the destinations of one kind of sink.

    Args:
        pending: deliveries that are on their way or wait for a retry.
        dead: deliveries that were given up.
        oldest_at: when the oldest pending event was accepted, epoch seconds.
    """

    pending: int = 0
    dead: int = 0
    oldest_at: float | None = None


@attrs.frozen(kw_only=True)
class Backlog:
    """What was pending at `at` (epoch seconds, by the store's clock), by kind of sink."""

    at: float
    sinks: Mapping[str, Pending]

    def oldest_age(self, sink: str) -> float:
        """Return for how many seconds the oldest pending event has waited; 0 for none."""
        oldest_at = self.sinks[sink].oldest_at
        return 0.0 if oldest_at is None else max(0.0, self.at - oldest_at)


@attrs.frozen
class Arrivals:
    """How long delivered events took, from their acceptance on.

    `counts` has the number for each of `BOUNDS`, and at its end for what took longer; none is
    counted twice.
    """

    counts: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)
    seconds: float = 0.0

    def with_one(self, seconds: float) -> Arrivals:
        """Return this and one more."""
        place = bisect_left(BOUNDS, seconds)
        counts = (*self.counts[:place], self.counts[place] + 1, *self.counts[place + 1 :])
        return Arrivals(counts, self.seconds + seconds)


class Figures:
    """Counts what one process tries, and samples what is pending for all of them.

    A forked child begins anew: what its parent counted is not its own, and what its parent was
    reading comes to its parent alone.

    Args:
        timer: seconds that only go on.
    """

    def __init__(self, *, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._attempts: Counter[tuple[str, str]] = Counter()
        self._arrivals: dict[str, Arrivals] = {}
        self._sample: StoreFuture[Backlog] | None = None
        self._good_until = 0.0

    @property
    def _gate(self) -> threading.Lock:
        if self._pid != os.getpid():
            self._begin()  # its lock too: a thread that is not here may hold the copy for ever
        return self._lock

    def note(self, records: Iterable[Attempt]) -> None:
        """Count attempts that were recorded."""
        with self._gate:
            for record in records:
                self._attempts[record.sink, record.outcome] += 1
                if record.outcome == "delivered" and record.accepted_at is not None:
                    seconds = max(0.0, record.at + record.seconds - record.accepted_at)
                    before = self._arrivals.get(record.sink, Arrivals())
                    self._arrivals[record.sink] = before.with_one(seconds)

    @property
    def attempts(self) -> Mapping[tuple[str, str], int]:
        """How many attempts this process made, by kind of sink and outcome."""
        with self._gate:
            return dict(self._attempts)

    @property
    def arrivals(self) -> Mapping[str, Arrivals]:
        """How long what this process delivered had taken, by kind of sink."""
        with self._gate:
            return dict(self._arrivals)

    def backlog(self, store: Store) -> StoreFuture[Backlog]:
        """Return what is pending; what was counted a short while ago is returned again."""
        with self._gate:
            sample = self._sample
            usable = sample is not None and not (
                sample.cancelled() or (sample.done() and sample.exception() is not None)
            )
            if sample is None or not usable or self._timer() >= self._good_until:
                self._good_until = float("inf")  # one at a time
                sample = self._sample = store.read(lambda c: self._count(c, store))
        return _shielded(sample)

    def _count(self, connection: sa.Connection, store: Store) -> Backlog:
        started = self._timer()
        try:
            return count_backlog(connection, now=store.now(connection))
        finally:
            ended = self._timer()
            self._good_until = ended + max(FRESH_SECONDS, _SHARE * (ended - started))


def _shielded(shared: StoreFuture[Backlog]) -> StoreFuture[Backlog]:
    """Return a future for one who asks: who does not want it any more takes it from nobody."""
    own: StoreFuture[Backlog] = StoreFuture()

    def tell(found: Future[Backlog]) -> None:
        if found.cancelled():
            own.cancel()
        elif own.set_running_or_notify_cancel():
            error = found.exception()
            settle([(own, (None if error else found.result(), error))])

    shared.add_done_callback(tell)
    return own


def count_backlog(connection: sa.Connection, *, now: float) -> Backlog:
    """Count what is pending and what is dead; it reads the whole of both, along their keys."""
    waiting = _grouped(connection, deliveries.c.destination_no, deliveries.c.event)
    dead = _grouped(connection, dead_letters.c.destination_no, dead_letters.c.event)
    oldest = _accepted_at(connection, [event for _, event in waiting.values()])
    found: dict[str, Pending] = {}
    for row in connection.execute(sa.select(destinations.c.no, destinations.c.sink)):
        so_far = found.get(row.sink, Pending())
        pending, event = waiting.get(row.no, (0, None))
        times = [so_far.oldest_at, None if event is None else oldest.get(event)]
        found[row.sink] = Pending(
            pending=so_far.pending + pending,
            dead=so_far.dead + dead.get(row.no, (0, None))[0],
            oldest_at=min((at for at in times if at is not None), default=None),
        )
    return Backlog(at=now, sinks=found)


def _grouped(
    connection: sa.Connection, number: sa.Column[int], event: sa.Column[int]
) -> dict[int, tuple[int, int]]:
    """Return how many rows each destination has, and the first event among them."""
    query = sa.select(number, sa.func.count(), sa.func.min(event)).group_by(number)
    return {no: (count, first) for no, count, first in connection.execute(query)}


def _accepted_at(connection: sa.Connection, numbers: list[int]) -> dict[int, float]:
    found: dict[int, float] = {}
    for start in range(0, len(numbers), 500):
        query = sa.select(events.c.id, events.c.accepted_at)
        query = query.where(events.c.id.in_(numbers[start : start + 500]))
        found |= {row.id: row.accepted_at for row in connection.execute(query)}
    return found
