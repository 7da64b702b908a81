"""Anything can be sent again, under its old id, and nothing that is on its way twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay import Event, Filter, Reject, Retry
from fulfillment_sdk.relay.schema import deliveries, lanes
from fulfillment_sdk.relay.upkeep import replay, targets
from fulfillment_sdk.store import Store
from tests.unit.relay.both import DATABASES, count, empty_store, make_older
from tests.unit.relay.conftest import Bench, Clock, event, to

Make = Callable[..., Bench]


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with empty_store(request.param, tmp_path, clock) as opened:
        yield opened


def counted(store: Store) -> int:
    """Return what the lanes count, which must be what is there."""
    total = store.read(lambda c: c.execute(sa.select(sa.func.sum(lanes.c.pending))).scalar())
    found = int(total.result() or 0)
    assert found == count(store, deliveries)
    return found


async def test_one_event_goes_out_again_under_its_id(make: Make, store: Store) -> None:
    bench = make()
    bench.accept(event("e1"))
    await bench.drain()

    assert bench.relay.replay("partner", "e1").result() is True
    assert bench.relay.replay("partner", "e1").result() is False, "it is pending already"
    assert counted(store) == 1
    await bench.drain()
    assert bench.sink.ids == ["e1", "e1"]


def test_what_is_unknown_is_not_replayed(make: Make) -> None:
    bench = make()
    bench.accept(event("e1"))
    assert bench.relay.replay("partner", "unknown").result() is False
    assert bench.relay.replay("unknown", "e1").result() is False


async def test_one_that_is_named_goes_out_whatever_its_destination_asks_for(make: Make) -> None:
    bench = make(to("by_type", types=("other",)), to("by_label", only={"status": {"done"}}))
    bench.accept(event("e1"))
    assert bench.pending() == []

    assert bench.relay.replay("by_type", "e1").result() is True
    assert bench.relay.replay("by_label", "e1").result() is True
    await bench.drain()
    assert bench.sink.ids == ["e1", "e1"]


def test_an_event_never_goes_to_another_owners_destination(make: Make) -> None:
    bench = make(to("theirs", owner="other"))
    bench.accept(event("e1"))

    assert bench.relay.replay("theirs", "e1").result() is False
    assert bench.relay.replay_many(dead_only=False).result() == 0
    assert bench.pending() == []


async def test_dead_letters_that_a_filter_finds_go_out_in_order(make: Make, store: Store) -> None:
    bench = make(to("a"), to("b"))
    bench.sink.script |= {id: [Reject("422")] * 2 for id in ("e1", "e2", "e3")}
    bench.accept(event("e1", "case_1", 1), event("e2", "case_1", 2, type="y"), event("e3", "x", 1))
    await bench.drain()

    assert bench.relay.replay_many(Filter(destination="a", lane="case_1")).result() == 2
    assert bench.relay.replay_many(Filter(destination="a", lane="case_1")).result() == 0
    assert counted(store) == 2
    bench.sink.seen.clear()
    await bench.drain()
    assert bench.sink.ids == ["e1", "e2"]
    assert bench.relay.replay_many(Filter(type="y")).result() == 1
    assert bench.relay.replay_many(Filter(owner="other")).result() == 0
    assert bench.relay.replay_many().result() == 3
    await bench.drain()
    assert bench.relay.undelivered().result() == []


async def test_everything_since_a_time_goes_out_again(make: Make, store: Store) -> None:
    bench = make(to("a"), to("picky", types=("y",)))
    bench.accept(event("e1", "c1"), event("e2", "c2", type="y"), event("e3", "c3"))
    await bench.drain()
    make_older(store, 100, "e1")
    since = Filter(since=store.read(store.now).result() - 50)

    assert bench.relay.replay_many(since, dead_only=True).result() == 0, "none of them is dead"
    assert bench.relay.replay_many(since, dead_only=False).result() == 3
    assert sorted(bench.pending()) == [("a", "e2"), ("a", "e3"), ("picky", "e2")]
    assert counted(store) == 3


@pytest.mark.parametrize("dead", [True, False])
async def test_many_go_in_batches_and_are_all_counted(
    make: Make, store: Store, monkeypatch: pytest.MonkeyPatch, dead: bool
) -> None:
    monkeypatch.setattr(replay, "BATCH", 3)
    monkeypatch.setattr(replay, "_EXAMINED", 4)
    monkeypatch.setattr(replay, "MOST_TARGETS", 2)
    monkeypatch.setattr(targets, "MOST_TARGETS", 2)
    bench = make(*(to(name) for name in "abc"))
    if dead:
        bench.sink.script |= {f"e{n}": [Reject("422")] * 3 for n in range(8)}
    bench.accept(*(event(f"e{n}", f"case_{n % 3}", n) for n in range(8)))
    await bench.drain()
    sizes: list[int] = []
    original = replay.replay_some

    def noted(*arguments: object, **more: object) -> replay.Replayed:
        result: replay.Replayed = original(*arguments, **more)  # type: ignore[arg-type]
        sizes.append(result.count)
        return result

    monkeypatch.setattr(replay, "replay_some", noted)
    assert bench.relay.replay_many(dead_only=dead).result() == 24
    assert (sum(sizes), max(sizes)) == (24, 3)
    assert counted(store) == 24


async def test_what_is_pending_stays_where_it_is_with_its_back_off(
    make: Make, store: Store
) -> None:
    bench = make()
    bench.sink.script["e1"] = [Retry("500")]
    bench.accept(event("e1", "case_1", 1), event("e2", "case_1", 2), event("e3", "case_2", 1))
    await bench.drain()
    (before,) = bench.relay.undelivered(Filter(lane="case_1"), limit=1).result()

    assert bench.relay.replay_many(dead_only=False).result() == 1, "only e3 had arrived"
    (after,) = bench.relay.undelivered(Filter(lane="case_1"), limit=1).result()
    assert after == before
    assert counted(store) == 3


async def test_a_replay_into_a_lane_that_waits_is_counted_there(make: Make, store: Store) -> None:
    bench = make()
    bench.sink.script["e2"] = [Retry("500")]
    bench.accept(event("e1", "case_1", 1), event("e2", "case_1", 2))
    await bench.drain()

    assert bench.relay.replay("partner", "e1").result() is True
    assert counted(store) == 2


async def test_a_disabled_destination_keeps_what_is_replayed(make: Make) -> None:
    bench = make(to(enabled=False))
    bench.accept(event("e1"))
    assert bench.relay.replay_many(dead_only=False).result() == 0
    assert bench.pending() == [("partner", "e1")]


async def test_who_awaits_is_told_once_all_of_it_is_lined_up(make: Make) -> None:
    bench = make()
    bench.sink.script["e1"] = [Reject("no")]
    bench.accept(event("e1"))
    await bench.drain()

    async with asyncio.timeout(10):
        assert await bench.relay.replay_many() == 1


def test_a_write_that_fails_is_told(make: Make, store: Store) -> None:
    bench = make()
    bench.accept(Event("e1", "t", "case_1", None, b"", "org"))
    store.close()
    with pytest.raises(StoreError):
        bench.relay.replay_many().result()


@pytest.mark.parametrize(("before", "after"), [("case", "none"), ("none", "case")])
async def test_what_is_pending_is_known_though_the_ordering_was_changed(
    make: Make, store: Store, before: str, after: str
) -> None:
    bench = make(to(ordering=before))
    bench.accept(*(event(f"e{n}", "case_1", n) for n in range(3)))
    store.write(lambda c: bench.relay.put_destination(c, to(ordering=after))).result()

    assert bench.relay.replay("partner", "e0").result() is False
    assert bench.relay.replay_many(dead_only=False).result() == 0
    assert counted(store) == 3
    await bench.drain()
    assert bench.relay.replay_many(dead_only=False).result() == 3
