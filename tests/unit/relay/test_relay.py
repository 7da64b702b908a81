"""A relay as a host runs it: woken by what it accepts, one dispatcher to a file."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from fulfillment_sdk.errors import ConfigurationError, StoreError
from fulfillment_sdk.relay import Relay
from fulfillment_sdk.relay.dispatching.dispatcher import Dispatcher
from fulfillment_sdk.relay.dispatching.election import Election
from tests.unit.relay.conftest import Bench, event

Make = Callable[..., Bench]


async def test_the_relay_passes_on_while_it_runs(make: Make) -> None:
    bench = make()
    arrived = bench.sink.arrival_of("e2")
    bench.accept(event("e1", sequence=1))
    async with bench.relay.running(), asyncio.timeout(5):
        assert bench.relay.is_dispatching
        await bench.relay.accept(event("e2", sequence=2))
        await arrived.wait()

    assert bench.sink.ids == ["e1", "e2"]
    assert bench.pending() == []


async def test_a_relay_that_has_stopped_no_longer_dispatches(make: Make) -> None:
    bench = make()
    async with bench.relay.running():
        pass
    bench.accept(event("e1"))

    assert not bench.relay.is_dispatching
    assert bench.pending() == [("partner", "e1")]


async def test_of_two_relays_on_one_file_one_dispatches_and_the_other_takes_over(
    make: Make,
) -> None:
    first, second = make(), make()
    one, two = first.sink.arrival_of("e1"), second.sink.arrival_of("e2")
    waiting = Relay(second.store, sinks={"scripted": second.sink}, poll=0.01, clock=second.clock)
    async with asyncio.timeout(5), contextlib.AsyncExitStack() as stack:
        async with first.relay.running():
            await stack.enter_async_context(waiting.running())
            await waiting.accept(event("e1"))
            await one.wait()
        await waiting.accept(event("e2"))
        await two.wait()

    assert (first.sink.ids, second.sink.ids) == (["e1"], ["e2"])


async def test_a_relay_without_sinks_leaves_dispatching_to_others(make: Make) -> None:
    bench = make()
    arrived = bench.sink.arrival_of("e1")
    async with (
        asyncio.timeout(5),
        Relay(bench.store, sinks={}, poll=0.01).running(),
        bench.relay.running(),
    ):
        await bench.relay.accept(event("e1"))
        await arrived.wait()

    assert bench.sink.ids == ["e1"]


async def test_who_asks_is_told_of_waiting_and_of_the_turn(make: Make) -> None:
    first, second = make(), make()
    told: list[tuple[str, bool]] = []
    waits, takes_over = asyncio.Event(), asyncio.Event()

    def second_is_told(ours: bool) -> None:
        told.append(("second", ours))
        (takes_over if ours else waits).set()

    async with asyncio.timeout(5), contextlib.AsyncExitStack() as stack:
        async with first.relay.running(on_turn=lambda ours: told.append(("first", ours))):
            await asyncio.sleep(0)
            other = Relay(second.store, sinks={"scripted": second.sink}, poll=0.01)
            await stack.enter_async_context(other.running(on_turn=second_is_told))
            await waits.wait()
        await takes_over.wait()

    assert told == [("first", True), ("second", False), ("second", True)]


@pytest.mark.parametrize("retention", [0, -1, float("nan"), float("inf"), "90 days", True])
def test_a_retention_that_is_no_number_of_seconds_is_refused(make: Make, retention: float) -> None:
    with pytest.raises(ConfigurationError, match="no number of seconds above 0"):
        Relay(make().store, sinks={}, retention=retention)


async def test_a_forked_child_does_not_think_that_it_dispatches(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    async with bench.relay.running():
        assert bench.relay.is_dispatching
        monkeypatch.setattr("fulfillment_sdk.relay.relay.os.getpid", lambda: -1)
        assert not bench.relay.is_dispatching


async def test_a_forked_child_does_not_wake_its_copy_of_the_dispatcher(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    woken: list[Dispatcher] = []
    loop, first = asyncio.get_running_loop(), asyncio.Event()

    def wake(dispatcher: Dispatcher) -> None:
        # By the thread that writes, once it has answered.
        woken.append(dispatcher)
        loop.call_soon_threadsafe(first.set)

    monkeypatch.setattr(Dispatcher, "wake", wake)
    async with bench.relay.running():
        await bench.relay.accept(event("e1"))
        async with asyncio.timeout(10):
            await first.wait()
        woken.clear()
        monkeypatch.setattr("fulfillment_sdk.relay.relay.os.getpid", lambda: -1)
        bench.relay._wake()
        assert woken == []


def test_the_store_is_closed_though_the_stop_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = Relay(f"sqlite:///{tmp_path}/relay.db", sinks={}, keys=[("k", b"k" * 32)])

    def fails() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(relay, "stop", fails)
    with pytest.raises(KeyboardInterrupt):
        relay.close()
    with pytest.raises(StoreError, match="closed"):
        relay.accept(event("e1")).result()


async def test_a_dispatcher_that_ends_though_nobody_stopped_it_says_so(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make()
    ended = asyncio.Event()

    async def fails(_election: Election) -> bool:
        asyncio.get_running_loop().call_soon(ended.set)
        raise RuntimeError("Jane")

    monkeypatch.setattr(Election, "win", fails)
    async with bench.relay.running(), asyncio.timeout(5):
        await ended.wait()
        await asyncio.sleep(0)
        assert not bench.relay.is_dispatching

    assert "this process dispatches no more, start it again: RuntimeError" in caplog.text
    assert "Jane" not in caplog.text


async def test_events_accepted_together_are_answered_one_by_one(make: Make) -> None:
    bench = make()
    first = bench.relay.accept(event("e1"))
    again = bench.relay.accept(event("e1"))
    other = bench.relay.accept(event("e2", "case_2"))

    assert [(await one).status for one in (first, again, other)] == ["new", "duplicate", "new"]
