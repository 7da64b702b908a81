"""Async sinks: what they answer at once, what they wait for, and for how long they may."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from fulfillment_sdk.relay import Delivered, Delivery, Event, Outcome, Reject, Retry
from fulfillment_sdk.relay.dispatching.runner import DaemonThreads, call_sink

DELIVERY = Delivery(event=Event("e1", "t", "c", 1, b"{}"), destination="d", attempt=1)

Call = Callable[..., Awaitable[Outcome]]


class Sink:
    """Delivers by a coroutine function that a test hands in."""

    def __init__(self, how: Callable[[], Awaitable[object]]) -> None:
        self._how = how

    async def deliver(self, _delivery: Delivery) -> Outcome:
        return await self._how()  # type: ignore[return-value]


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    threads = DaemonThreads(1, "sink-d")

    async def through(
        how: Callable[[], Awaitable[object]], seconds: float = 5.0, *, is_over: bool = False
    ) -> Outcome:
        return await call_sink(
            Sink(how), DELIVERY, seconds=seconds, threads=threads, is_over=lambda: is_over
        )

    yield through
    threads.close()


async def test_a_sink_that_answers_at_once_is_not_put_off(call: Call) -> None:
    async def at_once() -> Outcome:
        return Delivered("here")

    others: list[str] = []
    asyncio.get_running_loop().call_soon(others.append, "another's turn")

    assert await call(at_once) == Delivered("here")
    assert others == []


async def test_a_sink_that_waits_several_times_gets_what_it_waits_for(call: Call) -> None:
    async def waits() -> Outcome:
        loop = asyncio.get_running_loop()
        first: asyncio.Future[str] = loop.create_future()
        loop.call_soon(first.set_result, "a")
        await asyncio.sleep(0)
        both = await asyncio.gather(asyncio.create_task(asyncio.sleep(0, "b")), first)
        return Delivered(" ".join(both))

    assert await call(waits) == Delivered("b a")


async def test_a_sink_handles_what_its_waiting_raises(call: Call) -> None:
    async def handles() -> Outcome:
        failing = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(failing.set_exception, OSError("gone"))
        try:
            await failing
        except OSError:
            return Reject("gone")
        return Delivered()

    assert await call(handles) == Reject("gone")


@pytest.mark.parametrize("steps", [0, 1, 2])
async def test_what_a_sink_raises_at_any_step_is_a_retry(call: Call, steps: int) -> None:
    async def raises() -> Outcome:
        for _ in range(steps):
            await asyncio.sleep(0)
        raise LookupError("Jane")

    assert await call(raises) == Retry("LookupError raised by the sink")


@pytest.mark.parametrize("steps", [0, 1])
async def test_a_sink_that_waits_too_long_is_broken_off_and_may_clear_up(
    call: Call, steps: int
) -> None:
    cleared: list[str] = []

    async def hangs() -> Outcome:
        for _ in range(steps):
            await asyncio.sleep(0)
        try:
            await asyncio.Event().wait()
        finally:
            cleared.append("up")
        return Delivered()

    assert await call(hangs, seconds=0.01) == Retry("no answer within 0.01 s")
    assert cleared == ["up"]


async def test_the_time_before_a_sink_first_waits_counts(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    time, later = loop.time, [0.0]
    monkeypatch.setattr(loop, "time", lambda: time() + later[0])

    async def computes_for_long() -> Outcome:
        later[0] = 60.0
        await asyncio.Event().wait()
        return Delivered()

    assert await call(computes_for_long, seconds=30) == Retry("no answer within 30 s")


async def test_a_sinks_own_limit_works_beside_ours(call: Call) -> None:
    async def gives_up() -> Outcome:
        try:
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        except TimeoutError:
            return Retry("my own limit")
        return Delivered()

    assert await call(gives_up) == Retry("my own limit")


async def test_a_delivery_that_is_cancelled_cancels_its_sink(call: Call) -> None:
    ended: list[str] = []
    began = asyncio.Event()

    async def hangs() -> Outcome:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return Delivered()

    task = asyncio.ensure_future(call(hangs, is_over=True))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["cancelled"]
