"""Figures by kind of sink: what is pending, what was tried, and how long events took."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay import Attempt, Figures, Reject, Retry
from fulfillment_sdk.relay.reports.figures import BOUNDS, FRESH_SECONDS, Arrivals, Pending
from fulfillment_sdk.relay.reports.watch import Watch
from fulfillment_sdk.store import Store
from tests.unit.relay.both import DATABASES, empty_store, make_older
from tests.unit.relay.conftest import Bench, Clock, event, to

Make = Callable[..., Bench]


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with empty_store(request.param, tmp_path, clock) as opened:
        yield opened


def attempt(outcome: str = "delivered", **more: object) -> Attempt:
    options: dict[str, object] = {
        "destination": "partner",
        "event_id": "e1",
        "lane": "case_1",
        "attempt": 1,
        "at": 1010.0,
        "seconds": 0.5,
        "outcome": outcome,
        "sink": "webhook",
        "accepted_at": 1000.0,
        **more,
    }
    return Attempt(**options)  # type: ignore[arg-type]


def test_attempts_are_counted_by_kind_of_sink_and_outcome() -> None:
    figures = Figures()
    figures.note([attempt(), attempt("retry"), attempt(), attempt("dead", sink="sql")])
    assert figures.attempts == {
        ("webhook", "delivered"): 2,
        ("webhook", "retry"): 1,
        ("sql", "dead"): 1,
    }


def test_the_time_from_an_event_to_its_delivery_is_that_from_acceptance_on() -> None:
    figures = Figures()
    figures.note([attempt(), attempt("retry"), attempt(at=0.0), attempt(accepted_at=None)])
    arrivals = figures.arrivals["webhook"]
    assert arrivals.seconds == 10.5, "a clock that goes back makes no negative time"
    assert sum(arrivals.counts) == 2


@pytest.mark.parametrize(
    ("seconds", "place"),
    [(0.0, 0), (BOUNDS[0], 0), (0.011, 1), (BOUNDS[-1], -2), (BOUNDS[-1] + 1, -1)],
)
def test_a_bucket_holds_what_is_not_above_its_bound(seconds: float, place: int) -> None:
    counts = Arrivals().with_one(seconds).counts
    assert counts[place] == 1
    assert sum(counts) == 1


async def test_the_backlog_tells_what_waits_and_since_when(make: Make, store: Store) -> None:
    bench = make(to("a"), to("b"))
    bench.sink.script |= {"dead": [Reject("422")] * 2, "late": [Retry("500")] * 2}
    bench.accept(event("dead"), event("late", "case_2", 1), event("later", "case_2", 2))
    await bench.drain()
    make_older(store, 60, "late")

    backlog = bench.relay.backlog().result()
    assert backlog.sinks["scripted"].pending == 4
    assert backlog.sinks["scripted"].dead == 2
    assert 60 <= backlog.oldest_age("scripted") < 120


def test_where_nothing_waits_the_age_is_nothing(make: Make) -> None:
    backlog = make().relay.backlog().result()
    assert backlog.sinks == {"scripted": Pending()}
    assert backlog.oldest_age("scripted") == 0.0


def test_the_backlog_is_counted_once_in_a_while_only(make: Make, store: Store) -> None:
    bench = make()
    timer = Clock(0.0)
    figures = Figures(timer=timer)
    assert figures.backlog(store).result().sinks["scripted"].pending == 0
    bench.accept(event("e1"))
    timer.now += FRESH_SECONDS - 1
    assert figures.backlog(store).result().sinks["scripted"].pending == 0
    timer.now += 1
    assert figures.backlog(store).result().sinks["scripted"].pending == 1


def test_what_takes_long_to_count_is_counted_the_less_often(make: Make, store: Store) -> None:
    bench = make()
    seconds = iter([0.0, 0.0, 10.0, 499.0, 511.0, 511.0, 511.0])
    figures = Figures(timer=lambda: next(seconds))
    figures.backlog(store).result()  # began at 0, took 10 s: good until 510
    bench.accept(event("e1"))
    assert figures.backlog(store).result().sinks["scripted"].pending == 0
    assert figures.backlog(store).result().sinks["scripted"].pending == 1


async def test_who_no_longer_wants_a_count_takes_it_from_nobody_else(
    make: Make, store: Store
) -> None:
    make()
    figures = Figures()
    begin = threading.Event()
    # More than are read at once: the count has not begun.
    reading = [store.read(lambda _: begin.wait(10)) for _ in range(20)]
    first, second = figures.backlog(store), figures.backlog(store)
    assert first.cancel()
    begin.set()
    assert all([await one for one in reading])

    assert (await second).sinks == {"scripted": Pending()}


def test_a_forked_child_counts_anew_and_waits_for_nothing_of_its_parents(
    make: Make, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    make()
    figures, begin = Figures(), threading.Event()
    reading = [store.read(lambda _: begin.wait(10)) for _ in range(20)]
    figures.note([attempt()])
    parents = figures.backlog(store)
    figures._lock.acquire()  # as a thread of the parent's may at that moment
    monkeypatch.setattr("fulfillment_sdk.relay.reports.figures.os.getpid", lambda: -1)
    own = figures.backlog(store)
    assert parents.cancel()
    begin.set()
    assert all(one.result() for one in reading)

    assert own.result(10).sinks == {"scripted": Pending()}
    assert figures.attempts == {}


def test_a_count_that_failed_is_made_again(make: Make, store: Store) -> None:
    make()
    figures = Figures()
    rename = "ALTER TABLE relay_deliveries RENAME TO {}"
    store.write(lambda c: c.execute(sa.text(rename.format("gone")))).result()
    with pytest.raises((StoreError, sa.exc.SQLAlchemyError)):
        figures.backlog(store).result()
    back = "ALTER TABLE gone RENAME TO relay_deliveries"
    store.write(lambda c: c.execute(sa.text(back))).result()
    assert figures.backlog(store).result().sinks == {"scripted": Pending()}


def test_a_line_about_an_attempt_is_one_line_whatever_it_tells(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "fulfillment_sdk.relay")
    forged = "e1\nattempt destination=partner event=e2 outcome=delivered"
    Watch().settled([attempt("retry", event_id=forged, lane="a b", why="x\x1b[2J\u2028 y=1")])
    (message,) = caplog.messages
    assert message == (
        "attempt destination=partner event=* lane=* n=1 outcome=retry ms=500.0 "
        'why="x\\u001b[2J\\u2028 y=1"'
    )


def test_a_plain_value_stands_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "fulfillment_sdk.relay")
    Watch().settled([attempt(event_id="evt_1-a.b", why="")])
    (message,) = caplog.messages
    assert message == (
        "attempt destination=partner event=evt_1-a.b lane=case_1 n=1 outcome=delivered "
        "ms=500.0 why=-"
    )
