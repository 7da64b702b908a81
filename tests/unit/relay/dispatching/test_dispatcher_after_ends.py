"""What a dispatcher does with what was in hand when earlier ones ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay.dispatching import hands
from fulfillment_sdk.relay.doubt import ALONE, COUNTED, ENDED
from fulfillment_sdk.relay.reports.heads import IN_DOUBT
from fulfillment_sdk.relay.schema import events
from fulfillment_sdk.relay.tables.alone import claim_alone, end_leases, in_doubt
from tests.unit.relay.conftest import START, Bench, claims_all, event, to

Make = Callable[..., Bench]


def ends_with_all_in_hand(bench: Bench, times: int) -> None:
    for _ in range(times):
        bench.store.write(lambda c: claims_all(c, now=bench.clock.now)).result()
        bench.store.write(lambda c: end_leases(c, bench.clock.now)).result()


def ends_with_one_alone(bench: Bench, case: int = 0) -> None:
    """What is in doubt goes by when it was lined up."""
    lanes = sorted(bench.store.read(in_doubt).result(), key=lambda one: (-one.lost, one.due_at))
    now = bench.clock.now
    bench.store.write(lambda c: claim_alone(c, lanes[case], now, 20.0, 20)).result()
    bench.store.write(lambda c: end_leases(c, now)).result()


async def test_what_was_in_hand_twice_arrives_one_case_after_the_other(make: Make) -> None:
    bench = make()
    bench.accept(*(event(f"e{n}", f"case_{n}") for n in range(4)))
    ends_with_all_in_hand(bench, 2)
    dispatcher, most = bench.dispatcher(), 0

    for _ in range(4):
        await dispatcher.turn()
        most = max(most, len(dispatcher.hands.doubted))
        await dispatcher.hands.emptied()
    assert most == 1
    assert sorted(bench.sink.ids) == ["e0", "e1", "e2", "e3"]
    assert bench.pending() == []


async def test_what_was_alone_at_an_end_has_failed_and_waits_though_the_policy_is_hasty(
    make: Make,
) -> None:
    bench = make()
    bench.accept(event("e1"), event("e2", "case_2"))
    ends_with_all_in_hand(bench, 2)
    ends_with_one_alone(bench)
    await bench.drain()

    (arrived,) = bench.sink.ids
    (waiting,) = bench.relay.undelivered().result()
    assert {arrived, waiting.event_id} == {"e1", "e2"}
    assert (waiting.attempts, waiting.why, waiting.due_at) == (1, ENDED, START + 5)
    first = bench.attempts[0]
    assert (first.event_id, first.outcome, first.why) == (waiting.event_id, "retry", ENDED)


async def test_one_that_hangs_alone_keeps_other_destinations_waiting_for_a_moment_only(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes beside it stays in doubt if the process ends; what was alone has failed."""
    bench = make(to("hangs"), to("good"))
    bench.accept(event("e1"), event("e2", "case_2"), event("e3", "case_3"))
    for _ in range(2):
        bench.store.write(lambda c: claims_all(c)).result()
        bench.store.write(lambda c: claims_all(c, no=2)).result()
        bench.store.write(lambda c: end_leases(c, START)).result()
    over = asyncio.Event()
    bench.sink.hangs_for["hangs"] = over
    dispatcher = bench.dispatcher()
    for _ in range(4):
        await dispatcher.turn()
    assert [one.destination for one in bench.sink.deliveries] == ["hangs"]

    monkeypatch.setattr(hands, "ALONE_SECONDS", 0.0)
    came = [bench.sink.arrival_of(one) for one in ("e1", "e2", "e3")]
    async with asyncio.timeout(5):
        while not all(one.is_set() for one in came):
            await dispatcher.turn()
    assert bench.sink.count("good") == 3
    assert bench.sink.count("hangs") == 1, "of its own destination none goes beside it"
    over.set()
    await dispatcher.hands.emptied()
    await bench.drain(dispatcher)
    assert bench.sink.count("hangs") == 3


