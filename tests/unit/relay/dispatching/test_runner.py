"""Sinks that are plain functions run in threads that bother nobody."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Awaitable
from pathlib import Path

import pytest

from fulfillment_sdk.relay import (
    Delivered,
    Delivery,
    Destination,
    Event,
    Outcome,
    Relay,
    Retry,
)
from fulfillment_sdk.relay.dispatching.live_sinks import LiveSinks
from fulfillment_sdk.relay.dispatching.runner import DaemonThreads, call_sink

DELIVERY = Delivery(event=Event("e1", "t", "c", 1, b"{}"), destination="d", attempt=1)


class Plain:
    """A sink in a thread, as `answer` says."""

    def __init__(self, answer: Outcome | BaseException | Awaitable[Outcome]) -> None:
        self.answer = answer
        self.threads: list[str] = []

    def deliver(self, _delivery: Delivery) -> Outcome | Awaitable[Outcome]:
        self.threads.append(threading.current_thread().name)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


async def call(sink: Plain) -> Outcome:
    threads = DaemonThreads(2, "sink-d")
    try:
        return await call_sink(sink, DELIVERY, seconds=5, threads=threads, is_over=lambda: False)
    finally:
        threads.close()


async def test_a_plain_function_runs_in_a_thread_of_its_destination() -> None:
    sink = Plain(Delivered("ok"))

    assert await call(sink) == Delivered("ok")
    assert sink.threads == ["sink-d"]


async def test_what_it_raises_becomes_a_retry() -> None:
    assert await call(Plain(OSError("Jane"))) == Retry("OSError raised by the sink")


async def test_a_sink_that_exits_ends_nothing_but_its_try() -> None:
    outcome = await call(Plain(SystemExit(3)))

    assert isinstance(outcome, Retry)


async def test_an_awaitable_from_a_plain_function_is_awaited() -> None:
    async def later() -> Outcome:
        return Delivered("later")

    assert await call(Plain(later())) == Delivered("later")


async def test_a_sinks_own_timeout_is_not_taken_for_ours() -> None:
    assert await call(Plain(TimeoutError())) == Retry("TimeoutError raised by the sink")


async def test_a_call_that_timed_out_while_it_queued_is_never_made() -> None:
    threads = DaemonThreads(1, "sink-d")
    busy, go = threading.Event(), threading.Event()

    def hold() -> None:
        busy.set()
        go.wait(10)

    holding = asyncio.create_task(threads.call(hold))
    await asyncio.to_thread(busy.wait, 10)
    sink = Plain(Delivered())

    outcome = await call_sink(sink, DELIVERY, seconds=0.01, threads=threads, is_over=lambda: False)
    assert outcome == Retry("no answer within 0.01 s")
    go.set()
    await holding
    await threads.call(lambda: None)
    threads.close()
    assert sink.threads == []


async def test_a_call_that_hangs_holds_up_no_other_one_while_there_is_a_thread_to_spare() -> None:
    threads = DaemonThreads(3, "sink-d")
    await threads.call(lambda: None)  # leaves one idle thread, on which both now count
    go = threading.Event()
    hanging = asyncio.create_task(threads.call(lambda: go.wait(10)))
    other = asyncio.create_task(threads.call(lambda: "served"))
    async with asyncio.timeout(5):
        assert await other == "served"

    assert not hanging.done()
    go.set()
    await hanging
    threads.close()


async def test_no_more_threads_are_made_than_allowed() -> None:
    threads = DaemonThreads(2, "sink-d")
    names = {
        await call
        for call in [asyncio.create_task(threads.call(threading.get_ident)) for _ in range(20)]
    }
    threads.close()

    assert 1 <= len(names) <= 2


async def test_threads_that_have_nothing_to_do_end_and_new_ones_are_made() -> None:
    threads = DaemonThreads(2, "sink-d", idle=0.001)
    thread: threading.Thread = await threads.call(threading.current_thread)
    await asyncio.to_thread(thread.join, 10)
    assert not thread.is_alive()
    assert threads.count == 0

    assert await threads.call(lambda: "served again") == "served again"
    threads.close()


def test_a_hanging_sink_does_not_keep_the_process_from_ending(tmp_path: Path) -> None:
    code = (
        "import threading\n"
        "from fulfillment_sdk.relay import *\n"
        "called = threading.Event()\n"
        "class Hangs:\n"
        "    def deliver(self, delivery):\n"
        "        called.set(); threading.Event().wait()\n"
        f"relay = Relay('sqlite:///{tmp_path}/x.db', destinations=[Destination('d', 'h')],\n"
        "              sinks={'h': Hangs()})\n"
        "relay.start()\n"
        "relay.accept(Event('e1', 't', 'c', 1, b'{}')).result()\n"
        "assert called.wait(10)\n"
        "print('the end')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )

    assert ran.stdout == "the end\n"


class OpenedAndClosed:
    """A sink with a beginning and an end."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.told: list[str] = []
        self.delivered = threading.Event()

    async def open(self) -> None:
        self.told.append("open")
        if self.fails:
            raise ConnectionError("no peer")

    def close(self) -> None:
        self.told.append("close")

    def deliver(self, delivery: Delivery) -> Outcome:
        self.told.append(delivery.id)
        self.delivered.set()
        return Delivered()


