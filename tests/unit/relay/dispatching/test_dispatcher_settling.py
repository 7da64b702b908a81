"""Settlements, while the store can take them and while it can not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NoReturn

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import Delivered, Reject, Retry
from fulfillment_sdk.relay.tables.lanes import Settlement
from fulfillment_sdk.relay.tables.settle import Kept, settle_many
from tests.unit.relay.conftest import START, Bench, event, to

Make = Callable[..., Bench]


async def test_a_settlement_waits_for_a_store_that_is_full_or_locked(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    bench.accept(event("e1", sequence=1), event("e2", sequence=2))
    refusals = [sa.exc.OperationalError("settle", {}, Exception("database is locked"))] * 2

    def settles_late(
        connection: sa.Connection, settlements: Sequence[Settlement], *, now: float
    ) -> list[Kept]:
        if refusals:
            raise refusals.pop()
        return settle_many(connection, settlements, now=now)

    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.settling.settle_many", settles_late)
    dispatcher = bench.dispatcher(poll=0.001)
    await dispatcher.turn()
    await dispatcher.hands.emptied()

    assert bench.sink.seen == [("e1", 1), ("e2", 1)]
    assert bench.pending() == []
    assert refusals == []


async def test_a_settlement_that_cannot_be_stored_brings_the_event_again(
    make: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make(to(timeout=0.01))
    bench.accept(event("e1"))

    def refuses(*_args: object, **_more: object) -> NoReturn:
        raise sa.exc.OperationalError("settle", {}, Exception("database or disk is full"))

    with monkeypatch.context() as broken:
        broken.setattr("fulfillment_sdk.relay.dispatching.settling.settle_many", refuses)
        # Long enough for a claim on a busy machine: what begins late is not delivered at all.
        await bench.turn(bench.dispatcher(poll=0.01, lease=1.0))
    assert "settlement lost" in caplog.text
    bench.clock.now += 60
    await bench.drain()

    assert bench.sink.seen == [("e1", 1), ("e1", 1)]
    assert bench.pending() == []


async def test_a_settlement_whose_lane_is_locked_is_tried_again(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    bench.accept(event("e1"), event("e2", "case_2"))
    busy = [2]

    def finds_a_lock(
        connection: sa.Connection, settlements: Sequence[Settlement], *, now: float
    ) -> list[Kept]:
        if busy[0] > 0:
            busy[0] -= 1
            kept = settle_many(connection, settlements[1:], now=now)
            return ["busy", *kept]
        return settle_many(connection, settlements, now=now)

    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.settling.settle_many", finds_a_lock)
    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.settling.BUSY_PAUSE", 0.0)
    await bench.turn()

    assert busy == [0]
    assert bench.pending() == []
    assert sorted(one.event_id for one in bench.attempts) == ["e1", "e2"], "each is told of once"


async def test_a_settlement_that_can_never_be_stored_takes_nobody_along(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make()
    bench.sink.script["e1"] = [Retry("poison")]
    bench.accept(event("e1", "case_1"), event("e2", "case_2"), event("e3", "case_3"))

    def chokes(
        connection: sa.Connection, settlements: Sequence[Settlement], *, now: float
    ) -> list[Kept]:
        if any(one.why == "poison" for one in settlements):
            raise ValueError("Jane Smith")
        return settle_many(connection, settlements, now=now)

    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.settling.settle_many", chokes)
    await bench.turn()

    assert bench.pending() == [("partner", "e1")]
    assert "settlement failed with ValueError" in caplog.text
    assert "Jane" not in caplog.text


@pytest.mark.parametrize(
    ("said", "stored"),
    [("a\0b", "a b"), ("\ud800", "?"), ("Grüße", "Grüße"), ("no " * 300, "no " * 66 + "n…")],
)
async def test_whatever_a_sink_says_can_be_stored(make: Make, said: str, stored: str) -> None:
    bench = make()
    bench.sink.script["e1"] = [Retry(said), Delivered(said)]
    bench.accept(event("e1"))
    await bench.drain()
    bench.clock.now += 5
    await bench.drain()

    assert [one.why for one in bench.relay.attempts(event_id="e1").result()] == [stored, stored]
    assert bench.pending() == []


async def test_lanes_that_end_a_destination_together_are_told_about_once(make: Make) -> None:
    bench = make()
    for n in range(3):
        bench.sink.script[f"e{n}"] = [Reject("HTTP 410", disable=True)]
        bench.accept(event(f"e{n}", f"case_{n}"))
    await bench.drain()

    assert bench.disabled == [("partner", "HTTP 410")]
    assert len(bench.pending()) == 3


async def test_who_is_alone_keeps_what_arrived_however_long_the_store_is_locked(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make(to(timeout=0.01))
    refusals: list[float] = []

    def settles_late(
        connection: sa.Connection, settlements: Sequence[Settlement], *, now: float
    ) -> list[Kept]:
        bench.clock.now += 0.05
        refusals.append(bench.clock.now)
        if len(refusals) < 12:
            raise sa.exc.OperationalError("settle", {}, Exception("database is locked"))
        return settle_many(connection, settlements, now=now)

    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.settling.settle_many", settles_late)
    came = bench.sink.arrival_of("e1")
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher(poll=0.02, lease=0.2)
    running = asyncio.create_task(dispatcher.run(alone=True))
    async with asyncio.timeout(10):
        await came.wait()
        await dispatcher.hands.emptied()
    await dispatcher.stop()
    await running

    assert refusals[-1] - START > 0.5, "the lease was over by far"
    assert bench.pending() == []
    assert bench.sink.seen == [("e1", 1)]
