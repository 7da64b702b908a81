"""A relay whose sink does what the test scripts, and whose clock stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import attrs
import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import (
    SCHEMA,
    Attempt,
    Delivered,
    Delivery,
    Destination,
    Event,
    Outcome,
    Relay,
    Retry,
    RetryPolicy,
)
from fulfillment_sdk.relay.dispatching.dispatcher import LEASE_SECONDS, Dispatcher
from fulfillment_sdk.relay.reports.watch import Watch
from fulfillment_sdk.relay.tables.claim import claim
from fulfillment_sdk.relay.tables.lanes import Claim, Wanted
from fulfillment_sdk.store import Sealer, Store

START = 1_800_000_000.0


@attrs.define
class Clock:
    """A clock that only the test moves."""

    now: float = START

    def __call__(self) -> float:
        return self.now


Answer = Outcome | Exception | Callable[[Delivery], Awaitable[Outcome]]


@attrs.define
class ScriptedSink:
    """Answers as scripted, event by event; without a script everything is delivered."""

    seen: list[tuple[str, int]] = attrs.field(factory=list)
    script: dict[str, list[Answer]] = attrs.field(factory=dict)
    deliveries: list[Delivery] = attrs.field(factory=list)
    fails_for: set[str] = attrs.field(factory=set)
    hangs_for: dict[str, asyncio.Event] = attrs.field(factory=dict)

    async def deliver(self, delivery: Delivery) -> Outcome:
        self.seen.append((delivery.id, delivery.attempt))
        self.deliveries.append(delivery)
        if delivery.destination in self.fails_for:
            return Retry("500")
        if delivery.destination in self.hangs_for:
            await self.hangs_for[delivery.destination].wait()
        answers = self.script.get(delivery.id, [])
        answer = answers.pop(0) if answers else Delivered()
        if isinstance(answer, Exception):
            raise answer
        return await answer(delivery) if callable(answer) else answer

    def arrival_of(self, event_id: str) -> asyncio.Event:
        """Return what is set as soon as this event comes."""
        came = asyncio.Event()

        async def tells(_delivery: Delivery) -> Outcome:
            came.set()
            return Delivered()

        self.script[event_id] = [tells]
        return came

    def count(self, destination: str) -> int:
        """Return how often a destination was tried."""
        return sum(one.destination == destination for one in self.deliveries)

    @property
    def ids(self) -> list[str]:
        return [event_id for event_id, _ in self.seen]


@attrs.define
class Bench:
    """A relay taken apart: its dispatcher moves one turn at a time."""

    relay: Relay
    store: Store
    clock: Clock
    sink: ScriptedSink
    attempts: list[Attempt]
    disabled: list[tuple[str, str]] = attrs.field(factory=list)

    def accept(self, *events: Event) -> list[str]:
        return [self.relay.accept(event).result().status for event in events]

    def dispatcher(
        self,
        *,
        poll: float = 1.0,
        lease: float = LEASE_SECONDS,
        monotonic: Callable[[], float] | None = None,
    ) -> Dispatcher:
        return Dispatcher(
            self.store,
            {"scripted": self.sink},
            random=lambda: 0.5,
            watch=Watch(self.attempts.append, lambda name, why: self.disabled.append((name, why))),
            poll=poll,
            lease=lease,
            monotonic=monotonic,
        )

    async def turn(self, dispatcher: Dispatcher | None = None) -> float:
        """Claim what is due and see it through."""
        dispatcher = dispatcher or self.dispatcher()
        pause = await dispatcher.turn()
        await dispatcher.hands.emptied()
        return pause

    async def drain(self, dispatcher: Dispatcher | None = None) -> None:
        """Take turns until nothing is due."""
        dispatcher = dispatcher or self.dispatcher()
        while await self.turn(dispatcher) == 0.0:
            continue

    def pending(self) -> list[tuple[str, str]]:
        return [(one.destination, one.event_id) for one in self.relay.undelivered().result()]


def event(id: str, lane: str = "case_1", sequence: int | None = None, **more: str) -> Event:
    return Event(id, more.get("type", "t"), lane, sequence, b"body of " + id.encode(), "org")


def to(name: str = "partner", **more: object) -> Destination:
    options: dict[str, object] = {"policy": RetryPolicy((0, 5, 30, 120), jitter=0.0), **more}
    return Destination(name, "scripted", **options)  # type: ignore[arg-type]


def claims_all(connection: sa.Connection, *, now: float = START, no: int = 1) -> list[Claim]:
    """Claim as another worker would."""
    return claim(connection, [Wanted(no, 9, 60)], now=now, events_per_lane=20)


async def run_until(dispatcher: Dispatcher, arrived: asyncio.Event) -> None:
    running = asyncio.create_task(dispatcher.run(alone=True))
    async with asyncio.timeout(5):
        await arrived.wait()
    await dispatcher.stop()
    await running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    sealer = Sealer([("k", b"k" * 32)])
    with Store.open(
        f"sqlite:///{tmp_path}/relay.db", schemas=[SCHEMA], sealer=sealer, clock=clock
    ) as opened:
        yield opened


@pytest.fixture
def make(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Bench]:
    # A turn that is asked for a look takes one, however slow the machine is.
    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.lookout.FREE_SECONDS", 3600.0)

    def build(*destinations: Destination) -> Bench:
        sink = ScriptedSink()
        relay = Relay(
            store, destinations=destinations or [to()], sinks={"scripted": sink}, clock=clock
        )
        return Bench(relay, store, clock, sink, [])

    return build
