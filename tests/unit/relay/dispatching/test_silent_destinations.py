"""Destinations that never answer share few lanes, and a try without a descriptor is none."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable

import pytest

from fulfillment_sdk.relay import Delivered, Delivery, Outcome
from fulfillment_sdk.relay.dispatching import desk as desks
from fulfillment_sdk.relay.dispatching.desk import Desk, Held
from fulfillment_sdk.relay.dispatching.hands import Hands
from fulfillment_sdk.relay.dispatching.lease import Lease
from fulfillment_sdk.relay.dispatching.rate import Bucket
from fulfillment_sdk.relay.tables.lanes import Claim
from fulfillment_sdk.relay.tables.registry import Registered
from tests.unit.relay.conftest import START, Bench, event, to

Make = Callable[..., Bench]


def silent(hands: Hands, no: int, *, lanes: int = 1) -> Desk:
    """Return a desk with lanes in hand of which nothing was heard yet."""
    desk = hands.desk(Registered(no, to(f"d{no}")))
    for lane in range(lanes):
        claim = Claim(
            destination_no=no, lane=lane, token="t", until=START, tries=0, why="", places=()
        )
        hands.take(desk, Held(claim, Lease(0.0, 20.0), {}, 0))
    return desk


def many_silent(hands: Hands) -> list[Desk]:
    return [silent(hands, no) for no in range(200)]


def test_one_destination_that_was_never_tried_gets_all_its_lanes() -> None:
    assert silent(Hands(), 1).at_once == 8


def test_many_that_were_never_tried_get_a_lane_each_and_one_that_answers_all_of_its_own() -> None:
    some = many_silent(Hands())
    assert {desk.at_once for desk in some} == {1}
    assert some[0].room(START, 0.0, budget=1000) == 0  # its one lane is in hand

    assert some[0].came_back(failed=False, seconds=0.1)
    assert some[0].at_once == 8


def test_a_try_that_fails_late_takes_the_lanes_back_and_one_that_fails_at_once_does_not() -> None:
    desk = many_silent(Hands())[0]
    desk.came_back(failed=True, seconds=0.1)
    assert desk.at_once == 8

    assert not desk.came_back(failed=True, seconds=15.0)
    assert desk.at_once == 1


def test_a_slow_success_is_an_answer() -> None:
    desk = many_silent(Hands())[0]
    desk.came_back(failed=False, seconds=15.0)
    assert desk.at_once == 8


def test_those_of_which_nothing_is_in_hand_take_no_share() -> None:
    hands = Hands()
    some = many_silent(hands)
    for desk in some[1:]:
        held = desk.begin()
        assert held is not None
        hands.end(desk, held)
    assert some[0].at_once == 8


async def test_one_lane_at_a_time_goes_to_a_silent_destination_until_it_answers(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desks, "SILENT_LANES", 1)
    bench = make(to("quiet"))
    dispatcher = bench.dispatcher()
    first, release = asyncio.Event(), asyncio.Event()

    async def hangs(_delivery: Delivery) -> Outcome:
        first.set()
        await release.wait()
        return Delivered()

    names = [f"e{number}" for number in range(4)]
    bench.sink.script = {name: [hangs] for name in names}
    bench.accept(*[event(name, f"case_{name}") for name in names])
    async with asyncio.timeout(5):
        await dispatcher.turn()
        await first.wait()
        await dispatcher.turn()
        assert len(bench.sink.seen) == 1

        release.set()
        await dispatcher.hands.emptied()
        await bench.drain(dispatcher)
    assert sorted(bench.sink.ids) == names


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
async def test_a_try_that_finds_no_descriptor_counts_nowhere_and_comes_back_within_seconds(
    make: Make, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make(to())
    dispatcher = bench.dispatcher()
    bench.sink.script = {"e1": [OSError(number, "Jane")] * 3}
    bench.accept(event("e1"))
    await bench.turn(dispatcher)
    (waiting,) = bench.relay.undelivered().result()
    assert (waiting.attempts, bench.attempts) == (0, [])
    assert waiting.why.startswith("not tried yet")
    assert waiting.due_at is not None
    assert START < waiting.due_at <= START + 3
    (desk,) = dispatcher.hands.desks.values()
    assert desk.breaker.failures == 0
    assert "no file descriptor or thread is free" in caplog.text
    assert "Jane" not in caplog.text


async def test_what_was_delivered_before_the_descriptors_ran_out_is_settled(make: Make) -> None:
    bench = make(to())
    bench.sink.script = {"e2": [OSError(errno.EMFILE, "")]}
    bench.accept(event("e1", sequence=1), event("e2", sequence=2))
    await bench.turn()

    assert bench.pending() == [("partner", "e2")]
    assert [(one.event_id, one.outcome) for one in bench.attempts] == [("e1", "delivered")]


async def test_a_destination_whose_numbers_cannot_be_worked_out_stops_no_other(
    make: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_bucket: Bucket, _seconds: float, _steady: float) -> int:
        raise OverflowError

    monkeypatch.setattr(Bucket, "within", fails)
    bench = make(to("odd", rate=1.0), to("sound"))
    dispatcher = bench.dispatcher()
    bench.accept(event("e1"))
    await bench.turn(dispatcher)
    bench.accept(event("e2"))
    await bench.turn(dispatcher)

    assert bench.sink.count("sound") == 2
    assert "no room can be worked out destination=odd why=OverflowError" in caplog.text
