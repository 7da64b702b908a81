"""A lane under way stays ours; what can't begin in time is handed back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import Delivered, Delivery, Outcome
from fulfillment_sdk.relay.dispatching.dispatcher import Dispatcher
from fulfillment_sdk.relay.dispatching.lease import Lease
from fulfillment_sdk.relay.dispatching.renewal import Renewal
from fulfillment_sdk.relay.schema import lanes
from fulfillment_sdk.relay.tables.lanes import LaneKey
from tests.unit.relay.conftest import START, Bench, event, to

Make = Callable[..., Bench]
LONG_AGO = 1000.0  # seconds


def test_nothing_begins_in_the_last_fifth_of_a_lease() -> None:
    lease = Lease(100.0, 20.0)

    assert lease.allows(115.9)
    assert not lease.allows(116.0)
    assert lease.until == 120.0


def test_a_lease_is_renewed_when_a_third_has_passed() -> None:
    lease = Lease(100.0, 30.0)
    assert not lease.wants_renewal(109.9)
    assert lease.wants_renewal(110.1)

    lease.renewed(110.1)
    assert not lease.wants_renewal(120.0)
    assert lease.allows(134.0)


def test_a_lane_that_two_renewals_in_a_row_do_not_find_is_lost() -> None:
    lease = Lease(100.0, 30.0)
    lease.missed()
    assert lease.allows(100.0), "it may have been locked at that moment"
    lease.renewed(100.0)
    lease.missed()
    assert lease.allows(100.0)

    lease.missed()
    assert (lease.is_lost, lease.allows(100.0), lease.wants_renewal(200.0)) == (True, False, False)


class Slow:
    """A delivery that takes until `go`."""

    def __init__(self) -> None:
        self.begun, self.go = asyncio.Event(), asyncio.Event()

    async def __call__(self, _delivery: Delivery) -> Outcome:
        self.begun.set()
        await self.go.wait()
        return Delivered()


async def begin(bench: Bench, event_id: str) -> tuple[Dispatcher, Slow]:
    """Have a slow delivery of this event under way."""
    slow = Slow()
    bench.sink.script[event_id] = [slow]
    dispatcher = bench.dispatcher()
    await dispatcher.turn()
    await slow.begun.wait()
    return dispatcher, slow


def leased_until(bench: Bench) -> float:
    query = sa.select(lanes.c.due_at).where(lanes.c.lease.is_not(None))
    return float(bench.store.read(lambda c: c.execute(query).scalar_one()).result())


async def test_the_lease_of_a_lane_under_way_is_renewed(make: Make) -> None:
    bench = make(to(timeout=1.0))
    bench.accept(event("e1"))
    dispatcher, slow = await begin(bench, "e1")
    assert leased_until(bench) == START + 20

    bench.clock.now += 15
    await dispatcher.renewal.round()
    assert leased_until(bench) == START + 20, "a third has not passed by our own clock"
    (held,) = dispatcher.hands.under_way()
    held.lease.begun -= 15
    await dispatcher.renewal.round()
    assert leased_until(bench) == START + 15 + 20

    slow.go.set()
    await dispatcher.hands.emptied()
    assert bench.pending() == []


async def test_a_lease_is_longer_where_a_delivery_may_take_longer(make: Make) -> None:
    bench = make(to(timeout=100.0))
    bench.accept(event("e1"))
    dispatcher, slow = await begin(bench, "e1")

    assert leased_until(bench) == START + 150
    slow.go.set()
    await dispatcher.hands.emptied()


async def test_a_lost_lease_ends_the_run_before_its_next_delivery(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make()
    bench.accept(event("e1", sequence=1), event("e2", sequence=2))
    dispatcher, slow = await begin(bench, "e1")
    bench.store.write(lambda c: c.execute(sa.update(lanes).values(lease="other"))).result()
    (held,) = dispatcher.hands.under_way()
    held.lease.begun -= 20
    await dispatcher.renewal.round()
    await dispatcher.renewal.round()
    slow.go.set()
    await dispatcher.hands.emptied()

    assert bench.sink.ids == ["e1"]
    assert len(bench.pending()) == 2, "a late word does not count"
    assert "lease lost destination=partner" in caplog.text


async def test_what_waits_too_long_behind_a_slow_delivery_is_handed_back(make: Make) -> None:
    bench = make(to(concurrency=1))
    bench.accept(event("e0"))
    slow = Slow()
    dispatcher = bench.dispatcher()
    await bench.turn(dispatcher)
    bench.accept(*(event(f"e{n}", f"case_{n}") for n in range(1, 4)))
    for n in range(1, 4):
        bench.sink.script[f"e{n}"] = [slow]
    await dispatcher.turn()
    await slow.begun.wait()
    (desk,) = dispatcher.hands.desks.values()
    assert len(desk.queue) == 2, "the first one was fast"
    await dispatcher.renewal.round()
    assert len(desk.queue) == 2

    for held in desk.queue:
        held.lease.begun -= LONG_AGO
    await dispatcher.renewal.round()
    assert not desk.queue
    slow.go.set()
    await dispatcher.hands.emptied()

    waiting = bench.relay.undelivered().result()
    assert [one.due_at for one in waiting] == [START, START]


async def test_nothing_begins_on_a_lease_that_ran_while_the_process_stood_still(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher()
    loop = asyncio.get_running_loop()
    time, stopped = loop.time, [0.0]
    monkeypatch.setattr(loop, "time", lambda: time() + stopped[0])
    write = bench.store.write

    def stops_meanwhile(work: Callable[[sa.Connection], object]) -> object:
        stopped[0] = LONG_AGO
        return write(work)

    monkeypatch.setattr(bench.store, "write", stops_meanwhile)
    await bench.turn(dispatcher)

    assert bench.sink.ids == []
    monkeypatch.undo()
    (waiting,) = bench.relay.undelivered().result()
    assert (waiting.attempts, waiting.due_at) == (0, START)


async def test_renewals_go_on_whatever_one_of_them_raised(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make()
    bench.accept(event("e1"))
    dispatcher, slow = await begin(bench, "e1")
    (held,) = dispatcher.hands.under_way()
    renewal = Renewal(bench.store, dispatcher.hands, dispatcher._crew, lease=0.01)
    renewed, failing = asyncio.Event(), [RuntimeError("Jane")]

    def sometimes(*_arguments: object, **_more: object) -> set[LaneKey]:
        if failing:
            raise failing.pop()
        renewed.set()
        return {held.claim.key}

    async def write(work: Callable[[None], set[LaneKey]]) -> set[LaneKey]:
        return work(None)

    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.renewal.renew", sometimes)
    monkeypatch.setattr(renewal, "_store", SimpleNamespace(write=write, now=lambda _: START))
    held.lease.begun -= 15
    running = asyncio.create_task(renewal.run())
    async with asyncio.timeout(5):
        await renewed.wait()
    running.cancel()

    assert "leases are not renewed: RuntimeError" in caplog.text
    assert "Jane" not in caplog.text
    slow.go.set()
    await dispatcher.hands.emptied()
