"""Leases of the living and of the dead, and clocks that are set."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fulfillment_sdk.relay import (
    Delivered,
    Delivery,
    Outcome,
    Retry,
)
from fulfillment_sdk.relay.tables.lanes import Settlement
from fulfillment_sdk.relay.tables.settle import settle_many
from tests.unit.relay.conftest import START, Bench, Clock, claims_all, event, run_until

Make = Callable[..., Bench]


async def test_a_dead_workers_lane_comes_back_when_its_lease_is_over(make: Make) -> None:
    bench = make()
    bench.accept(event("e1"))
    bench.store.write(claims_all).result()

    await bench.drain()
    assert bench.sink.ids == []
    bench.clock.now += 60
    await bench.drain()
    assert bench.sink.seen == [("e1", 1)]


async def test_a_stalled_workers_late_word_does_not_count(make: Make) -> None:
    bench = make()
    bench.accept(event("e1"))
    (stalled,) = bench.store.write(claims_all).result()
    bench.clock.now += 60
    bench.store.write(lambda c: claims_all(c, now=START + 60)).result()

    late = Settlement(claim=stalled, delivered=stalled.places)
    kept = bench.store.write(lambda c: settle_many(c, [late], now=START + 61)).result()
    assert kept == ["lost"]
    assert bench.pending() == [("partner", "e1")]


async def test_a_dispatcher_that_is_alone_ends_the_leases_of_the_dead(make: Make) -> None:
    bench = make()
    bench.accept(event("e1"))
    bench.store.write(claims_all).result()
    await run_until(bench.dispatcher(), bench.sink.arrival_of("e1"))

    assert bench.pending() == []


async def test_what_waits_waits_no_longer_when_the_clock_is_set_back(make: Make) -> None:
    bench, monotonic = make(), Clock(0.0)
    bench.sink.script["e1"] = [Retry("500")]
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher(monotonic=monotonic)
    await bench.turn(dispatcher)
    bench.clock.now -= 86_400
    arrived = bench.sink.arrival_of("e2")
    bench.accept(event("e2", "case_2"))
    await run_until(dispatcher, arrived)

    (waiting,) = bench.relay.undelivered().result()
    assert waiting.due_at == START - 86_400 + 5
    assert bench.sink.ids == ["e1", "e2"]


async def test_a_clock_that_is_set_forward_ends_no_lease_under_way(make: Make) -> None:
    bench, monotonic = make(), Clock(0.0)
    go, begun = asyncio.Event(), asyncio.Event()

    async def slow(_delivery: Delivery) -> Outcome:
        begun.set()
        await go.wait()
        return Delivered()

    bench.sink.script["e1"] = [slow]
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher(monotonic=monotonic)
    running = asyncio.create_task(dispatcher.run(alone=True))
    async with asyncio.timeout(5):
        await begun.wait()
        bench.clock.now += 3600
        arrived = bench.sink.arrival_of("e2")
        bench.accept(event("e2", "case_2"))
        dispatcher.wake()
        await arrived.wait()
    go.set()
    await dispatcher.stop()
    await running

    assert bench.sink.ids == ["e1", "e2"], "e1 is under way, and not begun again"
    assert bench.pending() == []
