"""Looks at the store: in time however busy a dispatcher is, and only for what it can deliver."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import Delivered, Delivery, Outcome
from fulfillment_sdk.relay.dispatching.dispatcher import Dispatcher
from fulfillment_sdk.relay.dispatching.hands import Hands
from fulfillment_sdk.relay.dispatching.lookout import Lookout
from fulfillment_sdk.relay.dispatching.pace import Pace
from fulfillment_sdk.relay.dispatching.picker import Picker
from fulfillment_sdk.relay.schema import destinations, lanes
from fulfillment_sdk.relay.tables import registry
from fulfillment_sdk.relay.tables.lanes import Claim
from fulfillment_sdk.relay.tables.registry import Registered
from fulfillment_sdk.store import Store
from tests.unit.relay.both import DATABASES, empty_store
from tests.unit.relay.conftest import START, Bench, Clock, event, run_until, to
from tests.unit.relay.dispatching.test_renewal import begin

Make = Callable[..., Bench]


@pytest.fixture(params=DATABASES)
def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    with empty_store(request.param, tmp_path, clock) as opened:
        monkeypatch.setattr(opened, "now", lambda _connection: clock())
        yield opened


def picker_of(bench: Bench) -> Picker:
    return Picker(bench.store, {"scripted": bench.sink}, Hands(), lease=20.0, poll=1.0)


def see(bench: Bench, picker: Picker, steady: float) -> list[Claim]:
    """Take a turn at this time that nobody asked to look; return what it claimed."""
    plan = picker.plan(steady, look=False)
    if plan is None:
        return []
    turn = bench.store.write(lambda c: picker.pick(c, plan)).result()
    picker.learn(plan, turn, steady)
    return [one for _, one in turn.claims]


def test_a_look_is_due_so_many_seconds_after_the_last_whatever_happens_between() -> None:
    lookout = Lookout(every=1.0)
    assert lookout.is_stale(100.0), "there was none yet"
    lookout.learn(found={}, steady=100.0)
    assert not lookout.is_stale(100.9)
    lookout.learn(exhausted=[1], steady=100.9)

    assert lookout.is_stale(101.0)
    assert lookout.next_look(wanted=False) == 101.0
    assert lookout.next_look(wanted=True) == 100.0


def test_many_destinations_make_looks_rarer_than_that() -> None:
    lookout = Lookout(every=1.0)
    lookout.learn(found={}, took=2.0, steady=100.0)

    assert lookout.is_stale(101.0)
    assert not lookout.may_look(107.9)
    assert lookout.next_look(wanted=False) == 108.0


def test_what_is_due_later_is_still_known_when_nothing_more_is_due_now() -> None:
    lookout = Lookout()
    lookout.learn(found={1: START}, steady=100.0)
    assert lookout.due(START) == [1]
    lookout.expect(1, START + 9)
    lookout.learn(exhausted=[1], later={1: START + 2}, steady=100.0)

    assert lookout.due(START) == []
    assert lookout.next_due(START) == START + 2


def test_a_lane_that_another_worker_put_back_is_found_though_nobody_looked(make: Make) -> None:
    bench = make()
    picker = picker_of(bench)
    assert see(bench, picker, 100.0) == []
    bench.accept(event("e1"))
    assert picker.plan(100.9, look=False) is None

    assert len(see(bench, picker, 101.0)) == 1


def test_a_claim_that_takes_all_that_is_due_leaves_the_next_due_time_known(make: Make) -> None:
    bench = make()
    bench.accept(*(event(f"e{n}", f"case_{n}") for n in range(3)))
    later = sa.update(lanes).values(due_at=START + 0.5)
    a_lane = lanes.c.lane == sa.select(sa.func.min(lanes.c.lane)).scalar_subquery()
    bench.store.write(lambda c: c.execute(later.where(a_lane))).result()
    picker = picker_of(bench)

    assert len(see(bench, picker, 100.0)) == 2
    bench.clock.now += 0.5
    assert len(see(bench, picker, 100.5)) == 1, "before the next look"


class Busy:
    """Deliveries of a tenth of a second, by the loop's clock; what is told of some of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._told: dict[int, asyncio.Event] = {}
        loop = asyncio.get_running_loop()
        time = loop.time
        monkeypatch.setattr(loop, "time", lambda: time() + self.count / 10)

    def reaches(self, count: int) -> asyncio.Event:
        return self._told.setdefault(count, asyncio.Event())

    async def __call__(self, _delivery: Delivery) -> Outcome:
        self.count += 1
        if self.count in self._told:
            self._told[self.count].set()
        return Delivered()


