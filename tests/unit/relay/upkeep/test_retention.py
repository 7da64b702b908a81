"""What every destination has is let go in time; what is owed to anybody never is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.relay import Event, Reject, Relay, Retry
from fulfillment_sdk.relay.schema import attempts, dead_letters, deliveries, events, quarantine
from fulfillment_sdk.relay.upkeep import retention
from fulfillment_sdk.relay.upkeep.retention import Swept, keep_sweeping, remove_events, sweep
from fulfillment_sdk.store import Store
from tests.unit.relay.both import DATABASES, count, empty_store, make_older
from tests.unit.relay.conftest import Bench, Clock, ScriptedSink, event, to

Make = Callable[..., Bench]
DAY = 86_400.0
KEEP = 30 * DAY


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with empty_store(request.param, tmp_path, clock) as opened:
        yield opened


class Pauses:
    """Notes how long somebody would have slept, and goes on at once."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


def kept(store: Store) -> set[str]:
    query = sa.select(events.c.event_id)
    return set(store.read(lambda c: c.execute(query).scalars().all()).result())


async def test_what_has_arrived_everywhere_goes_when_it_is_old_enough(
    make: Make, store: Store
) -> None:
    bench = make()
    bench.accept(event("old"), event("young", "case_2"))
    await bench.drain()
    make_older(store, KEEP + DAY, "old")
    make_older(store, KEEP - DAY, "young")

    assert await sweep(store, KEEP, sleep=Pauses()) == Swept(attempts=1, events=1)
    assert kept(store) == {"young"}
    assert [one.event_id for one in bench.relay.attempts().result()] == ["young"]
    assert await sweep(store, KEEP, sleep=Pauses()) == Swept()


async def test_an_event_that_nobody_wants_goes_too(make: Make, store: Store) -> None:
    bench = make(to(owner="other"))
    bench.accept(event("old"))
    make_older(store, KEEP + DAY, "old")

    assert await sweep(store, KEEP, sleep=Pauses()) == Swept(events=1)


@pytest.mark.parametrize("ordering", ["case", "none"])
async def test_what_is_owed_to_one_destination_stays(
    make: Make, store: Store, ordering: str
) -> None:
    bench = make(to("a"), to("b", ordering=ordering))
    bench.sink.fails_for.add("b")
    bench.accept(*(event(f"e{n}", "case_1", n) for n in range(3)))
    await bench.drain()
    make_older(store, KEEP + DAY, "e0", "e1", "e2")

    assert (await sweep(store, KEEP, sleep=Pauses())).events == 0
    assert kept(store) == {"e0", "e1", "e2"}
    bench.sink.fails_for.clear()
    bench.store.write(lambda c: c.execute(sa.text("UPDATE relay_lanes SET due_at = 0"))).result()
    bench.sink.seen.clear()
    await bench.drain()
    assert sorted(bench.sink.ids) == ["e0", "e1", "e2"], "all of them can still be delivered"


async def test_what_is_dead_stays_until_it_is_replayed(make: Make, store: Store) -> None:
    bench = make(to("a"), to("b"))
    bench.sink.script["e1"] = [Reject("422")] * 2
    bench.accept(event("e1"))
    await bench.drain()
    make_older(store, KEEP + DAY, "e1")

    await sweep(store, KEEP, sleep=Pauses())
    assert kept(store) == {"e1"}
    assert bench.relay.replay_many().result() == 2
    await bench.drain()
    make_older(store, KEEP + DAY, "e1")
    assert (await sweep(store, KEEP, sleep=Pauses())).events == 1
    assert count(store, dead_letters) == 0


async def test_a_conflicts_original_stays_and_so_does_the_quarantine(
    make: Make, store: Store
) -> None:
    bench = make()
    bench.accept(event("e1"), Event("e1", "t", "case_1", None, b"other bytes", "org"))
    await bench.drain()
    make_older(store, KEEP + DAY, "e1")

    assert await sweep(store, KEEP, sleep=Pauses()) == Swept(attempts=1)
    assert kept(store) == {"e1"}
    assert count(store, quarantine) == 1


async def test_an_event_that_was_tried_lately_stays(make: Make, store: Store) -> None:
    bench = make()
    bench.accept(event("e1"))
    await bench.drain()
    make_older(store, KEEP + DAY, "e1")
    assert bench.relay.replay("partner", "e1").result()
    await bench.drain()

    assert await sweep(store, KEEP, sleep=Pauses()) == Swept(attempts=1)
    assert [one.event_id for one in bench.relay.attempts().result()] == ["e1"]


