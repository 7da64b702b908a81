"""Who fails again and again is asked once in a while only (contract, section 4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NoReturn

import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.relay import Reject, Retry, RetryPolicy
from fulfillment_sdk.relay.dispatching.breaker import LONGEST_PAUSE, OPENS_AFTER, Breaker
from fulfillment_sdk.relay.policy import given_up
from fulfillment_sdk.relay.tables.load import UNREADABLE
from tests.unit.relay.conftest import START, Bench, event, to

Make = Callable[..., Bench]
POLICY = RetryPolicy((0, 5, 30, 120, 600), jitter=0)
DAY = 86_400.0


def failing(times: int, now: float = START) -> Breaker:
    """A breaker that has seen failures of so many cases."""
    breaker = Breaker()
    for lane in range(times):
        breaker.failed(lane, POLICY, now)
    return breaker


def test_four_failures_in_a_row_let_everything_through() -> None:
    assert failing(OPENS_AFTER - 1).admits(8, START) == 8


def test_the_fifth_opens_it_until_the_next_step_has_passed() -> None:
    breaker = failing(OPENS_AFTER)

    assert breaker.admits(8, START + 4.9) == 0
    assert breaker.admits(8, START + 5) == 1


def test_one_case_that_fails_alone_holds_up_no_other() -> None:
    breaker = Breaker()
    for _ in range(50):
        breaker.failed(7, POLICY, START)
    assert breaker.admits(8, START) == 8

    breaker.failed(8, POLICY, START)
    assert breaker.admits(8, START) == 0, "two cases, and one failure in a row more than enough"


def test_one_probe_at_a_time() -> None:
    breaker = failing(OPENS_AFTER)
    breaker.begins(1)

    assert breaker.admits(8, START + 5) == 0


@pytest.mark.parametrize(("failed_probes", "pause"), [(0, 5), (1, 30), (2, 60), (9, 60)])
def test_each_failed_probe_waits_for_the_next_step_at_most_a_minute(
    failed_probes: int, pause: float
) -> None:
    breaker = failing(OPENS_AFTER)
    for lane in range(failed_probes):
        breaker.begins(lane)
        breaker.failed(lane, POLICY, START)

    assert breaker.probe_at == START + pause <= START + LONGEST_PAUSE


def test_what_was_under_way_when_it_opened_is_no_probe() -> None:
    breaker = failing(OPENS_AFTER + 3)
    assert breaker.probe_at == START + 5

    breaker.begins(1)
    breaker.failed(2, POLICY, START + 4)
    breaker.ended(2)

    assert breaker.probe_at == START + 5
    assert breaker.admits(8, START + 60) == 0, "the probe is still under way"


def test_a_success_closes_it() -> None:
    breaker = failing(OPENS_AFTER + 3)
    breaker.begins(1)
    breaker.succeeded()
    assert breaker.admits(8, START) == 8

    for lane in range(OPENS_AFTER - 1):
        breaker.failed(lane, POLICY, START)
    assert breaker.admits(8, START) == 8, "the count has begun anew"


def test_a_probe_that_was_handed_back_may_be_made_again() -> None:
    breaker = failing(OPENS_AFTER)
    breaker.begins(1)
    breaker.ended(1)

    assert breaker.admits(8, START + 5) == 1


async def test_a_probe_that_could_not_be_claimed_is_made_later(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make()
    cases = [f"case_{n}" for n in range(OPENS_AFTER)]
    bench.sink.fails_for = {"partner"}
    bench.accept(*(event(f"e{n}", case) for n, case in enumerate(cases)))
    dispatcher = bench.dispatcher()
    await bench.drain(dispatcher)
    bench.clock.now += 60

    def refuses(*_args: object, **_more: object) -> NoReturn:
        raise StoreUnavailable("The database can't be reached")

    with monkeypatch.context() as broken:
        broken.setattr("fulfillment_sdk.relay.dispatching.intake.load", refuses)
        with pytest.raises(StoreUnavailable):
            await dispatcher.turn()
    bench.clock.now += 60
    bench.sink.fails_for = set()
    await bench.drain(dispatcher)

    assert bench.pending() == []


async def test_a_dead_endpoint_is_probed_and_a_live_one_beside_it_served(make: Make) -> None:
    bench = make(to("dead"), to("live"))
    cases = [f"case_{n}" for n in range(8)]
    bench.sink.fails_for = {"dead"}
    bench.accept(*(event(f"e{n}", case) for n, case in enumerate(cases)))
    dispatcher = bench.dispatcher()

    await bench.drain(dispatcher)
    assert bench.sink.count("live") == 8
    assert bench.sink.count("dead") == OPENS_AFTER, "the others were still waiting their turn"
    bench.clock.now += 60
    await bench.drain(dispatcher)
    assert bench.sink.count("dead") == OPENS_AFTER + 1, "one probe"
    bench.clock.now += 60
    bench.sink.fails_for = set()
    await bench.drain(dispatcher)

    assert bench.pending() == []
    assert bench.sink.count("dead") == OPENS_AFTER + 1 + 8


async def test_a_refused_event_does_not_open_the_breaker(make: Make) -> None:
    bench = make(to(policy=RetryPolicy((0,))))
    for n in range(6):
        bench.sink.script[f"e{n}"] = [Reject("422")]
        bench.accept(event(f"e{n}", f"case_{n}"))
    dispatcher = bench.dispatcher()
    await bench.drain(dispatcher)
    bench.accept(event("e9"))
    await bench.drain(dispatcher)

    assert "e9" in bench.sink.ids


@pytest.mark.parametrize(
    ("days", "attempts", "gone"), [(5, 20, True), (4.9, 100, False), (50, 19, False)]
)
def test_a_destination_is_given_up_after_both_days_and_attempts(
    days: float, attempts: int, gone: bool
) -> None:
    policy = RetryPolicy(disable_after=(5 * DAY, 20))

    assert given_up(policy, failing_since=0, attempts=attempts, now=days * DAY) is gone
    assert not given_up(RetryPolicy(), failing_since=0, attempts=attempts, now=days * DAY)


async def test_after_long_failure_a_destination_is_disabled_and_its_events_kept(
    make: Make,
) -> None:
    bench = make(to(policy=RetryPolicy((0, 5), jitter=0, endless=True, disable_after=(100, 3))))
    bench.sink.script["e1"] = [Retry("500")] * 9
    bench.accept(event("e1", sequence=1), event("e2", sequence=2))
    for _ in range(5):
        await bench.drain()
        bench.clock.now += 60
    await bench.drain()

    assert len(bench.sink.seen) == 3, "at 0, 60 and 120 seconds"
    assert bench.disabled == [("partner", "no success in 0.0 days and 3 attempts")]
    assert bench.pending() == [("partner", "e1"), ("partner", "e2")]
    found = bench.store.read(lambda c: bench.relay.get_destination(c, "partner")).result()
    assert found is not None
    assert not found.enabled


async def test_a_success_in_between_begins_the_count_anew(make: Make) -> None:
    bench = make(to(policy=RetryPolicy((0, 5), jitter=0, endless=True, disable_after=(100, 3))))
    bench.sink.script["e1"] = [Retry("500")] * 2
    bench.sink.script["e2"] = [Retry("500")] * 2
    bench.accept(event("e1", sequence=1), event("e2", sequence=2))
    for _ in range(6):
        await bench.drain()
        bench.clock.now += 60

    assert bench.disabled == []
    assert bench.pending() == []


@pytest.mark.parametrize("by", ["itself", "its owner"])
async def test_one_that_was_disabled_and_is_enabled_again_begins_without_failures(
    make: Make, by: str
) -> None:
    policy = RetryPolicy((0, 5), jitter=0, endless=True, disable_after=(100, 3))
    bench = make(to(policy=policy, owner="org"))
    bench.sink.fails_for = {"partner"}
    bench.accept(event("e1"))

    async def fails_three_times() -> None:
        for _ in range(3):
            await bench.drain()
            bench.clock.now += 60

    def enable(connection: sa.Connection) -> None:
        if by == "itself":
            bench.relay.put_destination(connection, to(policy=policy, owner="org"))
        else:
            bench.relay.enable_owner(connection, "org", bench.disabled[0][1])

    await fails_three_times()
    bench.store.write(enable).result()
    assert len(bench.disabled) == 1
    await bench.drain()
    assert len(bench.disabled) == 1, "one more failure is not three"
    bench.clock.now += 60
    await fails_three_times()

    assert len(bench.disabled) == 2


async def test_who_answers_gone_is_told_about_once(make: Make) -> None:
    bench = make()
    bench.sink.script["e1"] = [Reject("HTTP 410", disable=True)]
    bench.accept(event("e1"))
    await bench.drain()
    await bench.drain()

    assert bench.disabled == [("partner", "HTTP 410")]


async def test_an_event_that_cannot_be_opened_stops_no_other(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    bench = make()
    bench.accept(event("e1", "case_1"), event("e2", "case_2"))
    damage = sa.text("UPDATE relay_events SET body = x'01' WHERE event_id = 'e1'")
    bench.store.write(lambda c: c.execute(damage)).result()
    async with asyncio.timeout(10):
        await bench.drain()

    assert bench.sink.ids == ["e2"]
    (waiting,) = bench.relay.undelivered().result()
    assert (waiting.event_id, waiting.attempts, waiting.why) == ("e1", 0, UNREADABLE)
    assert "event e1 waits" in caplog.text
