"""How much is under way and in hand at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import (
    Delivered,
    Delivery,
    Event,
    Outcome,
)
from fulfillment_sdk.relay.dispatching.lane_run import NOT_LOADED_PAUSE, UNREADABLE_PAUSE
from fulfillment_sdk.relay.dispatching.picker import EVENTS_PER_LANE
from fulfillment_sdk.relay.reports.heads import UNTRIED
from fulfillment_sdk.relay.schema import events, lanes
from fulfillment_sdk.relay.tables.load import MISSING
from tests.unit.relay.conftest import START, Bench, event, to

Make = Callable[..., Bench]


async def test_no_more_lanes_are_under_way_than_the_destination_takes(make: Make) -> None:
    bench = make(to(concurrency=2))
    go, under_way = asyncio.Event(), 0

    async def counts(_delivery: Delivery) -> Outcome:
        nonlocal under_way
        under_way += 1
        await go.wait()
        return Delivered()

    for n in range(5):
        bench.sink.script[f"e{n}"] = [counts]
        bench.accept(event(f"e{n}", f"case_{n}"))
    dispatcher = bench.dispatcher()
    await dispatcher.turn()
    await asyncio.sleep(0)
    assert await dispatcher.turn() > 0, "nothing free"
    assert under_way == 2

    go.set()
    await dispatcher.hands.emptied()
    await bench.drain()
    assert len(bench.sink.seen) == 5


async def test_a_long_lane_is_taken_in_pieces(make: Make) -> None:
    bench = make()
    batch = [event(f"e{n:03}", sequence=n) for n in range(1, EVENTS_PER_LANE * 2 + 6)]
    bench.store.write(lambda c: bench.relay.accept_in(c, batch)).result()

    await bench.turn()
    assert len(bench.sink.seen) == EVENTS_PER_LANE
    await bench.drain()
    assert bench.sink.ids == [one.id for one in batch]


async def test_a_backlog_wider_than_a_statements_parameters_goes_out(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.tables.rows.MOST_KEYS", 6)
    bench = make(to(concurrency=50))
    batch = [event(f"e{n:02}", f"case_{n % 7}", n) for n in range(40)]
    bench.store.write(lambda c: bench.relay.accept_in(c, batch)).result()
    await bench.drain()

    assert sorted(bench.sink.ids) == [one.id for one in batch]


async def test_a_turn_takes_no_more_lanes_than_its_limit(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.picker.LANES_PER_TURN", 3)
    bench = make(to(concurrency=50))
    bench.accept(*(event(f"e{n}", f"case_{n}") for n in range(8)))
    dispatcher = bench.dispatcher()
    await bench.turn(dispatcher)
    assert len(bench.sink.seen) == 3
    await bench.drain(dispatcher)

    assert len(bench.sink.seen) == 8


async def test_no_more_bytes_are_held_than_the_budget_and_one_event(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.hands.BUDGET_BYTES", 100)
    bench = make(to(concurrency=50))
    held: list[int] = []
    under_way: set[str] = set()

    async def measures(delivery: Delivery) -> Outcome:
        under_way.add(delivery.id)
        held.append(len(under_way))
        await asyncio.sleep(0)
        under_way.discard(delivery.id)
        return Delivered()

    for n in range(9):
        bench.sink.script[f"e{n}"] = [measures]
        bench.accept(event(f"e{n}", f"case_{n}"))
    dispatcher = bench.dispatcher()
    for _ in range(40):
        await bench.turn(dispatcher)
        bench.clock.now += NOT_LOADED_PAUSE

    assert len(held) == 9
    assert max(held) <= 2, "each sealed body has some 45 bytes"


async def test_a_destination_that_hangs_starves_no_other(make: Make) -> None:
    bench = make(to("hangs", concurrency=2), to("works", concurrency=2))
    go, done = asyncio.Event(), asyncio.Event()

    async def hangs_there(delivery: Delivery) -> Outcome:
        if delivery.destination == "hangs":
            await go.wait()
        elif bench.sink.count("works") == 30:
            done.set()
        return Delivered()

    for n in range(30):
        bench.sink.script[f"e{n}"] = [hangs_there, hangs_there]
    bench.accept(*(event(f"e{n}", f"case_{n}") for n in range(30)))
    dispatcher = bench.dispatcher()
    running = asyncio.create_task(dispatcher.run())
    async with asyncio.timeout(10):
        await done.wait()

    assert bench.sink.count("hangs") == 2
    go.set()
    await dispatcher.stop()
    await running


async def test_a_fast_destination_has_more_lanes_in_hand_than_under_way(make: Make) -> None:
    bench = make(to(concurrency=1))
    bench.accept(event("e0"))
    dispatcher = bench.dispatcher()
    await bench.turn(dispatcher)
    bench.accept(*(event(f"e{n}", f"case_{n}") for n in range(1, 40)))
    await dispatcher.turn()

    assert dispatcher.hands.lanes == 39
    await dispatcher.hands.emptied()
    assert bench.pending() == []


async def test_what_exceeds_a_destinations_rate_is_put_back_until_its_time(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.crew.LONGEST_WAIT", 0.0)
    bench = make(to(rate=0.1))
    bench.accept(event("e1", sequence=1), event("e2", sequence=2), event("x1", "case_2"))
    await bench.turn()

    assert len(bench.sink.seen) == 1
    waiting = bench.relay.undelivered().result()
    assert [(one.attempts, one.why) for one in waiting] == [(0, UNTRIED)] * 2
    assert max(one.due_at or 0 for one in waiting) == pytest.approx(START + 10, abs=0.5)


async def test_a_lane_waits_for_its_rate_where_that_is_short(make: Make) -> None:
    bench = make(to(rate=200.0))
    batch = [event(f"e{n}", sequence=n) for n in range(30)]
    bench.store.write(lambda c: bench.relay.accept_in(c, batch)).result()
    loop = asyncio.get_running_loop()
    began = loop.time()
    await bench.drain()

    assert bench.sink.ids == [one.id for one in batch]
    assert loop.time() - began > 29 / 200 - 0.02


async def test_a_destination_of_large_events_leaves_room_for_others(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.hands.BUDGET_BYTES", 400)
    bench = make(to("large", concurrency=50), to("small"))
    go, done = asyncio.Event(), asyncio.Event()

    async def hangs_there(delivery: Delivery) -> Outcome:
        if delivery.destination == "large":
            await go.wait()
        elif bench.sink.count("small") == 20:
            done.set()
        bench.clock.now += NOT_LOADED_PAUSE
        return Delivered()

    for n in range(20):
        bench.sink.script[f"e{n}"] = [hangs_there, hangs_there]
    bench.accept(*(event(f"e{n}", f"case_{n}") for n in range(20)))
    dispatcher = bench.dispatcher()
    running = asyncio.create_task(dispatcher.run())
    async with asyncio.timeout(10):
        await done.wait()

    assert dispatcher.hands.held_bytes <= 400
    go.set()
    await dispatcher.stop()
    await running


async def test_a_large_event_with_a_small_one_behind_it_is_delivered(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.hands.BUDGET_BYTES", 400)
    bench = make()
    large = Event("e1", "t", "case_1", 1, b"x" * 300, "org")
    bench.store.write(lambda c: bench.relay.accept_in(c, [large, event("e2", sequence=2)])).result()
    for _ in range(3):
        await bench.turn()

    assert bench.sink.ids == ["e1", "e2"]


async def test_a_lane_whose_events_row_is_gone_waits_a_while_and_tells_why(make: Make) -> None:
    bench = make()
    bench.accept(event("e1"))
    bench.store.write(lambda c: c.execute(sa.delete(events))).result()
    dispatcher = bench.dispatcher()

    assert await bench.turn(dispatcher) == 0.0
    assert await bench.turn(dispatcher) > 0
    query = sa.select(lanes.c.why, lanes.c.due_at, lanes.c.lease)
    assert bench.store.read(lambda c: [tuple(row) for row in c.execute(query)]).result() == [
        (MISSING, START + UNREADABLE_PAUSE, None)
    ]


async def test_a_lane_whose_head_had_no_room_in_memory_is_not_due_at_once(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.hands.BUDGET_BYTES", 400)
    bench = make()
    bench.accept(event("e" * 200), event("f" * 200, "case_2"))
    dispatcher = bench.dispatcher()

    assert await bench.turn(dispatcher) == 0.0
    assert len(bench.sink.seen) == 1
    assert 0 < await bench.turn(dispatcher) <= NOT_LOADED_PAUSE
    bench.clock.now += NOT_LOADED_PAUSE
    await bench.turn(dispatcher)
    assert bench.pending() == []
