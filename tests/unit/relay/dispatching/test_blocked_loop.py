"""A loop that somebody blocks is told of, with the place where it stands still."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
from pathlib import Path

import pytest

from fulfillment_sdk.hooks.calling import observe
from fulfillment_sdk.hooks.plugin import inspect_plugin
from fulfillment_sdk.plugins import hookimpl
from fulfillment_sdk.relay import Delivered, Delivery, Destination, Event, Outcome, Relay
from fulfillment_sdk.relay.dispatching import blocked_loop
from fulfillment_sdk.relay.dispatching.blocked_loop import BlockedLoop, place_of


class Blocks:
    """A sink that should await what it waits for."""

    def __init__(self) -> None:
        self.begun, self.release = threading.Event(), threading.Event()

    async def deliver(self, _delivery: Delivery) -> Outcome:
        self.begun.set()
        self.release.wait(20)
        return Delivered()


async def test_it_is_told_once_a_minute_for_as_long_as_it_lasts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watch = BlockedLoop(asyncio.get_running_loop())
    for _ in range(1 + 70):  # and nothing is awaited meanwhile
        watch.look()

    seconds = [message.split("blocked for ")[1].split(",")[0] for message in caplog.messages]
    assert seconds == ["10 s", "70 s"]


async def test_one_that_goes_on_is_not_told_of(caplog: pytest.LogCaptureFixture) -> None:
    watch = BlockedLoop(asyncio.get_running_loop())
    for _ in range(4):
        for _ in range(10):
            watch.look()
        await asyncio.sleep(0)

    assert caplog.messages == []


def test_a_relay_tells_of_a_sink_that_blocks_its_loop_and_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(blocked_loop, "LOOK_EVERY", 0.001)
    told, tell = threading.Event(), blocked_loop.log.error

    def tell_and_say_so(*said: object) -> None:
        tell(*said)
        told.set()

    monkeypatch.setattr(blocked_loop.log, "error", tell_and_say_so)
    sink = Blocks()
    url = f"sqlite:///{tmp_path / 'r.db'}"
    with Relay(url, destinations=[Destination("blocks", "blocks")], sinks={"blocks": sink}) as one:
        one.accept(Event("evt_1", "t", "case", 1, b"{}")).result(10)
        try:
            assert sink.begun.wait(10)
            assert told.wait(10)
        finally:
            sink.release.set()

    first = inspect.getsourcelines(Blocks.deliver)[1]
    assert f"{__file__}:{first + 2}; what blocks must be a plain def" in caplog.text


def test_the_place_of_a_hook_is_in_its_plugin() -> None:
    places: list[str] = []

    class Observer:
        @hookimpl
        def fulfillment_on_attempt(self) -> None:
            places.append(place_of(sys._getframe()))

    observe(inspect_plugin(Observer()), "fulfillment_on_attempt", attempt=None)

    assert [place.rsplit(":", 1)[0] for place in places] == [__file__]


def test_a_place_that_nobody_knows_is_said_to_be_that() -> None:
    assert place_of(None) == "an unknown place"