def test_a_relay_opens_its_sinks_runs_in_its_thread_and_closes_them(tmp_path: Path) -> None:
    sink = OpenedAndClosed()
    with Relay(
        f"sqlite:///{tmp_path}/x.db", destinations=[Destination("d", "s")], sinks={"s": sink}
    ) as relay:
        assert relay.accept(Event("e1", "t", "c", 1, b"{}")).result().status == "new"
        assert sink.delivered.wait(10)

    assert sink.told == ["open", "e1", "close"]


def test_a_sink_that_cannot_open_or_close_stops_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = OpenedAndClosed(fails=True), OpenedAndClosed()
    with Relay(
        f"sqlite:///{tmp_path}/x.db",
        destinations=[Destination("a", "broken"), Destination("b", "sound")],
        sinks={"broken": broken, "sound": sound},
    ) as relay:
        relay.accept(Event("e1", "t", "c", 1, b"{}")).result()
        assert sound.delivered.wait(10)

    assert (broken.told, sound.told) == (["open", "close"], ["open", "e1", "close"])
    assert "sink 'broken' did not open, its events wait: ConnectionError" in caplog.text


async def test_a_sink_whose_peer_comes_later_is_opened_then() -> None:
    sink, opened = OpenedAndClosed(fails=True), asyncio.Event()
    sinks = LiveSinks({"late": sink}, on_open=opened.set, retry=0.001)
    await sinks.open()
    assert sinks.ready == {}
    sink.fails = False
    async with asyncio.timeout(5):
        await opened.wait()

    assert sinks.ready == {"late": sink}
    await sinks.close()


async def test_a_sink_that_raises_while_closing_is_named_and_the_next_one_closed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class RaisesAtTheEnd(OpenedAndClosed):
        def close(self) -> None:
            raise OSError("Jane")

    other = OpenedAndClosed()
    sinks = LiveSinks({"bad": RaisesAtTheEnd(), "good": other}, on_open=lambda: None)
    await sinks.open()
    await sinks.close()

    assert other.told == ["open", "close"]
    assert "sink 'bad' did not close: OSError" in caplog.text
    assert "Jane" not in caplog.text


def test_what_was_accepted_before_a_restart_goes_out_after_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    idle = Relay(url, destinations=[Destination("d", "s")], sinks={"s": OpenedAndClosed()})
    idle.accept(Event("e1", "t", "c", 1, b"{}")).result()
    idle.close()
    sink = OpenedAndClosed()
    with Relay(url, destinations=[Destination("d", "s")], sinks={"s": sink}):
        assert sink.delivered.wait(10)

    assert sink.told == ["open", "e1", "close"]
