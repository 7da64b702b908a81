"""A stranger's `async def` runs in a loop of its own, so that one that blocks stops nobody else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Iterator
from pathlib import Path

import attrs
import pytest

from fulfillment_sdk.relay import Delivered, Delivery, Destination, Event, Outcome, Relay
from fulfillment_sdk.relay.dispatching import own_loop
from fulfillment_sdk.relay.dispatching.loop_thread import LoopThread
from fulfillment_sdk.relay.values import Sink

PATIENCE = 5.0
EVENT = Event("evt_1", "t", "case_1", 1, b"{}")


@attrs.define
class Blocks:
    """Is `async def`, and awaits nothing."""

    begun: threading.Event = attrs.field(factory=threading.Event)
    release: threading.Event = attrs.field(factory=threading.Event)

    async def deliver(self, delivery: Delivery) -> Outcome:
        self.begun.set()
        self.release.wait(3 * PATIENCE)
        return Delivered()


@attrs.define
class After:
    """Answers once another one blocks its loop."""

    other: Blocks
    arrived: threading.Event = attrs.field(factory=threading.Event)

    def deliver(self, delivery: Delivery) -> Outcome:
        self.other.begun.wait(PATIENCE)
        self.arrived.set()
        return Delivered()


@attrs.define
class Tells:
    """Tells in which loop, or in which thread, each of its methods is."""

    places: list[tuple[str, object]] = attrs.field(factory=list)
    seen: threading.Event = attrs.field(factory=threading.Event)

    async def open(self) -> None:
        self.places.append(("open", asyncio.get_running_loop()))

    async def deliver(self, delivery: Delivery) -> Outcome:
        self.places.append(("deliver", asyncio.get_running_loop()))
        self.seen.set()
        return Delivered()

    async def close(self) -> None:
        self.places.append(("close", asyncio.get_running_loop()))


class Calls(Tells):
    """The same, as a hook's sink is: called in a thread, and what it returns is awaited."""

    def deliver(self, delivery: Delivery) -> Awaitable[Outcome]:  # type: ignore[override]
        return super().deliver(delivery)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/relay.db"


@pytest.fixture
def blocks() -> Iterator[Blocks]:
    sink = Blocks()
    yield sink
    sink.release.set()


def relay_with(url: str, timeout: float = PATIENCE, **sinks: Sink) -> Relay:
    destinations = [Destination(name, name, timeout=timeout) for name in sinks]
    return Relay(url, destinations=destinations, sinks=sinks, strangers=set(sinks))


def test_one_that_blocks_its_loop_stops_no_other(url: str, blocks: Blocks) -> None:
    after = After(blocks)
    with relay_with(url, blocks=blocks, after=after) as relay:
        relay.accept(EVENT).result(PATIENCE)
        assert after.arrived.wait(PATIENCE)
        after.arrived.clear()  # the first one may have been on its way already
        relay.accept(Event("evt_2", "t", "case_2", 1, b"{}")).result(PATIENCE)
        assert after.arrived.wait(PATIENCE)
        blocks.release.set()


def test_its_time_limit_counts_though_it_blocks(url: str, blocks: Blocks) -> None:
    failed = threading.Event()
    relay = Relay(
        url,
        destinations=[Destination("blocks", "blocks", timeout=0.05)],
        sinks={"blocks": blocks},
        strangers={"blocks"},
        on_attempt=lambda attempt: failed.set() if attempt.outcome == "retry" else None,
    )
    with relay:
        relay.accept(EVENT).result(PATIENCE)
        assert failed.wait(PATIENCE)
        blocks.release.set()


@pytest.mark.parametrize("kind", [Tells, Calls])
def test_all_that_one_awaits_is_in_one_loop(url: str, kind: type[Tells]) -> None:
    one, other = kind(), kind()
    with relay_with(url, one=one, other=other) as relay:
        relay.accept(EVENT).result(PATIENCE)
        assert one.seen.wait(PATIENCE)
        assert other.seen.wait(PATIENCE)

    assert [method for method, _ in one.places] == ["open", "deliver", "close"]
    assert len({loop for _, loop in one.places}) == 1
    assert len({loop for _, loop in (*one.places, *other.places)}) == 2


async def test_in_a_hosts_own_loop_all_are_awaited_there(url: str) -> None:
    sink = Tells()
    relay = relay_with(url, sink=sink)
    async with relay.running():
        await relay.accept(EVENT)
        await asyncio.to_thread(sink.seen.wait, PATIENCE)
    relay.close()

    assert {loop for _, loop in sink.places} == {asyncio.get_running_loop()}


def test_one_that_awaits_nothing_has_no_loop(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def begin(_thread: object) -> None:
        raise AssertionError("a thread was begun")

    monkeypatch.setattr(LoopThread, "start", begin)
    released = Blocks()
    released.begun.set()
    after = After(released)
    (sink,) = own_loop.apart({"after": after}, {"after"}).values()
    assert sink.deliver(Delivery(event=EVENT, destination="after", attempt=1)) == Delivered()


async def test_what_exits_in_a_loop_of_its_own_is_told_to_who_awaits_it() -> None:
    own = own_loop.OwnLoop("exits")

    async def exits() -> None:
        raise SystemExit

    async def answers() -> str:
        return "still there"

    with pytest.raises(SystemExit):
        await own.run(exits())
    assert await own.run(answers()) == "still there"
    await own.end()