def with_so_many_turns(dispatcher: Dispatcher, most: int) -> Dispatcher:
    """Break a dispatcher off that goes round and round, before it hangs the loop."""
    turn, numbers = dispatcher.turn, itertools.count(1)

    async def counted(*, look: bool = True) -> float:
        if next(numbers) > most:
            pytest.fail(f"{most} turns are more than enough")
        return await turn(look=look)

    dispatcher.turn = counted  # type: ignore[method-assign]
    return dispatcher


async def test_a_dispatcher_that_is_woken_all_the_time_looks_all_the_same(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pace, "lanes_ahead", lambda _pace, _concurrency: 0)  # each one wakes it
    bench = make(to("busy", types=("a",), concurrency=1), to("other", types=("b",)))
    busy = Busy(monkeypatch)
    backlog = [event(f"a{n}", f"case_{n}", type="a") for n in range(100)]
    bench.sink.script |= {one.id: [busy] for one in backlog}
    bench.store.write(
        lambda c: bench.relay.accept_in(c, [*backlog, event("b1", "case_b", type="b")])
    ).result()
    others = sa.update(lanes).where(lanes.c.destination_no == 2)
    dead = others.values(due_at=START + 9e9, lease="another's")
    bench.store.write(lambda c: c.execute(dead)).result()
    dispatcher = with_so_many_turns(bench.dispatcher(poll=1.0, lease=1e6), 400)
    some, all_of_them = busy.reaches(10), busy.reaches(100)

    async def look_on() -> None:
        await some.wait()  # a worker died, and its lease is over
        await bench.store.write(lambda c: c.execute(others.values(due_at=START)))
        await all_of_them.wait()

    running, looking_on = asyncio.create_task(dispatcher.run()), asyncio.create_task(look_on())
    await asyncio.wait([running, looking_on], return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        looking_on.cancel()
        await running
    await dispatcher.stop()
    await running

    assert "b1" in bench.sink.ids, "it has been due for nine seconds, nine times the poll"
    assert bench.sink.ids.index("b1") < 60, "within some seconds; each delivery takes a tenth"


async def test_destinations_whose_sink_is_not_here_hold_up_nobody_behind_them(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.picker.DESTINATIONS_PER_TURN", 2)
    bench = make(*(to(f"d{n}") for n in range(6)))
    elsewhere = sa.update(destinations).values(sink="elsewhere").where(destinations.c.name < "d5")
    bench.store.write(lambda c: c.execute(elsewhere)).result()
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher()
    asked: list[int] = []
    by_number = registry.by_number

    def noted(*arguments: Any) -> dict[int, Registered]:
        asked.extend(arguments[2])
        return by_number(*arguments)

    monkeypatch.setattr(registry, "by_number", noted)
    await bench.turn(dispatcher)

    assert [one.destination for one in bench.sink.deliveries] == ["d5"]
    assert asked == [6], "the others are not even read"


async def test_destinations_that_cannot_be_read_hold_up_nobody_behind_them(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.picker.DESTINATIONS_PER_TURN", 2)
    bench = make(*(to(f"d{n}") for n in range(6)))
    damaged = sa.update(destinations).values(settings=b"\1").where(destinations.c.name < "d5")
    bench.store.write(lambda c: c.execute(damaged)).result()
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher(poll=600.0)
    await run_until(dispatcher, bench.sink.arrival_of("e1"))

    assert [one.destination for one in bench.sink.deliveries] == ["d5"]


@pytest.mark.parametrize("removed", [False, True])
async def test_a_look_shows_what_became_of_a_destination_that_is_in_hand(
    make: Make, removed: bool
) -> None:
    bench = make(to(concurrency=1))
    bench.accept(event("e1"))
    dispatcher, slow = await begin(bench, "e1")
    (desk,) = dispatcher.hands.desks.values()

    def change(connection: sa.Connection) -> None:
        if removed:
            bench.relay.remove_destination(connection, "partner")
        else:
            bench.relay.put_destination(connection, to(enabled=False, concurrency=7))

    bench.store.write(change).result()
    await dispatcher.turn()

    assert not desk.registered.destination.enabled
    assert desk.registered.destination.concurrency == (1 if removed else 7)
    slow.go.set()
    await dispatcher.hands.emptied()
