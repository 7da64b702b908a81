"""What was tried of some events for one destination, in one look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import Filter, Reject, Retry, RetryPolicy
from fulfillment_sdk.relay.reports.tries import MOST, is_pending, tries_of
from fulfillment_sdk.relay.schema import attempts
from fulfillment_sdk.store import Store
from tests.unit.relay.both import DATABASES, empty_store
from tests.unit.relay.conftest import Bench, Clock, event, to

Make = Callable[..., Bench]


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with empty_store(request.param, tmp_path, clock) as opened:
        yield opened


async def test_each_event_has_its_own_attempts_oldest_first_and_its_type(make: Make) -> None:
    bench = make(to(policy=RetryPolicy((0, 0), jitter=0.0)))
    bench.sink.script["e1"] = [Retry("500")]
    bench.accept(event("e1", "case_1", type="a"), event("e2", "case_2", type="b"))
    await bench.drain()

    found = bench.store.read(lambda c: tries_of(c, "partner", ["e1", "e2"])).result()
    assert {name: tries.type for name, tries in found.items()} == {"e1": "a", "e2": "b"}
    assert [(one.attempt, one.outcome, one.why) for one in found["e1"].attempts] == [
        (1, "retry", "500"),
        (2, "delivered", ""),
    ]
    assert [one.outcome for one in found["e2"].attempts] == ["delivered"]


async def test_what_another_destination_tried_is_not_told(make: Make) -> None:
    bench = make(to("partner"), to("other"))
    bench.accept(event("e1"))
    await bench.drain()

    found = bench.store.read(lambda c: tries_of(c, "partner", ["e1"])).result()
    nobodys = bench.store.read(lambda c: tries_of(c, "unknown", ["e1"])).result()
    assert [one.destination for one in found["e1"].attempts] == ["partner"]
    assert nobodys == {}


async def test_of_very_many_attempts_the_last_ones_are_told(make: Make) -> None:
    bench = make()
    bench.accept(event("e1"))
    await bench.drain()

    def tried_again(connection: sa.Connection) -> None:
        [row] = connection.execute(sa.select(attempts)).mappings().all()
        more = [{**row, "id": row["id"] + n, "attempt": 1 + n} for n in range(1, 30)]
        connection.execute(sa.insert(attempts), more)

    bench.store.write(tried_again).result()
    found = bench.store.read(lambda c: tries_of(c, "partner", ["e1"])).result()
    assert [one.attempt for one in found["e1"].attempts] == list(range(31 - MOST, 31))


async def test_an_event_is_pending_for_whom_it_is_on_its_way_to(make: Make) -> None:
    bench = make(to("partner"), to("other", types=("none",)))
    bench.accept(event("e1"))
    asked = [("partner", "e1"), ("other", "e1"), ("partner", "e2"), ("unknown", "e1")]

    def told() -> list[bool]:
        return [bench.store.read(lambda c: is_pending(c, *one)).result() for one in asked]  # noqa: B023

    before = told()
    await bench.drain()
    assert before == [True, False, False, False]
    assert told() == [False, False, False, False]


async def test_what_is_dead_elsewhere_is_no_reason_for_another_page(make: Make) -> None:
    bench = make(to("partner", enabled=False), to("other"))
    bench.sink.script["e1"] = [Reject("no")]
    bench.accept(event("e1"))
    await bench.drain()

    mine = bench.relay.undelivered(Filter(destination="partner"), limit=1).result()
    both = bench.relay.undelivered(Filter(owner="org"), limit=1).result()
    assert ([one.event_id for one in mine], mine.next) == (["e1"], None)
    assert both.next is not None
