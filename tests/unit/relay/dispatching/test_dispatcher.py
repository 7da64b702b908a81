"""Order, retries, dead letters: one turn of the dispatcher at a time, by a clock that we move."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import (
    Delivered,
    Delivery,
    Outcome,
    Reject,
    Retry,
    RetryPolicy,
)
from fulfillment_sdk.relay.dispatching.dispatcher import Dispatcher
from fulfillment_sdk.relay.reports.watch import Watch
from fulfillment_sdk.relay.schema import deliveries, lanes
from tests.unit.relay.conftest import START, Bench, event, to

Make = Callable[..., Bench]


async def test_a_cases_events_go_out_by_sequence_however_they_came_in(make: Make) -> None:
    bench = make()
    bench.accept(event("e3", sequence=3), event("e1", sequence=1), event("e2", sequence=2))

    await bench.drain()

    assert bench.sink.ids == ["e1", "e2", "e3"]
    assert bench.pending() == []


async def test_a_failure_holds_up_its_case_and_no_other(make: Make) -> None:
    bench = make()
    bench.sink.script["a1"] = [Retry("500")]
    bench.accept(event("a1", "case_a", 1), event("a2", "case_a", 2), event("b1", "case_b", 1))

    await bench.drain()
    assert sorted(bench.sink.ids) == ["a1", "b1"]
    assert bench.pending() == [("partner", "a1"), ("partner", "a2")]

    bench.clock.now += 4.9
    await bench.drain()
    assert len(bench.sink.seen) == 2

    bench.clock.now += 0.2
    await bench.drain()
    assert bench.sink.seen[2:] == [("a1", 2), ("a2", 1)]


async def test_a_dead_delivery_frees_its_lane_and_is_listed(make: Make) -> None:
    bench = make(to(policy=RetryPolicy((0, 5), jitter=0)))
    bench.sink.script["e1"] = [Retry("500"), Retry("503")]
    bench.accept(event("e1", sequence=1), event("e2", sequence=2))

    await bench.drain()
    bench.clock.now += 5
    await bench.drain()

    assert bench.sink.seen == [("e1", 1), ("e1", 2), ("e2", 1)]
    (letter,) = bench.relay.dead_letters().result()
    assert (letter.event_id, letter.attempts, letter.why, letter.at) == ("e1", 2, "503", START + 5)
    (dead,) = bench.relay.undelivered().result()
    assert (dead.state, dead.due_at, dead.why) == ("dead", None, "503")


async def test_a_dead_letter_can_be_replayed_under_its_id(make: Make) -> None:
    bench = make(to(policy=RetryPolicy((0,))))
    bench.sink.script["e1"] = [Reject("422")]
    bench.accept(event("e1", sequence=1))
    await bench.drain()

    assert bench.relay.replay("partner", "e1").result() is True
    assert bench.relay.replay("partner", "e1").result() is False, "it is pending already"
    await bench.drain()

    assert bench.sink.seen == [("e1", 1), ("e1", 1)]
    assert bench.relay.dead_letters().result() == []
    assert bench.relay.replay("partner", "unknown").result() is False
    assert bench.relay.replay("unknown", "e1").result() is False


async def test_who_answers_gone_gets_nothing_any_more_and_loses_nothing(make: Make) -> None:
    bench = make()
    bench.sink.script["e1"] = [Reject("410", disable=True)]
    bench.accept(event("e1", sequence=1), event("e2", sequence=2))

    await bench.drain()
    bench.accept(event("e3", sequence=3))
    bench.clock.now += 10**6
    await bench.drain()

    assert bench.sink.ids == ["e1"]
    assert bench.pending() == [("partner", "e1"), ("partner", "e2"), ("partner", "e3")]


async def test_each_event_of_an_unordered_destination_is_a_lane_of_its_own(make: Make) -> None:
    bench = make(to(ordering="none"))
    bench.sink.script["e1"] = [Retry("500")]
    bench.accept(event("e1", sequence=1), event("e2", sequence=2))

    await bench.drain()

    assert bench.pending() == [("partner", "e1")]


async def test_one_destinations_failure_leaves_the_other_alone(make: Make) -> None:
    bench = make(to("a"), to("b"))

    async def fails_for_a(delivery: Delivery) -> Outcome:
        return Retry("500") if delivery.destination == "a" else Delivered()

    bench.sink.script["e1"] = [fails_for_a, fails_for_a]
    bench.accept(event("e1"))
    await bench.drain()

    assert bench.pending() == [("a", "e1")]


async def test_a_sinks_exception_is_a_retry_that_quotes_nothing(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "fulfillment_sdk")
    bench = make()
    bench.sink.script["e1"] = [ValueError("Jane Smith lives at ...")]
    bench.accept(event("e1"))
    await bench.drain()

    (waiting,) = bench.relay.undelivered().result()
    assert (waiting.attempts, waiting.why) == (1, "ValueError raised by the sink")
    assert "Jane" not in caplog.text


async def test_a_sink_that_returns_something_else_has_not_delivered(make: Make) -> None:
    bench = make()

    async def forgets(_delivery: Delivery) -> Outcome:
        return None  # type: ignore[return-value]

    bench.sink.script["e1"] = [forgets]
    bench.accept(event("e1"))
    await bench.drain()

    (waiting,) = bench.relay.undelivered().result()
    assert "NoneType instead of Delivered" in waiting.why


async def test_a_sink_that_hangs_is_cut_off_and_tried_again(make: Make) -> None:
    bench = make(to(timeout=0.01))

    async def hangs(_delivery: Delivery) -> Outcome:
        await asyncio.Event().wait()
        return Delivered()

    bench.sink.script["e1"] = [hangs]
    bench.accept(event("e1"))
    await bench.drain()

    (waiting,) = bench.relay.undelivered().result()
    assert waiting.why == "no answer within 0.01 s"


async def test_attempts_are_recorded_and_told_to_the_observer(make: Make) -> None:
    bench = make()
    bench.sink.script["e1"] = [Retry("500"), Delivered("202")]
    bench.accept(event("e1"))
    await bench.drain()
    bench.clock.now += 5
    await bench.drain()

    recorded = bench.relay.attempts(event_id="e1").result()
    assert [(one.attempt, one.outcome, one.why, one.at) for one in recorded] == [
        (1, "retry", "500", START),
        (2, "delivered", "202", START + 5),
    ]
    assert [(one.event_id, one.outcome) for one in bench.attempts] == [
        ("e1", "retry"),
        ("e1", "delivered"),
    ]


async def test_an_observer_that_raises_stops_nothing(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make()

    def observer(_attempt: object) -> None:
        raise KeyError("Jane")

    dispatcher = Dispatcher(bench.store, {"scripted": bench.sink}, watch=Watch(observer))
    bench.accept(event("e1"), event("e2", "case_2"))
    await bench.turn(dispatcher)

    assert sorted(bench.sink.ids) == ["e1", "e2"]
    assert "observer of attempts raised KeyError" in caplog.text
    assert "Jane" not in caplog.text


async def test_an_earlier_event_that_comes_in_during_a_delivery_is_not_lost(make: Make) -> None:
    bench = make()

    async def meanwhile(_delivery: Delivery) -> Outcome:
        await bench.relay.accept(event("e1", sequence=1))
        return Delivered()

    bench.sink.script["e2"] = [meanwhile]
    bench.accept(event("e2", sequence=2))
    await bench.drain()

    assert bench.sink.ids == ["e2", "e1"]
    assert bench.pending() == []


async def test_a_lane_that_is_drained_leaves_no_row(make: Make) -> None:
    bench = make()
    bench.accept(event("e1"), event("e2"))
    await bench.drain()

    def count(connection: sa.Connection) -> int:
        return sum(
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (lanes, deliveries)
        )

    assert bench.store.read(count).result() == 0


async def test_nothing_due_means_waiting_for_the_next_due_time(make: Make) -> None:
    bench = make()
    assert await bench.dispatcher(poll=7.0).turn() == 7.0
    bench.sink.script["e1"] = [Retry("500")]
    bench.accept(event("e1"))
    await bench.turn()

    bench.clock.now += 4
    assert await bench.dispatcher(poll=7.0).turn() == pytest.approx(1.0)


async def test_a_destination_whose_sink_is_not_here_waits(make: Make) -> None:
    bench = make()
    bench.accept(event("e1"))

    assert await Dispatcher(bench.store, {}).turn() > 0
    assert bench.pending() == [("partner", "e1")]


async def test_a_changed_destination_is_used_from_the_next_turn_on(make: Make) -> None:
    bench = make(to(settings={"url": "old"}))
    bench.sink.script["e1"] = [Retry("500")]
    bench.accept(event("e1"))
    await bench.drain()
    bench.store.write(
        lambda c: bench.relay.put_destination(c, to(settings={"url": "new"}))
    ).result()
    bench.clock.now += 5
    await bench.drain()

    assert [one.settings for one in bench.sink.deliveries] == [{"url": "old"}, {"url": "new"}]


async def test_a_destination_that_cannot_be_read_stops_no_other(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make(to("damaged"), to("sound"))
    bench.accept(event("e1"))
    damage = sa.text("UPDATE relay_destinations SET settings = x'01' WHERE name = 'damaged'")
    bench.store.write(lambda c: c.execute(damage)).result()
    await bench.drain()

    assert bench.sink.ids == ["e1"]
    assert "destination damaged can't be read, its events wait" in caplog.text
