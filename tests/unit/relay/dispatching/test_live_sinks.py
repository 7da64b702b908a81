"""A sink that hangs while it opens or closes holds up no other, and no host for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping

import pytest

from fulfillment_sdk.relay import Delivered, Delivery, Outcome, Relay, Sink
from fulfillment_sdk.relay.dispatching.live_sinks import LiveSinks
from tests.unit.relay.conftest import Bench, event, to

Make = Callable[..., Bench]


class Hangs:
    """Opens, and closes, when it is let."""

    def __init__(self, *, opens: bool = True, closes: bool = True) -> None:
        self.opened, self.closed = asyncio.Event(), asyncio.Event()
        for let, gate in ((opens, self.opened), (closes, self.closed)):
            if let:
                gate.set()

    async def open(self) -> None:
        await self.opened.wait()

    async def close(self) -> None:
        await self.closed.wait()

    async def deliver(self, _delivery: Delivery) -> Outcome:
        return Delivered()


async def test_a_sink_that_hangs_as_it_opens_counts_as_failed_and_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hangs, sound, later = Hangs(opens=False), Hangs(), asyncio.Event()
    sinks = LiveSinks({"hangs": hangs, "sound": sound}, on_open=later.set, patience=0.05)
    async with asyncio.timeout(5):
        await sinks.open()
        assert sinks.ready == {"sound": sound}
        assert "sink 'hangs' has not opened yet, its events wait" in caplog.text

        hangs.opened.set()
        await later.wait()
        assert sinks.ready == {"hangs": hangs, "sound": sound}
        await sinks.close()


async def test_sinks_open_at_the_same_time() -> None:
    class LetsTheOtherOpen(Hangs):
        async def open(self) -> None:
            first.opened.set()

    first, second = Hangs(opens=False), LetsTheOtherOpen()
    sinks = LiveSinks({"first": first, "second": second}, on_open=lambda: None)
    async with asyncio.timeout(5):
        await sinks.open()
        await sinks.close()

    assert sinks.ready.keys() == {"first", "second"}


async def test_a_sink_that_hangs_as_it_closes_is_left_alone_after_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sinks = LiveSinks(
        {"hangs": Hangs(closes=False), "sound": Hangs()}, on_open=lambda: None, patience=0.05
    )
    await sinks.open()
    async with asyncio.timeout(5):
        await sinks.close()

    assert caplog.messages == ["sink 'hangs' did not close within 0.05 s"]


async def test_a_sink_that_still_opens_can_be_closed() -> None:
    hangs = Hangs(opens=False)
    sinks = LiveSinks({"hangs": hangs}, on_open=lambda: None, patience=0.05)
    async with asyncio.timeout(5):
        await sinks.open()
        await sinks.close()
    hangs.opened.set()
    await asyncio.sleep(0)

    assert sinks.ready == {}


class Blocks:
    """Opens, and closes, in plain functions that block until they are let."""

    def __init__(self, *, opens: bool = True, closes: bool = True) -> None:
        self.opened, self.closed, self.told = threading.Event(), threading.Event(), [""]
        self.is_closed = threading.Event()
        for let, gate in ((opens, self.opened), (closes, self.closed)):
            if let:
                gate.set()

    def open(self) -> None:
        self.opened.wait(10)
        self.told.append("open")

    def close(self) -> None:
        self.closed.wait(10)
        self.told.append("close")
        self.is_closed.set()

    def deliver(self, _delivery: Delivery) -> Outcome:
        return Delivered()


async def test_a_plain_function_that_blocks_as_it_opens_holds_up_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    blocks, sound, later = Blocks(opens=False), Hangs(), asyncio.Event()
    sinks = LiveSinks({"blocks": blocks, "sound": sound}, on_open=later.set, patience=0.05)
    async with asyncio.timeout(5):
        await sinks.open()
        assert sinks.ready == {"sound": sound}
        assert "sink 'blocks' has not opened yet, its events wait" in caplog.text

        blocks.opened.set()
        await later.wait()
        assert sinks.ready == {"blocks": blocks, "sound": sound}
        await sinks.close()


async def test_a_plain_function_that_blocks_as_it_closes_is_left_alone_after_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    blocks, other = Blocks(closes=False), Blocks()
    sinks = LiveSinks({"blocks": blocks, "other": other}, on_open=lambda: None, patience=0.05)
    await sinks.open()
    async with asyncio.timeout(5):
        await sinks.close()
    blocks.closed.set()

    assert other.is_closed.is_set()
    assert caplog.messages == ["sink 'blocks' did not close within 0.05 s"]


async def test_what_opens_after_the_end_is_closed_all_the_same() -> None:
    blocks = Blocks(opens=False)
    sinks = LiveSinks({"blocks": blocks}, on_open=lambda: None, patience=0.05)
    async with asyncio.timeout(5):
        await sinks.open()
        await sinks.close()
    assert blocks.told == [""], "nobody waits for it"
    blocks.opened.set()

    assert await asyncio.to_thread(blocks.is_closed.wait, 10)
    assert blocks.told == ["", "open", "close"]


async def test_what_a_plain_function_raises_is_told_by_its_type_and_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class OpensAtLast(Blocks):
        def open(self) -> None:
            self.told.append("open")
            if self.told.count("open") < 3:
                raise ConnectionError("Jane")

    sink, opened = OpensAtLast(), asyncio.Event()
    sinks = LiveSinks({"late": sink}, on_open=opened.set, retry=0.001)
    async with asyncio.timeout(5):
        await sinks.open()
        await opened.wait()
        await sinks.close()

    failure = "sink 'late' did not open, its events wait: ConnectionError; next try in 0.001 s"
    assert caplog.messages == [failure] * 2
    assert sink.told == ["", "open", "open", "open", "close"]


async def test_a_sink_that_cancels_itself_as_it_opens_is_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class CancelsItself(Hangs):
        tries = 0

        async def open(self) -> None:
            self.tries += 1
            task = asyncio.current_task()
            if self.tries < 3 and task is not None:
                task.cancel()
                await asyncio.Event().wait()

        async def close(self) -> None:
            raise asyncio.CancelledError

    sink, opened = CancelsItself(), asyncio.Event()
    sinks = LiveSinks({"odd": sink}, on_open=opened.set, retry=0.001)
    async with asyncio.timeout(5):
        await sinks.open()
        await opened.wait()
        await sinks.close()

    assert sinks.ready == {"odd": sink}
    failure = "sink 'odd' did not open, its events wait: CancelledError; next try in 0.001 s"
    assert caplog.messages == [failure] * 2 + ["sink 'odd' did not close: CancelledError"]


@pytest.mark.parametrize("kind", [Hangs, Blocks])
async def test_a_relay_delivers_to_the_neighbours_of_a_sink_that_does_not_open(
    make: Make, monkeypatch: pytest.MonkeyPatch, kind: type[Hangs | Blocks]
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.relay.LiveSinks", impatient)
    bench = make(to())
    hangs = kind(opens=False, closes=False)
    relay = Relay(bench.store, sinks={"hangs": hangs, "scripted": bench.sink})
    arrived = bench.sink.arrival_of("e1")
    async with asyncio.timeout(10):
        async with relay.running():
            await relay.accept(event("e1"))
            await arrived.wait()
    hangs.opened.set()
    hangs.closed.set()

    assert bench.pending() == []


def impatient(sinks: Mapping[str, Sink], *, on_open: Callable[[], None]) -> LiveSinks:
    return LiveSinks(sinks, on_open=on_open, patience=0.05)
