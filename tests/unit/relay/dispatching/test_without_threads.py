"""Where a process has no thread left (a sink leaks them, say) the others wait, and then go on."""

from __future__ import annotations

import asyncio
import logging
import threading

import attrs
import pytest

from fulfillment_sdk.relay import Attempt, Delivered, Delivery, Event, Outcome
from fulfillment_sdk.relay.dispatching.own_loop import OwnLoop
from fulfillment_sdk.relay.dispatching.runner import (
    DaemonThreads,
    NoDescriptor,
    NoThread,
    call_sink,
)
from fulfillment_sdk.relay.reports.aside import Aside

DELIVERY = Delivery(event=Event("e1", "t", "c", 1, b"{}"), destination="d", attempt=1)
ATTEMPT = Attempt(
    destination="audit", event_id="e0", lane="case_1", attempt=1, at=5.0, seconds=0.1,
    outcome="delivered",
)  # fmt: skip
PATIENCE = 5.0


class Plain:
    def deliver(self, _delivery: Delivery) -> Outcome:
        return Delivered()


@pytest.fixture
def none_left(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """What the interpreter does then; undone, there are some again."""
    monkeypatch.setattr(threading.Thread, "start", _raises)
    return monkeypatch


async def test_no_sink_is_to_blame_and_each_goes_on_when_there_are_some_again(
    none_left: pytest.MonkeyPatch,
) -> None:
    threads = DaemonThreads(1, "sink-d")

    async def call() -> Outcome:
        return await call_sink(
            Plain(), DELIVERY, seconds=PATIENCE, threads=threads, is_over=lambda: False
        )

    for _ in range(2):
        with pytest.raises(NoDescriptor):
            await call()
    assert threads.count == 0
    none_left.undo()

    assert await call() == Delivered()
    threads.close()


async def test_a_call_takes_its_turn_in_a_thread_that_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads, go = DaemonThreads(2, "sink-d"), threading.Event()
    first = asyncio.create_task(threads.call(lambda: go.wait(PATIENCE)))
    await asyncio.sleep(0)
    monkeypatch.setattr(threading.Thread, "start", _raises)
    second = asyncio.create_task(threads.call(lambda: "served"))
    await asyncio.sleep(0)
    go.set()

    assert await first
    assert await second == "served"
    threads.close()


async def test_one_that_has_no_thread_at_all_says_so(none_left: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoThread):
        await DaemonThreads(3, "sink-d").call(lambda: None)


def test_who_observes_is_told_when_there_are_some_again(none_left: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    both = threading.Event()

    def observer(attempt: Attempt) -> None:
        told.append(attempt.event_id)
        if len(told) == 2:
            both.set()

    aside = Aside("late", observer, idle=0.0)
    aside.tell(ATTEMPT)
    assert not aside.is_through
    none_left.undo()

    aside.tell(attrs.evolve(ATTEMPT, event_id="e1"))
    assert both.wait(PATIENCE)
    assert told == ["e0", "e1"]


async def test_a_loop_that_its_owner_stopped_is_begun_anew(
    caplog: pytest.LogCaptureFixture,
) -> None:
    own = OwnLoop("stops")
    loops: list[asyncio.AbstractEventLoop] = []

    async def stops() -> None:
        loops.append(asyncio.get_running_loop())
        loops[-1].stop()
        await asyncio.sleep(PATIENCE)

    async def answers() -> str:
        return "there again"

    with (
        caplog.at_level(logging.CRITICAL, "fulfillment_sdk.relay"),
        pytest.raises(asyncio.CancelledError),
    ):
        await own.run(stops())
    async with asyncio.timeout(PATIENCE):
        while not loops[0].is_closed():  # noqa: ASYNC110  in another thread
            await asyncio.sleep(0)
    assert await own.run(answers()) == "there again"
    await own.end()


def _raises(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
