"""What a turn looks for: what is due and has room, at no cost for what has not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import Delivered, Delivery, Outcome, Retry
from fulfillment_sdk.relay.dispatching.breaker import OPENS_AFTER
from fulfillment_sdk.relay.dispatching.lookout import SPARE, Lookout
from tests.unit.relay.conftest import START, Bench, Clock, event, run_until, to

Make = Callable[..., Bench]


def looked(found: dict[int, float], *, took: float = 0.0) -> Lookout:
    lookout = Lookout()
    lookout.learn(found=found, took=took, steady=100.0)
    return lookout


def test_what_is_due_longest_comes_first() -> None:
    lookout = looked({1: START + 1, 2: START - 5, 3: START - 9})

    assert lookout.due(START) == [3, 2]
    assert lookout.next_due(START) == START + 1


def test_a_destination_is_left_alone_once_nothing_more_is_due_there() -> None:
    lookout = looked({1: START, 2: START})
    assert lookout.due(START) == [1, 2]
    lookout.learn(exhausted=[1], steady=100.0)

    assert lookout.due(START) == [2]


def test_a_lane_put_back_during_a_claim_that_missed_it_is_remembered() -> None:
    lookout = looked({1: START})
    lookout.due(START)
    lookout.expect(1, START)
    lookout.learn(found={}, exhausted=[1], steady=100.0)

    assert lookout.due(START) == [1]


def test_what_was_told_before_the_claim_is_answered_by_it() -> None:
    lookout = Lookout()
    lookout.expect(1, START)
    assert lookout.due(START) == [1]
    lookout.learn(exhausted=[1], steady=100.0)

    assert lookout.due(START) == []


def test_the_earliest_of_a_destinations_lanes_counts() -> None:
    lookout = Lookout()
    for at in (START + 9, START + 5, START + 7):
        lookout.expect(1, at)

    assert lookout.next_due(START) == START + 5


@pytest.mark.parametrize(("took", "waits"), [(0.0005, 0.0), (0.1, SPARE * 0.1)])
def test_a_look_that_takes_long_is_taken_less_often(took: float, waits: float) -> None:
    lookout = looked({}, took=took)

    assert lookout.next_look(wanted=True) == 100.0 + waits
    assert lookout.may_look(100.0 + waits)
    assert lookout.may_look(100.0) is (waits == 0)


async def test_nothing_is_written_where_nothing_is_known_to_be_due(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher(poll=7.0)
    await bench.drain(dispatcher)
    monkeypatch.setattr(bench.store, "write", None)

    assert await dispatcher.turn(look=False) == pytest.approx(7.0, abs=1)


async def test_a_retry_is_known_to_come_without_a_look(make: Make) -> None:
    bench = make()
    bench.sink.script["e1"] = [Retry("500")]
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher(poll=60.0)
    await bench.drain(dispatcher)
    assert await dispatcher.turn(look=False) == pytest.approx(5.0)

    bench.clock.now += 5
    assert await dispatcher.turn(look=False) == 0.0
    await dispatcher.hands.emptied()
    assert bench.sink.seen == [("e1", 1), ("e1", 2)]


async def test_what_came_in_while_its_lane_was_under_way_is_not_forgotten(make: Make) -> None:
    bench = make()
    dispatcher = bench.dispatcher()

    async def meanwhile(_delivery: Delivery) -> Outcome:
        await bench.relay.accept(event("e2", sequence=2))
        dispatcher.wake()
        await dispatcher.turn()
        return Delivered()

    bench.sink.script["e1"] = [meanwhile]
    bench.accept(event("e1", sequence=1))
    await bench.turn(dispatcher)
    await dispatcher.turn(look=False)
    await dispatcher.hands.emptied()

    assert bench.sink.ids == ["e1", "e2"]


async def test_a_long_backlog_leaves_room_in_a_turn_for_those_behind_it(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.picker.LANES_PER_TURN", 6)
    bench = make(to("a"), to("b"), to("c"))
    bench.accept(*(event(f"e{n}", f"case_{n}") for n in range(8)))
    await bench.turn()

    assert [bench.sink.count(name) for name in "abc"] == [2, 2, 2]


async def test_more_destinations_than_a_turn_takes_come_with_the_next(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.picker.DESTINATIONS_PER_TURN", 2)
    bench = make(*(to(name) for name in "abcde"))
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher()
    await bench.turn(dispatcher)
    assert len(bench.sink.seen) == 2
    await bench.drain(dispatcher)

    assert sorted(one.destination for one in bench.sink.deliveries) == list("abcde")


async def test_a_destination_that_is_gone_leaves_nothing_behind(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.dispatching.picker.SWEEP_SECONDS", 0.0)
    bench = make(to("goes"), to("stays"))
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher()
    await bench.drain(dispatcher)
    assert len(dispatcher.hands.desks) == 2
    bench.store.write(lambda c: bench.relay.remove_destination(c, "goes")).result()
    await bench.drain(dispatcher)

    (desk,) = dispatcher.hands.desks.values()
    assert desk.registered.destination.name == "stays"


async def test_an_open_breaker_is_looked_at_again_when_its_probe_may_go(make: Make) -> None:
    bench = make()
    bench.sink.fails_for = {"partner"}
    bench.accept(*(event(f"e{n}", f"case_{n}") for n in range(OPENS_AFTER + 3)))
    dispatcher = bench.dispatcher(poll=60.0)
    await bench.drain(dispatcher)
    assert bench.sink.count("partner") == OPENS_AFTER

    assert await dispatcher.turn() == pytest.approx(5.0)
    bench.clock.now += 5
    assert await bench.turn(dispatcher) == 0.0
    assert bench.sink.count("partner") == OPENS_AFTER + 1


async def test_a_clock_that_is_set_back_does_not_put_off_a_probe(make: Make) -> None:
    bench, monotonic = make(), Clock(0.0)
    bench.sink.fails_for = {"partner"}
    bench.accept(*(event(f"e{n}", f"case_{n}") for n in range(OPENS_AFTER)))
    dispatcher = bench.dispatcher(monotonic=monotonic)
    await bench.drain(dispatcher)
    bench.clock.now -= 86_400
    bench.clock.now += 60
    monotonic.now += 60
    bench.sink.fails_for = set()
    await run_until(dispatcher, bench.sink.arrival_of("e0"))

    assert bench.pending() == []


async def test_retries_go_by_the_databases_clock(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    monkeypatch.setattr(bench.store, "now", lambda _connection: bench.clock.now + 3600)
    bench.sink.script["e1"] = [Retry("500")]
    bench.accept(event("e1"))
    await bench.turn()

    (waiting,) = bench.relay.undelivered().result()
    assert waiting.due_at == START + 3600 + 5


async def test_unreadable_settings_are_no_reason_to_look_all_the_time(make: Make) -> None:
    bench = make()
    bench.accept(event("e1"))
    damage = sa.text("UPDATE relay_destinations SET settings = x'01'")
    bench.store.write(lambda c: c.execute(damage)).result()
    dispatcher = bench.dispatcher(poll=7.0)
    await bench.drain(dispatcher)

    assert await dispatcher.turn(look=False) == pytest.approx(7.0, abs=1)
