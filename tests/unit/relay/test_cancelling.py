"""A sink that cancels the task it runs in fails a try; a worker ends at its crew's word alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from fulfillment_sdk.relay import Delivered, Delivery, Event, Outcome, Reject, Retry
from fulfillment_sdk.relay.dispatching.pace import Pace
from fulfillment_sdk.relay.dispatching.runner import DaemonThreads, call_sink
from tests.unit.relay.conftest import START, Bench, event, to

Make = Callable[..., Bench]

DELIVERY = Delivery(event=Event("e1", "t", "c", 1, b"{}"), destination="d", attempt=1)
FAILED = Retry("CancelledError raised by the sink")


def cancel_this_task() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


async def cancels_and_waits() -> Outcome:
    cancel_this_task()
    await asyncio.Event().wait()
    return Delivered()


async def waits_cancels_and_waits() -> Outcome:
    await asyncio.sleep(0)
    return await cancels_and_waits()


async def is_cancelled_by_its_library() -> Outcome:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_soon(task.cancel)
    await asyncio.Event().wait()
    return Delivered()


async def cancels_twice() -> Outcome:
    cancel_this_task()
    return await cancels_and_waits()


async def cancels_and_answers() -> Outcome:
    cancel_this_task()
    return Delivered("all the same")


async def cancels_and_raises() -> Outcome:
    cancel_this_task()
    raise LookupError


CANCELS: list[tuple[Callable[[], Awaitable[Outcome]], Outcome]] = [
    (cancels_and_waits, FAILED),
    (waits_cancels_and_waits, FAILED),
    (is_cancelled_by_its_library, FAILED),
    (cancels_twice, FAILED),
    (cancels_and_answers, Delivered("all the same")),
    (cancels_and_raises, Retry("LookupError raised by the sink")),
]


class Async:
    """A sink whose `deliver` is a coroutine function."""

    def __init__(self, how: Callable[[], Awaitable[Outcome]]) -> None:
        self._how = how

    async def deliver(self, _delivery: Delivery) -> Outcome:
        return await self._how()


class Plain:
    """A sink whose `deliver` runs in a thread, and returns what is awaited in the task."""

    def __init__(self, how: Callable[[], Awaitable[Outcome]]) -> None:
        self._how = how

    def deliver(self, _delivery: Delivery) -> Awaitable[Outcome]:
        return self._how()


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have lanes wait behind the one that is under way."""
    monkeypatch.setattr(Pace, "lanes_ahead", lambda _pace, _concurrency: 4)


@pytest.mark.parametrize("kind", [Async, Plain])
@pytest.mark.parametrize(("how", "expected"), CANCELS)
async def test_a_sink_that_cancels_its_task_leaves_nothing_of_it_behind(
    kind: type[Async | Plain], how: Callable[[], Awaitable[Outcome]], expected: Outcome
) -> None:
    threads = DaemonThreads(1, "sink-d")

    async def work() -> tuple[Outcome, int]:
        outcome = await call_sink(
            kind(how), DELIVERY, seconds=5, threads=threads, is_over=lambda: False
        )
        task = asyncio.current_task()
        assert task is not None
        asked = task.cancelling()
        await asyncio.sleep(0)  # goes on
        return outcome, asked

    outcome, asked = await asyncio.create_task(work())
    threads.close()

    assert (outcome, asked) == (expected, 0)


@pytest.mark.usefixtures("queues")
@pytest.mark.parametrize(("how", "expected"), CANCELS)
async def test_its_worker_goes_on_with_the_next_lane(
    make: Make, how: Callable[[], Awaitable[Outcome]], expected: Outcome
) -> None:
    bench = make(to(concurrency=1))
    bench.sink.script["a1"] = [lambda _delivery: how()]
    bench.accept(event("a1", "case_a"), event("b1", "case_b"))
    async with asyncio.timeout(5):
        await bench.turn()

    assert sorted(bench.sink.ids) == ["a1", "b1"]
    if isinstance(expected, Retry):
        (waiting,) = bench.relay.undelivered().result()
        assert (waiting.event_id, waiting.attempts, waiting.why) == ("a1", 1, expected.why)
        assert waiting.due_at == START + 5
    else:
        assert bench.pending() == []


