"""Order, retries, leases: one turn of the dispatcher at a time, by a clock that we move."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import (
    Delivered,
    Delivery,
    Outcome,
    Reject,
    Relay,
    Retry,
    RetryPolicy,
)
from fulfillment_sdk.relay.dispatcher import Dispatcher
from fulfillment_sdk.relay.lanes import Settlement, claim, settle
from fulfillment_sdk.relay.picker import EVENTS_PER_LANE
from fulfillment_sdk.relay.schema import deliveries, lanes
from fulfillment_sdk.relay.watch import Watch
from tests.unit.relay.conftest import START, Bench, Clock, event, to

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

    recorded = bench.relay.attempts("e1").result()
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


async def test_no_more_lanes_are_under_way_than_the_destination_takes(make: Make) -> None:
    bench = make(to(concurrency=2))
    go, under_way = asyncio.Event(), 0

    async def counts(_delivery: Delivery) -> Outcome:
        nonlocal under_way
        under_way += 1
        await go.wait()
        return Delivered()

    for n in range(5):
        bench.sink.script[f"e{n}"] = [counts]
        bench.accept(event(f"e{n}", f"case_{n}"))
    dispatcher = bench.dispatcher()
    await dispatcher.turn()
    await asyncio.sleep(0)
    assert await dispatcher.turn() > 0, "nothing free"
    assert under_way == 2

    go.set()
    await dispatcher.idle()
    await bench.drain()
    assert len(bench.sink.seen) == 5


async def test_a_long_lane_is_taken_in_pieces(make: Make) -> None:
    bench = make()
    batch = [event(f"e{n:03}", sequence=n) for n in range(1, EVENTS_PER_LANE * 2 + 6)]
    bench.store.write(lambda c: bench.relay.accept_in(c, batch)).result()

    await bench.turn()
    assert len(bench.sink.seen) == EVENTS_PER_LANE
    await bench.drain()
    assert bench.sink.ids == [one.id for one in batch]


async def test_a_dead_workers_lane_comes_back_when_its_lease_is_over(make: Make) -> None:
    bench = make()
    bench.accept(event("e1"))
    bench.store.write(
        lambda c: claim(c, 1, now=START, lease=60, most=9, events_per_lane=20)
    ).result()

    await bench.drain()
    assert bench.sink.ids == []
    bench.clock.now += 60
    await bench.drain()
    assert bench.sink.seen == [("e1", 1)]


async def test_a_stalled_workers_late_word_does_not_count(make: Make) -> None:
    bench = make()
    bench.accept(event("e1"))
    (stalled,) = bench.store.write(
        lambda c: claim(c, 1, now=START, lease=60, most=9, events_per_lane=20)
    ).result()
    bench.clock.now += 60
    bench.store.write(
        lambda c: claim(c, 1, now=START + 60, lease=60, most=9, events_per_lane=20)
    ).result()

    late = Settlement(claim=stalled, delivered=stalled.places)
    assert bench.store.write(lambda c: settle(c, late, now=START + 61)).result() is False
    assert bench.pending() == [("partner", "e1")]


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


async def test_stopping_finishes_the_delivery_in_hand_and_gives_the_rest_back(make: Make) -> None:
    bench = make()
    started, go = asyncio.Event(), asyncio.Event()

    async def slow(_delivery: Delivery) -> Outcome:
        started.set()
        await go.wait()
        return Delivered()

    bench.sink.script["e1"] = [slow]
    bench.accept(event("e1", sequence=1), event("e2", sequence=2))
    dispatcher = bench.dispatcher()
    await dispatcher.turn()
    await started.wait()
    stopping = asyncio.create_task(dispatcher.stop())
    await asyncio.sleep(0)
    go.set()
    await stopping

    assert bench.sink.ids == ["e1"]
    assert bench.pending() == [("partner", "e2")]
    (waiting,) = bench.relay.undelivered().result()
    assert waiting.due_at == START, "the next worker may take it at once"


async def test_a_delivery_that_outlasts_the_grace_is_handed_back_uncounted(make: Make) -> None:
    bench = make()
    started = asyncio.Event()

    async def hangs(_delivery: Delivery) -> Outcome:
        started.set()
        await asyncio.Event().wait()
        return Delivered()

    bench.sink.script["e1"] = [hangs]
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher()
    await dispatcher.turn()
    await started.wait()
    await dispatcher.stop(grace=0.01)

    (waiting,) = bench.relay.undelivered().result()
    assert (waiting.attempts, waiting.due_at) == (0, START)


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


async def test_a_settlement_waits_for_a_store_that_is_full_or_locked(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    bench.accept(event("e1", sequence=1), event("e2", sequence=2))
    refusals = [sa.exc.OperationalError("settle", {}, Exception("database is locked"))] * 2

    def settles_late(connection: sa.Connection, settlement: Settlement, *, now: float) -> bool:
        if refusals:
            raise refusals.pop()
        return settle(connection, settlement, now=now)

    monkeypatch.setattr("fulfillment_sdk.relay.dispatcher.settle", settles_late)
    dispatcher = bench.dispatcher(poll=0.001)
    await dispatcher.turn()
    await dispatcher.idle()

    assert bench.sink.seen == [("e1", 1), ("e2", 1)]
    assert bench.pending() == []
    assert refusals == []


async def test_a_settlement_that_cannot_be_stored_brings_the_event_again(
    make: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    bench.accept(event("e1"))

    def refuses(*_args: object, **_more: object) -> bool:
        raise sa.exc.OperationalError("settle", {}, Exception("database or disk is full"))

    with monkeypatch.context() as broken:
        broken.setattr("fulfillment_sdk.relay.dispatcher.settle", refuses)
        broken.setattr("fulfillment_sdk.relay.dispatcher.SHARE_OF_LEASE", 0.001)
        await bench.turn(bench.dispatcher(poll=0.01))
    assert "settlement lost" in caplog.text
    bench.clock.now += 60
    await bench.drain()

    assert bench.sink.seen == [("e1", 1), ("e1", 1)]
    assert bench.pending() == []


async def test_the_relay_passes_on_while_it_runs(make: Make) -> None:
    bench = make()
    arrived = bench.sink.arrival_of("e2")
    bench.accept(event("e1", sequence=1))
    async with bench.relay.running(), asyncio.timeout(5):
        assert bench.relay.is_dispatching
        await bench.relay.accept(event("e2", sequence=2))
        await arrived.wait()

    assert bench.sink.ids == ["e1", "e2"]
    assert bench.pending() == []


async def test_a_relay_that_has_stopped_no_longer_dispatches(make: Make) -> None:
    bench = make()
    async with bench.relay.running():
        pass
    bench.accept(event("e1"))

    assert not bench.relay.is_dispatching
    assert bench.pending() == [("partner", "e1")]


async def test_of_two_relays_on_one_file_one_dispatches_and_the_other_takes_over(
    make: Make,
) -> None:
    first, second = make(), make()
    one, two = first.sink.arrival_of("e1"), second.sink.arrival_of("e2")
    waiting = Relay(second.store, sinks={"scripted": second.sink}, poll=0.01, clock=second.clock)
    async with asyncio.timeout(5), contextlib.AsyncExitStack() as stack:
        async with first.relay.running():
            await stack.enter_async_context(waiting.running())
            await waiting.accept(event("e1"))
            await one.wait()
        await waiting.accept(event("e2"))
        await two.wait()

    assert (first.sink.ids, second.sink.ids) == (["e1"], ["e2"])


async def test_a_stop_in_the_middle_of_a_turn_gives_back_what_was_claimed(make: Make) -> None:
    bench = make()
    bench.accept(*(event(f"e{n}", f"case_{n}") for n in range(5)))
    claimed = asyncio.Event()
    dispatcher = bench.dispatcher()
    real = bench.store.read
    loop = asyncio.get_running_loop()

    def slow_read(work: Callable[[sa.Connection], object]) -> object:
        loop.call_soon(claimed.set)
        return real(work)

    bench.store.read = slow_read  # type: ignore[method-assign,assignment]
    running = asyncio.create_task(dispatcher.run())
    async with asyncio.timeout(5):
        await claimed.wait()
        await dispatcher.stop()
        await running
    bench.store.read = real  # type: ignore[method-assign]

    waiting = bench.relay.undelivered().result()
    delivered = set(bench.sink.ids)
    assert {one.event_id for one in waiting} == {f"e{n}" for n in range(5)} - delivered
    assert all(one.due_at == START for one in waiting), "no lease is left behind"


async def test_a_dispatcher_that_is_alone_ends_the_leases_of_the_dead(make: Make) -> None:
    bench = make()
    bench.accept(event("e1"))
    bench.store.write(
        lambda c: claim(c, 1, now=START, lease=60, most=9, events_per_lane=20)
    ).result()
    await run_until(bench.dispatcher(), bench.sink.arrival_of("e1"))

    assert bench.pending() == []


async def test_what_waits_waits_no_longer_when_the_clock_is_set_back(make: Make) -> None:
    bench, monotonic = make(), Clock(0.0)
    bench.sink.script["e1"] = [Retry("500")]
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher(monotonic=monotonic)
    await bench.turn(dispatcher)
    bench.clock.now -= 86_400
    arrived = bench.sink.arrival_of("e2")
    bench.accept(event("e2", "case_2"))
    await run_until(dispatcher, arrived)

    (waiting,) = bench.relay.undelivered().result()
    assert waiting.due_at == START - 86_400 + 5
    assert bench.sink.ids == ["e1", "e2"]


async def test_a_clock_that_is_set_forward_ends_no_lease_under_way(make: Make) -> None:
    bench, monotonic = make(), Clock(0.0)
    go, begun = asyncio.Event(), asyncio.Event()

    async def slow(_delivery: Delivery) -> Outcome:
        begun.set()
        await go.wait()
        return Delivered()

    bench.sink.script["e1"] = [slow]
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher(monotonic=monotonic)
    running = asyncio.create_task(dispatcher.run(alone=True))
    async with asyncio.timeout(5):
        await begun.wait()
        bench.clock.now += 3600
        arrived = bench.sink.arrival_of("e2")
        bench.accept(event("e2", "case_2"))
        dispatcher.wake()
        await arrived.wait()
    go.set()
    await dispatcher.stop()
    await running

    assert bench.sink.ids == ["e1", "e2"], "e1 is under way, and not begun again"
    assert bench.pending() == []


async def run_until(dispatcher: Dispatcher, arrived: asyncio.Event) -> None:
    running = asyncio.create_task(dispatcher.run(alone=True))
    async with asyncio.timeout(5):
        await arrived.wait()
    await dispatcher.stop()
    await running


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


async def test_a_backlog_wider_than_a_statements_parameters_goes_out(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.load.CHUNK", 3)
    bench = make(to(concurrency=50))
    batch = [event(f"e{n:02}", f"case_{n % 7}", n) for n in range(40)]
    bench.store.write(lambda c: bench.relay.accept_in(c, batch)).result()
    await bench.drain()

    assert sorted(bench.sink.ids) == [one.id for one in batch]


async def test_a_turn_takes_no_more_lanes_than_its_limit(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.picker.LANES_PER_TURN", 3)
    bench = make(to(concurrency=50))
    bench.accept(*(event(f"e{n}", f"case_{n}") for n in range(8)))
    dispatcher = bench.dispatcher()
    await bench.turn(dispatcher)
    assert len(bench.sink.seen) == 3
    await bench.drain(dispatcher)

    assert len(bench.sink.seen) == 8


async def test_no_more_bytes_are_held_than_the_budget_and_one_event(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.dispatcher.BUDGET_BYTES", 100)
    bench = make(to(concurrency=50))
    held: list[int] = []
    under_way: set[str] = set()

    async def measures(delivery: Delivery) -> Outcome:
        under_way.add(delivery.id)
        held.append(len(under_way))
        await asyncio.sleep(0)
        under_way.discard(delivery.id)
        return Delivered()

    for n in range(9):
        bench.sink.script[f"e{n}"] = [measures]
        bench.accept(event(f"e{n}", f"case_{n}"))
    dispatcher = bench.dispatcher()
    for _ in range(40):
        await bench.turn(dispatcher)

    assert len(held) == 9
    assert max(held) <= 2, "each sealed body has some 45 bytes"


async def test_a_sink_that_will_not_be_cancelled_does_not_keep_the_relay_from_stopping(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make()
    started, go = asyncio.Event(), asyncio.Event()

    async def stubborn(_delivery: Delivery) -> Outcome:
        started.set()
        while not go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await go.wait()
        return Delivered()

    bench.sink.script["e1"] = [stubborn]
    bench.accept(event("e1"))
    dispatcher = bench.dispatcher()
    await dispatcher.turn()
    await started.wait()
    await dispatcher.stop(grace=0.01)
    go.set()
    await dispatcher.idle()

    assert "1 deliveries do not end" in caplog.text
