"""At any moment the relay tells what has not arrived, where, and why: page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import Event, Filter, Page, Reject, Retry
from fulfillment_sdk.relay.reports.heads import DISABLED, STRANDED, UNTRIED, WAITS
from fulfillment_sdk.relay.reports.pages import EVERYTHING, MOST_EXAMINED
from fulfillment_sdk.relay.reports.visibility import undelivered
from fulfillment_sdk.relay.schema import deliveries, events, lanes
from fulfillment_sdk.relay.tables.line_up import lane_number
from fulfillment_sdk.store import Store, StoreFuture
from tests.unit.relay.both import DATABASES, empty_store, make_older
from tests.unit.relay.conftest import Bench, Clock, event, to

Make = Callable[..., Bench]
T = TypeVar("T")


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with empty_store(request.param, tmp_path, clock) as opened:
        yield opened


def walk(ask: Callable[[str | None], StoreFuture[Page[T]]]) -> list[T]:
    """Read a list to its end."""
    found: list[T] = []
    after: str | None = None
    while True:
        page = ask(after).result()
        found += page
        if (after := page.next) is None:
            return found


async def test_of_a_lane_only_the_first_has_been_tried_and_the_others_wait_for_it(
    make: Make,
) -> None:
    bench = make()
    bench.sink.script["e1"] = [Retry("500")]
    bench.accept(*(event(f"e{n}", sequence=n) for n in range(1, 4)))
    await bench.drain()

    found = bench.relay.undelivered().result()
    assert [(one.event_id, one.attempts, one.why) for one in found] == [
        ("e1", 1, "500"),
        ("e2", 0, WAITS),
        ("e3", 0, WAITS),
    ]
    assert {one.due_at for one in found} == {found[0].due_at}


async def test_what_was_tried_of_a_later_event_is_not_told_of_the_one_before_it(
    make: Make,
) -> None:
    bench = make()
    bench.sink.script["e2"] = [Retry("500")]
    bench.accept(event("e2", sequence=2))
    await bench.drain()
    (before,) = bench.relay.undelivered().result()
    bench.accept(event("e1", sequence=1), event("e3", sequence=3))

    found = bench.relay.undelivered().result()
    assert [(one.event_id, one.attempts, one.why) for one in found] == [
        ("e1", 0, UNTRIED),
        ("e2", 1, WAITS),
        ("e3", 0, WAITS),
    ]
    assert {one.due_at for one in found} == {before.due_at}, "the lane's back-off is kept"


async def test_tries_of_no_named_event_are_told_of_the_first(make: Make, store: Store) -> None:
    bench = make()
    bench.sink.script["e1"] = [Retry("500")]
    bench.accept(event("e1"), event("e2"))
    await bench.drain()
    # As a relay left it that did not note yet whose tries they are.
    store.write(lambda c: c.execute(sa.update(lanes).values(tried=None))).result()

    found = bench.relay.undelivered().result()
    assert [(one.attempts, one.why) for one in found] == [(1, "500"), (0, WAITS)]


async def test_a_page_that_begins_within_a_lane_still_knows_its_head(make: Make) -> None:
    bench = make()
    bench.sink.script["e1"] = [Retry("500")]
    bench.accept(*(event(f"e{n}", sequence=n) for n in range(1, 4)))
    await bench.drain()

    first = bench.relay.undelivered(limit=1).result()
    second = bench.relay.undelivered(limit=1, after=first.next).result()
    assert [one.why for one in [*first, *second]] == ["500", WAITS]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
async def test_pages_of_any_size_hold_everything_once(make: Make, limit: int) -> None:
    bench = make(to("a"), to("b"))
    for number in range(4):
        bench.sink.script[f"dead{number}"] = [Reject("no"), Reject("no")]
    bench.accept(*(event(f"dead{n}", f"dead_{n}") for n in range(4)))
    await bench.drain()
    bench.accept(*(event(f"e{n}", f"case_{n % 2}", n) for n in range(5)))

    found = walk(lambda after: bench.relay.undelivered(after=after, limit=limit))
    expected = [(to, f"e{n}", "pending") for to in "ab" for n in range(5)]
    expected += [(to, f"dead{n}", "dead") for to in "ab" for n in range(4)]
    assert sorted((one.destination, one.event_id, one.state) for one in found) == sorted(expected)
    assert [one.state for one in found] == ["pending"] * 10 + ["dead"] * 8


async def test_a_state_is_asked_for_alone(make: Make) -> None:
    bench = make()
    bench.sink.script["e1"] = [Reject("no")]
    bench.accept(event("e1"))
    await bench.drain()
    bench.accept(event("e2", "case_2"))

    for state, expected in (("pending", ["e2"]), ("dead", ["e1"])):
        found = bench.relay.undelivered(state=state, limit=1).result()  # type: ignore[arg-type]
        assert [one.event_id for one in found] == expected
        assert found.next is None


def test_filters_name_what_is_wanted(make: Make, store: Store) -> None:
    bench = make(to("a", owner="org"), to("b", ordering="none"), to("c", owner="other"))
    bench.accept(
        event("e1", "case_1", 1, type="x"),
        event("e2", "case_1", 2, type="y"),
        event("e3", "case_2", 1, type="x"),
        Event("f1", "x", "case_9", 1, b"", "other"),
    )
    make_older(store, 100, "e1", "e2")

    def found(wanted: Filter) -> list[tuple[str, str]]:
        pages = walk(lambda after: bench.relay.undelivered(wanted, after=after, limit=2))
        return sorted((one.destination, one.event_id) for one in pages)

    everything = [(to, id) for to in "ab" for id in ("e1", "e2", "e3")]
    assert found(Filter()) == sorted([*everything, ("b", "f1"), ("c", "f1")])
    assert found(Filter(destination="a")) == [("a", "e1"), ("a", "e2"), ("a", "e3")]
    assert found(Filter(destination="unknown")) == []
    assert found(Filter(owner="other")) == [("b", "f1"), ("c", "f1")]
    assert found(Filter(lane="case_1")) == [(to, id) for to in "ab" for id in ("e1", "e2")]
    assert found(Filter(lane="case_1", destination="b")) == [("b", "e1"), ("b", "e2")]
    assert found(Filter(lane="case_404")) == []
    assert found(Filter(type="x", owner="org")) == [(to, id) for to in "ab" for id in ("e1", "e3")]
    recent = store.read(store.now).result() - 50
    assert found(Filter(since=recent, destination="a")) == [("a", "e3")]


async def test_dead_letters_tell_who_gave_up_when_and_why(make: Make, store: Store) -> None:
    bench = make(to("a"), to("b"))
    bench.sink.script |= {id: [Reject("422"), Reject("422")] for id in ("e1", "e2")}
    bench.accept(event("e1", "case_1", type="x"), event("e2", "case_2", type="y"))
    await bench.drain()

    letters = bench.relay.dead_letters
    found = walk(lambda after: letters(after=after, limit=1))
    assert [(one.destination, one.event_id, one.attempts, one.why) for one in found] == [
        (to, id, 1, "422") for to in "ab" for id in ("e1", "e2")
    ]
    of_b = letters(Filter(destination="b", type="y")).result()
    assert [(one.destination, one.event_id) for one in of_b] == [("b", "e2")]
    of_lane = letters(Filter(lane="case_1")).result()
    assert [(one.destination, one.event_id) for one in of_lane] == [("a", "e1"), ("b", "e1")]
    latest = max(one.at for one in found)
    since = walk(lambda after: letters(Filter(since=latest - 60), after=after, limit=1))
    assert sorted(one.at for one in since) == [one.at for one in since]
    assert len({(one.destination, one.event_id) for one in since}) == len(since) == 4
    assert letters(Filter(since=latest + 1)).result() == []


async def test_attempts_are_listed_by_event_lane_outcome_and_time(make: Make) -> None:
    bench = make(to("a"), to("b"))
    bench.sink.script["e1"] = [Retry("500"), Retry("500")]
    bench.accept(event("e1", "case_1", 1), event("e2", "case_2", 1, type="y"))
    await bench.drain()

    ask = bench.relay.attempts
    everything = walk(lambda after: ask(after=after, limit=1))
    assert sorted((one.destination, one.event_id, one.outcome) for one in everything) == [
        ("a", "e1", "retry"),
        ("a", "e2", "delivered"),
        ("b", "e1", "retry"),
        ("b", "e2", "delivered"),
    ]
    assert {one.sink for one in everything} == {"scripted"}
    assert all(one.accepted_at for one in everything)

    def ids(wanted: Filter = EVERYTHING, **more: Any) -> list[tuple[str, str]]:
        found = walk(lambda after: ask(wanted=wanted, after=after, limit=1, **more))
        return sorted((one.destination, one.event_id) for one in found)

    assert ids(event_id="e1") == [("a", "e1"), ("b", "e1")]
    assert ids(outcome="delivered") == [("a", "e2"), ("b", "e2")]
    assert ids(Filter(lane="case_2")) == [("a", "e2"), ("b", "e2")]
    assert ids(Filter(type="y", destination="a")) == [("a", "e2")]
    first = min(one.at for one in everything)
    last = max(one.at for one in everything)
    assert len(ids(Filter(since=first))) == 4
    assert ids(Filter(since=last + 1)) == []


def test_the_quarantine_tells_conflicts_from_what_cant_be_read(make: Make) -> None:
    bench = make()
    bench.accept(event("e1"), Event("e1", "t", "case_1", None, b"other bytes", "org"))
    bench.relay.quarantine("e2", b"no event", "unreadable").result()

    found = walk(lambda after: bench.relay.quarantined(after=after, limit=1))
    assert [(one.event_id, one.conflict) for one in found] == [("e1", True), ("e2", False)]
    assert bench.relay.quarantined_body(found[0].no).result() == b"other bytes"
    assert bench.relay.quarantined_body(found[1].no).result() == b"no event"
    assert bench.relay.quarantined_body(404).result() is None
    assert [one.why for one in bench.relay.quarantined(event_id="e2").result()] == ["unreadable"]
    assert bench.relay.quarantined(since=found[1].at + 1).result() == []
    assert bench.relay.quarantined(Filter(since=found[1].at + 1)).result() == []


def test_what_was_dealt_with_leaves_the_quarantine_and_nothing_else_does(make: Make) -> None:
    bench = make()
    for number in (1, 2):
        bench.relay.quarantine(f"e{number}", b"no event", "unreadable").result()
    first, second = bench.relay.quarantined().result()

    assert bench.relay.discard_quarantined(first.no).result() is True
    assert bench.relay.discard_quarantined(first.no).result() is False
    assert bench.relay.quarantined_body(first.no).result() is None
    assert bench.relay.quarantined().result() == [second]


def test_why_an_event_was_not_tried_yet_is_told(make: Make, store: Store) -> None:
    bench = make(to("a"), to("b"))
    store.write(
        lambda c: bench.relay.put_destination(c, to("b", enabled=False, disabled_why="410"))
    ).result()
    bench.accept(event("e1"))

    found = bench.relay.undelivered().result()
    assert [(one.destination, one.why) for one in found] == [("a", UNTRIED), ("b", DISABLED)]


@pytest.mark.parametrize(
    "call", ["undelivered", "dead_letters", "attempts", "quarantined", "replay_many"]
)
def test_what_is_no_filter_is_refused_at_once(make: Make, call: str) -> None:
    with pytest.raises(TypeError, match=r"takes a Filter.*not str"):
        getattr(make().relay, call)("tracker")


@pytest.mark.parametrize("field", ["destination", "owner", "lane", "type", "since"])
def test_a_filters_fields_are_texts_and_a_time(field: str) -> None:
    given: dict[str, Any] = {field: [1]}
    with pytest.raises(TypeError, match=field):
        Filter(**given)


@pytest.mark.parametrize("field", ["destination", "owner", "lane", "type"])
@pytest.mark.parametrize("odd", ["\ud800", "a\0b"])
def test_a_filters_texts_are_such_as_a_database_takes(field: str, odd: str) -> None:
    with pytest.raises(ValueError, match=f"A filter's {field} must be text without NUL") as raised:
        Filter(**{field: odd})  # type: ignore[arg-type]
    assert odd not in str(raised.value)


def test_a_filter_comes_first_in_every_list(make: Make) -> None:
    bench = make()
    for call in ("undelivered", "dead_letters", "attempts", "quarantined"):
        assert getattr(bench.relay, call)(Filter(since=0.0)).result() == []


@pytest.mark.parametrize(
    "wanted", [Filter(destination="x"), Filter(owner="x"), Filter(lane="x"), Filter(type="x")]
)
def test_the_quarantine_refuses_a_filter_that_it_cant_go_by(make: Make, wanted: Filter) -> None:
    with pytest.raises(ValueError, match="`since` alone"):
        make().relay.quarantined(wanted).result()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "p",
        "p_1_2_3",
        "p_1_2_3_x",
        "a_1",
        "d_1_99999999999999999999",
        "d_1_nan",
        "p_1_2_3_4_5",
    ],
)
def test_a_made_up_cursor_is_refused(make: Make, cursor: str) -> None:
    with pytest.raises(ValueError, match=r"cursor|literal"):
        make().relay.undelivered(after=cursor).result()


def test_a_limit_is_at_least_one(make: Make) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        make().relay.undelivered(limit=0).result()


def test_a_page_looks_at_a_bounded_number_of_rows(make: Make, store: Store) -> None:
    many = MOST_EXAMINED + 600
    bench = make()
    bench.accept(event("needle", "needle", type="rare"))

    def fill(connection: sa.Connection) -> None:
        query = sa.select(sa.func.max(events.c.id))
        connection.execute(
            sa.insert(events),
            [
                {
                    "event_id": f"h{n}",
                    "lane": "hay",
                    "sequence": n,
                    "type": "hay",
                    "owner": "org",
                    "accepted_at": 0.0,
                    "digest": b"",
                    "body": b"",
                }
                for n in range(many)
            ],
        )
        first = connection.execute(query).scalar_one() - many + 1
        hay = -(2**63)  # before every other lane
        connection.execute(
            sa.insert(lanes),
            {
                "destination_no": 1,
                "lane": hay,
                "pending": many,
                "due_at": 0.0,
                "tries": 0,
                "why": "",
            },
        )
        connection.execute(
            sa.insert(deliveries),
            [
                {"destination_no": 1, "lane": hay, "position": n, "event": first + n}
                for n in range(many)
            ],
        )

    store.write(fill).result()
    page = bench.relay.undelivered(Filter(type="rare")).result()
    assert page == []
    assert page.next is not None
    rest = bench.relay.undelivered(Filter(type="rare"), after=page.next).result()
    assert ([one.event_id for one in rest], rest.next) == (["needle"], None)


def test_what_is_delivered_while_one_reads_is_left_out(make: Make, store: Store) -> None:
    bench = make()
    bench.accept(event("e1"), event("e2", "case_2"))

    def look(connection: sa.Connection) -> list[str]:
        connection.execute(sa.delete(events).where(events.c.event_id == "e1"))
        return [one.event_id for one in undelivered(connection)]

    assert store.write(look).result() == ["e2"]


async def test_a_delivery_whose_lane_got_lost_is_shown_with_the_cause(
    make: Make, store: Store
) -> None:
    bench = make()
    bench.accept(event("e1"), event("e2", "case_2"))
    gone = sa.delete(lanes).where(lanes.c.lane == lane_number("case_1"))
    store.write(lambda c: c.execute(gone)).result()

    shown = {one.event_id: one for one in bench.relay.undelivered().result()}
    assert (shown["e1"].state, shown["e1"].why, shown["e1"].due_at) == ("pending", STRANDED, None)
    assert shown["e2"].why != STRANDED