async def test_the_next_event_of_a_lane_goes_out_at_its_next_turn(make: Make) -> None:
    bench = make()
    bench.sink.script["e1"] = [lambda _delivery: cancels_and_waits()]
    bench.accept(event("e1", sequence=1), event("e2", sequence=2))
    async with asyncio.timeout(5):
        await bench.turn()
        bench.clock.now += 5
        await bench.drain()

    assert bench.sink.seen == [("e1", 1), ("e1", 2), ("e2", 1)]


@pytest.mark.usefixtures("queues")
async def test_a_cancellation_that_comes_when_its_sink_is_through_holds_up_no_queue(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.crew.SLICE_SECONDS", -1.0)
    bench = make(to(concurrency=1))

    async def is_cancelled_later(_delivery: Delivery) -> Outcome:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_soon(task.cancel)
        return Delivered()

    bench.sink.script = {id: [is_cancelled_later] for id in ("a1", "b1")}
    bench.accept(*(event(f"{lane}1", lane) for lane in "abc"))
    async with asyncio.timeout(5):
        await bench.turn()

    assert sorted(bench.sink.ids) == ["a1", "b1", "c1"]
    assert bench.pending() == []


async def test_a_stop_ends_a_sink_at_once_that_had_cancelled_itself_before(make: Make) -> None:
    bench = make()
    hangs = asyncio.Event()

    async def cancels_and_hangs(_delivery: Delivery) -> Outcome:
        try:
            await cancels_and_waits()
        except asyncio.CancelledError:
            hangs.set()
        await asyncio.Event().wait()
        return Delivered()

    bench.sink.script["e1"] = [cancels_and_hangs]
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher()
    await dispatcher.turn()
    async with asyncio.timeout(5):
        await hangs.wait()
        await dispatcher.stop(grace=0.01)

    assert dispatcher.hands.lanes == 0
    (waiting,) = bench.relay.undelivered().result()
    assert (waiting.attempts, waiting.due_at) == (0, START), "handed back, and no try"


@pytest.mark.parametrize("answer", [Delivered(), Retry("503")])
async def test_what_a_sink_answers_to_a_stop_that_cancels_it_is_recorded(
    make: Make, answer: Outcome
) -> None:
    bench = make()
    began = asyncio.Event()

    async def swallows(_delivery: Delivery) -> Outcome:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return answer
        return Reject("not reached")

    bench.sink.script["e1"] = [swallows]
    batch = [event("e1", sequence=1), event("e2", sequence=2)]
    bench.store.write(lambda c: bench.relay.accept_in(c, batch)).result()
    dispatcher = bench.dispatcher()
    await dispatcher.turn()
    await began.wait()
    await dispatcher.stop(grace=0.01)

    assert bench.sink.ids == ["e1"], "nothing more is begun"
    assert [one.outcome for one in bench.attempts] == [
        "delivered" if isinstance(answer, Delivered) else "retry"
    ]
    assert ("partner", "e2") in bench.pending()


@pytest.mark.usefixtures("queues")
async def test_a_dispatcher_that_is_cancelled_gives_its_queue_back(make: Make) -> None:
    bench = make(to(concurrency=1))
    began, go = asyncio.Event(), asyncio.Event()

    async def slow(_delivery: Delivery) -> Outcome:
        began.set()
        await go.wait()
        return Delivered()

    bench.sink.script = {"a1": [slow], "b1": [slow]}
    bench.accept(event("a1", "case_a"), event("b1", "case_b"))
    dispatcher = bench.dispatcher()
    running = asyncio.create_task(dispatcher.run(alone=True))
    async with asyncio.timeout(5):
        await began.wait()
        running.cancel()
        await asyncio.wait([running])
        go.set()
        await dispatcher.hands.emptied()
    await dispatcher.stop()

    assert len(bench.sink.ids) == 1
    (waiting,) = bench.relay.undelivered().result()
    assert (waiting.attempts, waiting.due_at) == (0, START)