async def test_a_destination_whose_order_changed_is_owed_all_the_same(
    make: Make, store: Store
) -> None:
    bench = make(to("p", owner="org", ordering="none"))
    bench.sink.fails_for.add("p")
    bench.accept(event("e1"))
    await bench.drain()
    changed = to("p", owner="org", ordering="case")
    bench.store.write(lambda c: bench.relay.put_destination(c, changed)).result()
    make_older(store, KEEP + DAY, "e1")

    await sweep(store, KEEP, sleep=Pauses())
    assert kept(store) == {"e1"}


async def test_with_many_destinations_each_is_asked_about_its_owners_events(
    make: Make, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_FEW", 1)
    bench = make(*(to(owner, owner=owner) for owner in ("", "org", "other") if owner), to("all"))
    bench.sink.fails_for |= {"org", "other"}
    bench.accept(
        event("e1"),
        Event("f1", "t", "case_9", 1, b"", "other"),
        Event("g1", "t", "l", 1, b"", "third"),
    )
    await bench.drain()
    make_older(store, KEEP + DAY, "e1", "f1", "g1")

    await sweep(store, KEEP, sleep=Pauses())
    assert kept(store) == {"e1", "f1"}


async def test_it_goes_in_small_batches_with_pauses_between_them(
    make: Make, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    bench = make()
    ids = [f"e{n}" for n in range(8)]
    bench.sink.script["e4"] = [Retry("500")]
    bench.accept(*(event(id, f"case_{id}") for id in ids))
    await bench.drain()
    make_older(store, KEEP + DAY, *ids)
    writes: list[int] = []
    original = retention.remove_events

    def noted(connection: sa.Connection, numbers: list[int]) -> int:
        writes.append(original(connection, numbers))
        return writes[-1]

    monkeypatch.setattr(retention, "remove_events", noted)
    pauses = Pauses()
    assert await sweep(store, KEEP, sleep=pauses) == Swept(attempts=8, events=7)
    assert max(writes) <= 3
    assert len(pauses.seconds) >= 4
    assert kept(store) == {"e4"}


async def test_what_is_lined_up_after_it_was_found_stays(make: Make, store: Store) -> None:
    bench = make()
    bench.accept(event("e1"))
    await bench.drain()
    make_older(store, KEEP + DAY, "e1")
    store.write(lambda c: c.execute(sa.delete(attempts))).result()
    before = store.read(store.now).result() - KEEP
    numbers, _ = store.read(lambda c: retention.removable(c, before, None)).result()
    assert len(numbers) == 1

    assert bench.relay.replay("partner", "e1").result()
    assert store.write(lambda c: remove_events(c, numbers)).result() == 0
    assert count(store, deliveries) == 1


@pytest.mark.parametrize("failure", [StoreUnavailable("disk full"), KeyError("disk full")])
async def test_it_comes_again_after_a_sweep_that_failed(
    make: Make,
    store: Store,
    failure: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = make()
    bench.accept(event("e1"))
    await bench.drain()
    make_older(store, KEEP + DAY, "e1")
    rounds = asyncio.Queue[float]()
    failing = [failure]
    original = retention.sweep

    async def sometimes(*arguments: object, **more: object) -> Swept:
        if failing:
            raise failing.pop()
        return await original(*arguments, **more)  # type: ignore[arg-type]

    async def sleep(seconds: float) -> None:
        await rounds.put(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(retention, "sweep", sometimes)
    async with asyncio.timeout(10), keep_sweeping(store, KEEP, every=7.0, sleep=sleep):
        while await rounds.get() != 7.0:
            continue
        assert kept(store) == {"e1"}
        [told] = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
        assert ("disk full" in told) is isinstance(failure, StoreUnavailable)
        while await rounds.get() != 7.0:
            continue
        assert kept(store) == set()


async def test_without_a_setting_nothing_is_swept(make: Make, store: Store) -> None:
    bench = make()
    bench.accept(event("e1"))
    await bench.drain()
    make_older(store, 100 * KEEP, "e1")

    async with keep_sweeping(store, None):
        await asyncio.sleep(0)
    assert kept(store) == {"e1"}


@pytest.mark.parametrize("sinks", [{"scripted": ScriptedSink()}, {}], ids=["sink", "none"])
async def test_a_relay_sweeps_for_as_long_as_it_runs(
    store: Store, monkeypatch: pytest.MonkeyPatch, sinks: dict[str, ScriptedSink]
) -> None:
    begun = asyncio.Event()
    noted: list[object] = []

    @asynccontextmanager
    async def sweeping(
        _store: Store, keep: float | None, **_options: object
    ) -> AsyncIterator[None]:
        noted.append(keep)
        begun.set()
        try:
            yield
        finally:
            noted.append("ended")

    monkeypatch.setattr("fulfillment_sdk.relay.relay.keep_sweeping", sweeping)
    async with Relay(store, sinks=sinks, retention=KEEP).running():
        await asyncio.wait_for(begun.wait(), 10)
        assert noted == [KEEP]
    assert noted == [KEEP, "ended"]
