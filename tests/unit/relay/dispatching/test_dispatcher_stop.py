"""Stopping finishes what is under way, or gives it back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import (
    Delivered,
    Delivery,
    Outcome,
)
from fulfillment_sdk.store import StoreFuture
from tests.unit.relay.conftest import START, Bench, event

Make = Callable[..., Bench]


async def test_stopping_finishes_the_delivery_in_hand_and_gives_the_rest_back(make: Make) -> None:
    bench = make()
    started, go = asyncio.Event(), asyncio.Event()

    async def slow(_delivery: Delivery) -> Outcome:
        started.set()
        await go.wait()
        return Delivered()

    bench.sink.script["e1"] = [slow]
    bench.accept(event("e1", sequence=1), event("e2", sequence=2))
    dispatcher = bench.dispatcher()
    await dispatcher.turn()
    await started.wait()
    stopping = asyncio.create_task(dispatcher.stop())
    await asyncio.sleep(0)
    go.set()
    await stopping

    assert bench.sink.ids == ["e1"]
    assert bench.pending() == [("partner", "e2")]
    (waiting,) = bench.relay.undelivered().result()
    assert waiting.due_at == START, "the next worker may take it at once"


async def test_a_delivery_that_outlasts_the_grace_is_handed_back_uncounted(make: Make) -> None:
    bench = make()
    started = asyncio.Event()

    async def hangs(_delivery: Delivery) -> Outcome:
        started.set()
        await asyncio.Event().wait()
        return Delivered()

    bench.sink.script["e1"] = [hangs]
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher()
    await dispatcher.turn()
    await started.wait()
    await dispatcher.stop(grace=0.01)

    (waiting,) = bench.relay.undelivered().result()
    assert (waiting.attempts, waiting.due_at) == (0, START)


async def test_a_stop_in_the_middle_of_a_turn_gives_back_what_was_claimed(make: Make) -> None:
    bench = make()
    bench.accept(*(event(f"e{n}", f"case_{n}") for n in range(5)))
    claimed = asyncio.Event()
    dispatcher = bench.dispatcher()
    real = bench.store.write
    loop = asyncio.get_running_loop()

    def noted_write(work: Callable[[sa.Connection], object]) -> object:
        loop.call_soon(claimed.set)
        return real(work)

    bench.store.write = noted_write  # type: ignore[method-assign,assignment]
    running = asyncio.create_task(dispatcher.run())
    async with asyncio.timeout(5):
        await claimed.wait()
        await dispatcher.stop()
        await running
    bench.store.write = real  # type: ignore[method-assign]

    waiting = bench.relay.undelivered().result()
    delivered = set(bench.sink.ids)
    assert {one.event_id for one in waiting} == {f"e{n}" for n in range(5)} - delivered
    assert all(one.due_at == START for one in waiting), "no lease is left behind"


async def test_a_sink_that_will_not_be_cancelled_does_not_keep_the_relay_from_stopping(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make()
    started, go = asyncio.Event(), asyncio.Event()

    async def stubborn(_delivery: Delivery) -> Outcome:
        started.set()
        while not go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await go.wait()
        return Delivered()

    bench.sink.script["e1"] = [stubborn]
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher()
    await dispatcher.turn()
    await started.wait()
    await dispatcher.stop(grace=0.01)
    go.set()
    await dispatcher.hands.emptied()

    assert "1 deliveries do not end" in caplog.text


async def test_a_store_that_does_not_answer_keeps_nobody_from_stopping(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.dispatcher.HAND_BACK_SECONDS", 0.05)
    bench = make()
    arrived = bench.sink.arrival_of("e1")
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher()
    await dispatcher.turn()
    with monkeypatch.context() as patched:
        silent = StoreFuture[object]()
        patched.setattr(bench.store, "write_each", lambda *_: silent)
        patched.setattr(bench.store, "write", lambda _: silent)
        await arrived.wait()
        running = asyncio.create_task(dispatcher.run(alone=True))
        async with asyncio.timeout(5):
            await asyncio.sleep(0)
            await dispatcher.stop(grace=0.05)
        assert dispatcher.is_running
        running.cancel()

    assert "the store does not answer" in caplog.text
