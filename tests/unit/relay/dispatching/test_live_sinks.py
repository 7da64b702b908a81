"""A sink that hangs while it opens or closes holds up no other, and no host for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from fulfillment_sdk.relay import Delivered, Delivery, Outcome, Relay
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


async def test_a_relay_delivers_to_the_neighbours_of_a_sink_that_does_not_open(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.relay.LiveSinks", impatient)
    bench = make(to())
    relay = Relay(
        bench.store, sinks={"hangs": Hangs(opens=False, closes=False), "scripted": bench.sink}
    )
    arrived = bench.sink.arrival_of("e1")
    async with asyncio.timeout(10):
        async with relay.running():
            await relay.accept(event("e1"))
            await arrived.wait()

    assert bench.pending() == []


def impatient(sinks: dict[str, Hangs], *, on_open: Callable[[], None]) -> LiveSinks:
    return LiveSinks(sinks, on_open=on_open, patience=0.05)
