"""What changes while a lane is under way: its destination, and what stands before its head."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import attrs
import pytest

from fulfillment_sdk.relay import (
    Delivered,
    Delivery,
    Destination,
    Outcome,
    Reject,
    Retry,
    RetryPolicy,
)
from fulfillment_sdk.relay.dispatching.desk import Desk, Held
from fulfillment_sdk.relay.dispatching.hands import Hands
from fulfillment_sdk.relay.dispatching.lease import Lease
from fulfillment_sdk.relay.tables import registry
from fulfillment_sdk.relay.tables.lanes import Claim
from fulfillment_sdk.relay.tables.registry import Registered
from tests.unit.relay.conftest import Bench, event, to

Make = Callable[..., Bench]


async def test_an_earlier_event_that_comes_late_has_all_tries_of_its_own(make: Make) -> None:
    bench = make()
    bench.sink.script = {"e5": [Retry("503")] * 2, "e3": [Retry("503")] * 4}
    bench.accept(event("e5", sequence=5))
    await bench.turn()
    bench.clock.now += 5
    await bench.turn()
    bench.accept(event("e3", sequence=3))
    for _ in range(4):
        bench.clock.now += 120
        await bench.drain()

    assert bench.sink.seen[:6] == [
        ("e5", 1), ("e5", 2), ("e3", 1), ("e3", 2), ("e3", 3), ("e3", 4),
    ]  # fmt: skip
    (letter,) = bench.relay.dead_letters().result()
    assert (letter.event_id, letter.attempts) == ("e3", 4)


async def test_an_event_keeps_its_tries_though_an_earlier_one_went_before_it(make: Make) -> None:
    bench = make()
    bench.sink.script = {"e5": [Retry("503")] * 2}
    bench.accept(event("e5", sequence=5))
    await bench.turn()
    bench.accept(event("e3", sequence=3))
    bench.clock.now += 5
    await bench.drain()

    assert bench.sink.seen == [("e5", 1), ("e3", 1), ("e5", 2)]


def registered(bench: Bench) -> Registered:
    sealer = bench.store.sealer
    found = bench.store.read(lambda c: registry.get(c, sealer, "partner")).result()
    assert found is not None
    return found


def disabled(destination: Destination) -> Destination:
    return attrs.evolve(destination, enabled=False)


def elsewhere(destination: Destination) -> Destination:
    return attrs.evolve(destination, settings={"url": "another"})


@pytest.mark.parametrize("change", [disabled, elsewhere])
async def test_a_lane_under_way_stops_where_its_destination_is_changed(
    make: Make, change: Callable[[Destination], Destination]
) -> None:
    bench = make()
    dispatcher = bench.dispatcher()

    async def changes(_delivery: Delivery) -> Outcome:
        desk = dispatcher.hands.desks[1]
        its = desk.registered
        desk.update(attrs.evolve(its, destination=change(its.destination), version=its.version + 1))
        return Delivered()

    bench.sink.script["e1"] = [changes]
    batch = [event(f"e{n}", sequence=n) for n in range(1, 4)]
    bench.store.write(lambda c: bench.relay.accept_in(c, batch)).result()
    await bench.turn(dispatcher)

    assert bench.sink.ids == ["e1"]
    assert bench.pending() == [("partner", "e2"), ("partner", "e3")]


async def test_a_late_refusal_of_the_old_address_leaves_the_new_one_alone(make: Make) -> None:
    bench = make(to(settings={"url": "old"}))
    dispatcher = bench.dispatcher()

    async def refuses_late(_delivery: Delivery) -> Outcome:
        new = to(settings={"url": "new"})
        bench.store.write(lambda c: bench.relay.put_destination(c, new)).result()
        dispatcher.hands.desks[1].update(registered(bench))
        return Reject("HTTP 410", disable=True)

    bench.sink.script["e1"] = [refuses_late]
    bench.accept(event("e1"))
    await bench.drain(dispatcher)

    assert [one.settings["url"] for one in bench.sink.deliveries] == ["old", "new"]
    assert bench.disabled == []
    assert bench.pending() == []
    assert registered(bench).destination.enabled


async def test_late_failures_of_the_old_address_do_not_count_against_the_new_one(
    make: Make,
) -> None:
    policy = RetryPolicy((0, 5), disable_after=(0, 1))
    bench = make(to(policy=policy))

    async def fails_late(_delivery: Delivery) -> Outcome:
        new = to(policy=policy, settings={"url": "new"})
        bench.store.write(lambda c: bench.relay.put_destination(c, new)).result()
        return Retry("HTTP 500")

    bench.sink.script["e1"] = [fails_late, Retry("HTTP 502")]
    bench.accept(event("e1"))
    await bench.turn()
    assert bench.disabled == []

    bench.clock.now += 30
    await bench.turn()
    assert bench.disabled == [("partner", "no success in 0.0 days and 1 attempts")]


async def test_a_sink_can_not_change_the_settings_of_later_deliveries(make: Make) -> None:
    bench = make(to(settings={"token": "x"}))

    async def takes_it(delivery: Delivery) -> Outcome:
        delivery.settings.pop("token")  # type: ignore[attr-defined]
        return Delivered()

    bench.sink.script["e1"] = [takes_it]
    bench.accept(event("e1"), event("e2", "case_2"))
    await bench.turn()

    assert [one.settings["token"] for one in bench.sink.deliveries] == ["x", "x"]


async def test_nothing_more_is_begun_once_a_neighbour_was_told_that_nothing_is_wanted(
    make: Make,
) -> None:
    bench = make()
    began, told = asyncio.Event(), asyncio.Event()

    async def refuses(_delivery: Delivery) -> Outcome:
        await began.wait()
        told.set()
        return Reject("HTTP 410", disable=True)

    async def is_slower(_delivery: Delivery) -> Outcome:
        began.set()
        await told.wait()
        return Delivered()

    bench.sink.script = {"a1": [is_slower], "b1": [refuses]}
    batch = [event(f"{lane}{n}", lane, n) for lane in "ab" for n in (1, 2)]
    bench.store.write(lambda c: bench.relay.accept_in(c, batch)).result()
    await bench.turn()

    assert sorted(bench.sink.ids) == ["a1", "b1"]
    assert bench.disabled == [("partner", "HTTP 410")]


async def test_what_was_refused_in_vain_is_asked_again_when_the_lease_is_over(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    bench.sink.script["e1"] = [Reject("HTTP 410", disable=True)]
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher()
    monkeypatch.setattr(
        "fulfillment_sdk.relay.dispatching.settling.settle_many",
        lambda _c, settled, *, now: ["lost"],
    )
    await bench.turn(dispatcher)
    (desk,) = dispatcher.hands.desks.values()
    steady = asyncio.get_running_loop().time()

    assert desk.room(bench.clock.now, steady, budget=100) == 0
    wait = desk.free_in(bench.clock.now, steady)
    assert wait is not None
    assert 40 < wait <= 45, "one and a half times the sink's timeout"
    assert desk.room(bench.clock.now, steady + wait, budget=100) > 0


def later(desk: Desk, versions: int, **changes: object) -> Registered:
    """Return a desk's destination as it would be read anew, so many changes later."""
    its = desk.registered
    destination = attrs.evolve(its.destination, **changes)  # type: ignore[arg-type]
    return attrs.evolve(its, destination=destination, version=its.version + versions)


