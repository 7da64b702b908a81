"""What is accepted goes out at once, though the dispatcher would not look for ten minutes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fulfillment_sdk.relay import SCHEMA, Relay
from fulfillment_sdk.relay.dispatching.dispatcher import Dispatcher
from fulfillment_sdk.store import Sealer, Store
from fulfillment_sdk.store.listening import Listening
from tests.unit.relay.both import DATABASES, empty_store
from tests.unit.relay.conftest import Bench, Clock, event

Make = Callable[..., Bench]


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with empty_store(request.param, tmp_path, clock) as opened:
        yield opened


class Sleeper:
    """A dispatcher of which one knows when it sleeps, having been told all there was to tell.

    Args:
        listens: whether what the store tells gets through to it.
    """

    def __init__(
        self, store: Store, monkeypatch: pytest.MonkeyPatch, *, listens: bool = True
    ) -> None:
        self._begun = self._over = 0  # turns
        self._last: int | None = None  # the one behind the first call after connecting
        self._moved = asyncio.Event()
        loop = asyncio.get_running_loop()
        turn, listen = Dispatcher.turn, store.listen

        async def noted_turn(dispatcher: Dispatcher, *, look: bool = True) -> float:
            self._begun += 1
            number = self._begun
            pause = await turn(dispatcher, look=look)
            if pause > 0:
                self._over = number
                self._moved.set()
            return pause

        def heard(begun: int) -> None:
            if self._last is None:
                self._last = begun + 1 if listens else 1
                self._moved.set()

        def noted_listen(callback: Callable[[], None]) -> Listening:
            def told() -> None:
                begun = self._begun  # here and now: the loop may begin one meanwhile
                if listens:
                    callback()
                loop.call_soon_threadsafe(heard, begun)

            return listen(told)

        monkeypatch.setattr(Dispatcher, "turn", noted_turn)
        monkeypatch.setattr(store, "listen", noted_listen)

    async def sleeps(self) -> None:
        async with asyncio.timeout(10):
            while self._last is None or self._over < self._last:
                self._moved.clear()
                await self._moved.wait()


async def test_what_another_process_accepts_goes_out_without_waiting_for_the_poll(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    dispatching = Relay(bench.store, sinks={"scripted": bench.sink}, poll=600.0, clock=bench.clock)
    dispatcher = Sleeper(bench.store, monkeypatch)
    arrived = bench.sink.arrival_of("e1")
    sealer = Sealer([("k", b"k" * 32)])
    with Store.open(bench.store.url, schemas=[SCHEMA], sealer=sealer, clock=bench.clock) as other:
        accepting = Relay(other, sinks={"scripted": bench.sink}, clock=bench.clock)
        async with dispatching.running():
            await dispatcher.sleeps()
            async with asyncio.timeout(5):
                await accepting.accept(event("e1"))
                await arrived.wait()

    assert bench.pending() == []


async def test_what_this_process_accepts_goes_out_though_nobody_listens(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    dispatching = Relay(bench.store, sinks={"scripted": bench.sink}, poll=600.0, clock=bench.clock)
    dispatcher = Sleeper(bench.store, monkeypatch, listens=False)
    arrived = bench.sink.arrival_of("e1")
    async with dispatching.running():
        await dispatcher.sleeps()
        async with asyncio.timeout(5):
            await dispatching.accept(event("e1"))
            await arrived.wait()

    assert bench.pending() == []