async def test_an_end_is_put_down_to_what_was_alone_and_not_to_what_went_beside_it(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hands, "ALONE_SECONDS", 0.0)
    bench = make(to("one"), to("other"))
    bench.accept(event("e1"))
    for _ in range(2):
        bench.store.write(lambda c: [claims_all(c), claims_all(c, no=2)]).result()
        bench.store.write(lambda c: end_leases(c, START)).result()
    over = asyncio.Event()
    bench.sink.hangs_for.update({"one": over, "other": over})
    dispatcher = bench.dispatcher()
    for _ in range(3):
        await dispatcher.turn()
    assert dispatcher.hands.lanes == 2

    bench.store.write(lambda c: end_leases(c, START)).result()
    lost = [one.lost for one in bench.store.read(in_doubt).result()]
    assert sorted(lost) == [ALONE, COUNTED]
    over.set()
    await dispatcher.hands.emptied()


async def test_other_cases_go_on_while_a_bad_one_waits(make: Make) -> None:
    bench = make()
    bench.accept(event("e1"))
    ends_with_all_in_hand(bench, 2)
    ends_with_one_alone(bench)
    await bench.drain()
    bench.accept(event("e2", "case_2"), event("e3", "case_3"))
    await bench.drain()

    assert sorted(bench.sink.ids) == ["e2", "e3"]


async def test_no_further_case_is_tried_while_two_bad_ones_wait(make: Make) -> None:
    bench = make()
    bench.accept(event("e1"), event("e2", "case_2"))
    ends_with_all_in_hand(bench, 2)
    ends_with_one_alone(bench, 0)
    ends_with_one_alone(bench, 1)
    await bench.drain()
    bench.accept(event("e3", "case_3"))
    await bench.drain()
    assert bench.sink.ids == []

    bench.clock.now += 6  # the first of them is due, and arrives
    await bench.drain()
    assert sorted(bench.sink.ids) == ["e1", "e2", "e3"]


async def test_an_event_that_ends_every_process_is_given_up_as_its_policy_says(make: Make) -> None:
    bench = make()
    bench.accept(event("e1"), event("e2"))
    ends_with_all_in_hand(bench, 2)
    for _ in range(4):  # tries
        ends_with_one_alone(bench)
        await bench.turn()
        bench.clock.now += 3600
    await bench.drain()

    (dead,) = bench.relay.dead_letters().result()
    assert (dead.event_id, dead.attempts, dead.why) == ("e1", 4, ENDED)
    assert bench.sink.ids == ["e2"], "what is behind it goes on"


async def test_one_event_goes_at_a_time_where_a_process_ended(make: Make) -> None:
    """Those before the bad one of its case arrive once more, and then not again."""
    bench = make()
    bench.accept(*(event(f"e{n}") for n in range(3)))
    ends_with_all_in_hand(bench, 1)
    await bench.turn()

    assert bench.sink.ids == ["e0"]
    await bench.drain()
    assert bench.sink.ids == ["e0", "e1", "e2"]


async def test_what_is_in_doubt_and_cannot_be_read_keeps_no_other_case_waiting(
    make: Make,
) -> None:
    bench = make()
    bench.accept(event("e1"), event("e2", "case_2"))
    ends_with_all_in_hand(bench, 2)
    bench.store.write(
        lambda c: c.execute(sa.delete(events).where(events.c.event_id == "e1"))
    ).result()
    await bench.drain()
    bench.accept(event("e3", "case_3"))
    await bench.drain()

    assert sorted(bench.sink.ids) == ["e2", "e3"]


async def test_that_cases_are_in_doubt_is_logged(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make()
    bench.accept(event("e1"), event("e2", "case_2"))
    ends_with_all_in_hand(bench, 2)
    with caplog.at_level(logging.ERROR, "fulfillment_sdk.relay"):
        await bench.drain()

    (record,) = caplog.records
    assert record.getMessage().startswith("2 cases go one after the other")


async def test_what_waits_to_go_alone_is_listed_with_that_cause(make: Make) -> None:
    bench = make()
    bench.accept(event("e1"))
    ends_with_all_in_hand(bench, 2)

    (waiting,) = bench.relay.undelivered().result()
    assert waiting.why == IN_DOUBT