def test_a_desk_that_was_disabled_stays_so_for_a_look_that_began_before() -> None:
    hands = Hands()
    desk = hands.desk(Registered(1, to(), 5))
    assert desk.disable(later(desk, 2, enabled=False))

    assert hands.desk(Registered(1, to(), 5)) is desk
    assert hands.desk(Registered(1, to(concurrency=7), 6)) is desk, "changed before, read late"
    assert not desk.registered.destination.enabled
    assert not desk.disable(later(desk, 0)), "it is known"


def test_a_desk_goes_on_once_its_destination_is_enabled_anew() -> None:
    hands = Hands()
    desk = hands.desk(Registered(1, to(), 5))
    before = later(desk, 1, enabled=False)
    hands.desk(Registered(1, to(), 7))
    assert desk.disable(before), "of which somebody still has to be told"

    assert desk.registered.destination.enabled, "it was enabled after that"


async def test_lanes_of_a_look_that_began_before_its_destination_was_disabled_do_not_go(
    make: Make,
) -> None:
    bench = make()
    bench.sink.script["e1"] = [Reject("HTTP 410", disable=True)]
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher()
    before = bench.store.read(lambda c: registry.by_number(c, bench.store.sealer, [1])).result()[1]
    bench.store.write(lambda c: bench.relay.put_destination(c, to(concurrency=7))).result()
    changed = bench.store.read(lambda c: registry.by_number(c, bench.store.sealer, [1])).result()[1]
    await bench.turn(dispatcher)
    (desk,) = dispatcher.hands.desks.values()

    for stale in (before, changed):
        dispatcher.hands.desk(stale)
        assert not desk.registered.destination.enabled
    assert desk.registered.version == changed.version + 1, "as it is in the database"
    assert bench.disabled == [("partner", "HTTP 410")]


def test_what_was_refused_is_not_begun_for_a_look_that_began_before() -> None:
    hands = Hands()
    desk = hands.desk(Registered(1, to(), 5))
    claim = Claim(destination_no=1, lane=1, token="us", until=0.0, tries=0, why="", places=())
    desk.refused(Held(claim, Lease(100.0, 20.0), {}, 0))
    hands.desk(Registered(1, to(), 5))
    assert desk.is_paused(101.0)

    hands.desk(Registered(1, to(), 6))
    assert not desk.is_paused(101.0), "somebody changed it"
