"""Our relay in the roles that the peers play; and, as it is meant to run, in both at once."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from benchmarks import events
from benchmarks.notes import Notes
from benchmarks.peers.roles import Job, main
from fulfillment_sdk.relay import Delivered, Delivery, Destination, Event, Relay

KEYS = [("bench", bytes(32))]
CALLERS = 64
CONCURRENCY = 64


class Nothing:
    """The sink that does nothing, and notes that it did."""

    def __init__(self, notes: str) -> None:
        self._note = Notes(notes)

    async def deliver(self, delivery: Delivery) -> Delivered:
        """Note it."""
        self._note(events.case_of(delivery.lane), delivery.sequence or 0)
        return Delivered()


def open_relay(job: Job) -> Relay:
    """Open the relay with one destination, ordered by case."""
    destination = Destination("nothing", "nothing", ordering="case", concurrency=CONCURRENCY)
    sinks = {"nothing": Nothing(job.notes)}
    return Relay(job.place, destinations=[destination], sinks=sinks, keys=KEYS)


class Ours:
    """The relay, dispatching or not."""

    def setup(self, job: Job) -> None:
        """Make the tables."""
        open_relay(job).close()

    def produce(self, job: Job, go: Callable[[], None]) -> None:
        """Accept one by one, from many callers at once."""
        relay = open_relay(job)
        asyncio.run(_accept_all(relay, job, go))
        relay.close()

    def fill(self, job: Job) -> None:
        """Accept in large transactions."""
        relay = open_relay(job)
        fill(relay, list(events.relay_events(job.run, job.events)))
        relay.close()

    def work(self, job: Job, go: Callable[[], None]) -> None:
        """Dispatch."""
        relay = open_relay(job)
        go()
        asyncio.run(_dispatch(relay))


class Both(Ours):
    """The relay as it is meant to run: one process that accepts, and delivers meanwhile."""

    def work(self, job: Job, go: Callable[[], None]) -> None:
        """Accept and dispatch in one loop."""
        asyncio.run(_both(open_relay(job), job, go))


async def _both(relay: Relay, job: Job, go: Callable[[], None]) -> None:
    async with relay.running():
        await _accept_all(relay, job, go)
        await asyncio.Event().wait()


async def _accept_all(relay: Relay, job: Job, go: Callable[[], None]) -> None:
    waiting = iter(list(events.relay_events(job.run, job.events)))

    async def caller() -> None:
        for event in waiting:
            await relay.accept(event)

    go()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))


async def _dispatch(relay: Relay) -> None:
    async with relay.running():
        await asyncio.Event().wait()


def fill(relay: Relay, found: Sequence[Event], *, at_once: int = 1000) -> None:
    """Accept many events in few transactions."""
    for begin in range(0, len(found), at_once):
        some = found[begin : begin + at_once]
        relay.store.write(functools.partial(_accept, relay, some)).result()


def _accept(relay: Relay, some: Sequence[Event], connection: sa.Connection) -> int:
    return len(relay.accept_in(connection, some))


if __name__ == "__main__":
    main(Both() if sys.argv[1] == "both" else Ours())
