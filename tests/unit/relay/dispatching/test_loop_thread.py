"""A relay's thread: it ends within its time, whatever a sink or an observer does."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from fulfillment_sdk.relay.dispatching.bounded_run import run
from fulfillment_sdk.relay.dispatching.loop_thread import LoopThread


async def stubborn(begun: Callable[[], object], release: threading.Event) -> None:
    begun()
    while not release.is_set():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)


def test_a_task_that_swallows_every_cancellation_is_left_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept: list[asyncio.Task[None]] = []
    release = threading.Event()

    async def main() -> str:
        begun = asyncio.Event()
        kept.append(asyncio.create_task(stubborn(begun.set, release)))
        await begun.wait()
        return "through"

    assert run(main(), patience=0.01) == "through"
    assert not kept[0].done()
    assert "1 tasks do not let themselves be ended, and are left behind" in caplog.messages
    forget(kept[0])


def test_tasks_that_end_when_they_are_told_to_get_to_clean_up() -> None:
    cleaned: list[str] = []

    async def tidy() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)
            cleaned.append("yes")

    async def main() -> None:
        kept.append(asyncio.create_task(tidy()))
        await asyncio.sleep(0)

    kept: list[asyncio.Task[None]] = []
    run(main(), patience=5)
    assert cleaned == ["yes"]


def test_a_thread_of_the_loop_that_hangs_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()

    async def main() -> None:
        begun, loop = asyncio.Event(), asyncio.get_running_loop()

        def hang() -> None:
            loop.call_soon_threadsafe(begun.set)
            release.wait()

        kept.append(asyncio.ensure_future(asyncio.to_thread(hang)))
        await begun.wait()

    kept: list[asyncio.Future[None]] = []
    try:
        run(main(), patience=0.01)
        assert "threads of this loop do not end, and are left behind" in caplog.messages
    finally:
        release.set()


def test_what_the_main_coroutine_raises_is_raised() -> None:
    async def main() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        run(main())


def test_a_stop_ends_though_a_task_never_does(caplog: pytest.LogCaptureFixture) -> None:
    kept: list[asyncio.Task[None]] = []

    @contextlib.asynccontextmanager
    async def context() -> AsyncIterator[None]:
        kept.append(asyncio.create_task(stubborn(lambda: None, threading.Event())))
        await asyncio.sleep(0)
        yield

    thread = LoopThread(context, name="relay", last=0.01)
    thread.start()
    thread.stop()
    assert "left behind" in caplog.text
    forget(kept[0])


def test_a_stop_gives_up_on_a_context_that_is_never_left(caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()

    @contextlib.asynccontextmanager
    async def context() -> AsyncIterator[None]:
        yield
        release.wait()

    thread = LoopThread(context, name="relay", patience=0.01)
    thread.start()
    try:
        thread.stop()
        assert "thread relay does not end, and is left behind" in caplog.messages
    finally:
        release.set()


def test_a_task_beside_the_others_that_exits_ends_none_of_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def leave() -> None:
        raise SystemExit(1)

    async def interrupt() -> None:
        raise KeyboardInterrupt

    async def main() -> str:
        for beside in (leave(), interrupt()):
            kept.append(asyncio.create_task(beside))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return "through"

    kept: list[asyncio.Task[None]] = []
    with ThreadPoolExecutor(1) as elsewhere:  # where nobody can press Ctrl-C
        assert elsewhere.submit(lambda: run(main())).result(10) == "through"
    assert [type(task.exception()) for task in kept] == [SystemExit, KeyboardInterrupt]
    assert caplog.messages == [
        "SystemExit raised beside all others, which go on",
        "KeyboardInterrupt raised beside all others, which go on",
    ]


def test_a_task_that_exits_when_it_is_told_to_end_keeps_no_result_back() -> None:
    async def exits_late() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            raise SystemExit(1)

    async def main() -> str:
        kept.append(asyncio.create_task(exits_late()))
        await asyncio.sleep(0)
        return "through"

    kept: list[asyncio.Task[None]] = []
    assert run(main(), patience=5) == "through"
    assert isinstance(kept[0].exception(), SystemExit)


def test_what_nobody_awaits_is_told_by_its_kind_and_place(caplog: pytest.LogCaptureFixture) -> None:
    told = threading.Event()

    async def fails(narrative: str) -> None:
        raise ValueError(narrative)

    def answers(narrative: str) -> None:
        told.set()
        raise LookupError(narrative)

    @contextlib.asynccontextmanager
    async def context() -> AsyncIterator[None]:
        task = asyncio.create_task(fails("Jane Doe"))
        await asyncio.wait([task])
        del task
        gc.collect()
        asyncio.get_running_loop().call_soon(answers, "Jane Doe")
        yield

    thread = LoopThread(context, name="relay")
    thread.start()
    assert told.wait(5)
    thread.stop()

    kinds = [message.split(" at ")[0] for message in caplog.messages]
    assert kinds == ["a sink's loop: ValueError", "a sink's loop: LookupError"]
    assert all(f"{__file__}:" in message for message in caplog.messages)
    assert "Jane" not in caplog.text


def test_ctrl_c_ends_a_loop_of_the_main_thread() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
        await asyncio.sleep(3600)

    with pytest.raises(KeyboardInterrupt):
        run(main())


def test_an_end_that_was_no_stop_is_told_and_can_be_stopped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @contextlib.asynccontextmanager
    async def context() -> AsyncIterator[None]:
        yield
        raise SystemExit(1)

    thread = LoopThread(context, name="relay")
    thread.start()
    thread.stop()
    thread.stop()
    assert "thread relay ended with SystemExit" in caplog.messages


def test_nobody_waits_for_ever_for_a_context_that_blocks_the_loop_as_it_is_entered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    release, left = threading.Event(), threading.Event()

    @contextlib.asynccontextmanager
    async def context() -> AsyncIterator[None]:
        release.wait()
        yield
        left.set()

    thread = LoopThread(context, name="relay")
    thread.start(patience=0.01)
    thread.start(patience=0.01)  # it is under way: there is no second one
    threading.Timer(0.01, release.set).start()
    thread.stop()

    assert left.is_set()
    assert caplog.messages == ["thread relay has not begun within 0.01 s, and goes on"]


def test_who_stops_it_from_within_does_not_wait_for_himself() -> None:
    left, stopped = threading.Event(), threading.Event()

    @contextlib.asynccontextmanager
    async def context() -> AsyncIterator[None]:
        asyncio.get_running_loop().call_soon(stop)
        yield
        left.set()

    def stop() -> None:
        thread.stop()
        stopped.set()

    thread = LoopThread(context, name="relay")
    thread.start()
    assert stopped.wait(5)
    assert left.wait(5)


def forget(task: asyncio.Task[None]) -> None:
    """Keep the loop's complaint about a task that it lost out of later tests."""
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    task.get_coro().close()
