"""Events are loaded within a budget of bytes; one that can't be opened stops no other."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay.schema import events
from fulfillment_sdk.relay.tables.lanes import Claim
from fulfillment_sdk.relay.tables.load import MISSING, UNREADABLE, Events, load
from fulfillment_sdk.store import Store
from tests.unit.relay.by_hand import NOW, Tables, event, to

SEALED = 31  # bytes that sealing adds with a key of the name `k`


@pytest.fixture
def tables(store: Store) -> Tables:
    made = Tables(store)
    made.put(to())
    return made


def loaded(tables: Tables, claims: list[Claim], budget: int = 10**6) -> Events:
    sealer = tables.store.sealer
    return tables.store.read(lambda c: load(c, sealer, claims, budget=budget)).result()


def bodies(found: Events) -> list[bytes | None]:
    return [one.event.body if one.event else None for _, one in sorted(found.items())]


def test_events_come_back_as_they_were_accepted(tables: Tables) -> None:
    whole = event("e1", "case_9", 7, type="case.completed", owner="org", body="{}")
    tables.accept(whole)
    (claimed,) = tables.claim()
    (one,) = loaded(tables, [claimed]).values()

    assert (one.event, one.accepted_at, one.size) == (whole, NOW, SEALED + 2)


def test_nothing_claimed_is_nothing_loaded(tables: Tables) -> None:
    assert loaded(tables, []) == {}


@pytest.mark.parametrize(("budget", "lengths"), [(0, [900]), (1000, [900]), (2000, [900, 900])])
def test_large_events_come_as_far_as_the_budget_goes_and_one_in_any_case(
    tables: Tables, budget: int, lengths: list[int]
) -> None:
    tables.accept(*(event(f"e{n}", body="x" * 900) for n in range(5)))

    found = bodies(loaded(tables, tables.claim(), budget))
    assert [len(body or b"") for body in found] == lengths


def test_a_large_head_is_not_crowded_out_by_small_events(tables: Tables) -> None:
    tables.accept(event("a", "a", body="x" * 4000), *(event(f"b{n}", "b") for n in range(20)))
    budget = 2 * (4000 + SEALED)

    found = bodies(loaded(tables, tables.claim(), budget))
    assert len(found) == 21


def test_heads_go_before_what_stands_behind_them(tables: Tables) -> None:
    tables.accept(event("a1", "a", 1, body="x" * 900), event("a2", "a", 2, body="x" * 900))
    tables.accept(event("b1", "b", 1, body="y" * 900))

    found = bodies(loaded(tables, tables.claim(), 2000))
    assert sorted((body or b"")[:1] for body in found) == [b"x", b"y"]


def test_an_event_whose_bytes_cannot_be_opened_is_named_and_stops_no_other(
    tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    tables.accept(event("e1", body="hush"), event("e2", body="sound"))
    damage = sa.update(events).where(events.c.event_id == "e1").values(body=b"\1\1k" + b"0" * 40)
    tables.write(lambda c: c.execute(damage))

    found = loaded(tables, tables.claim())
    assert bodies(found) == [None, b"sound"]
    assert [one.why for one in found.values()] == [UNREADABLE, ""]
    assert caplog.messages == [f"event e1 waits: {UNREADABLE}"]
    assert "hush" not in caplog.text


def test_small_ones_may_come_first_and_the_large_ones_with_them_later(tables: Tables) -> None:
    tables.accept(event("a", "a", body="x" * 900), event("b", "b", body="y"))
    claims, sealer = tables.claim(), tables.store.sealer

    small = tables.store.read(
        lambda c: load(c, sealer, claims, budget=1000, small_only=True)
    ).result()
    whole = tables.store.read(lambda c: load(c, sealer, claims, budget=10**6, known=small)).result()

    assert bodies(small) == [b"y"]
    assert sorted(len(body or b"") for body in bodies(whole)) == [1, 900]
    assert all(whole[number] is one for number, one in small.items())


@pytest.mark.parametrize(
    ("head", "followers", "each", "budget"), [(9000, 1, 10, 8000), (5000, 19, 190, 8000)]
)
def test_a_large_head_comes_whatever_stands_behind_it(
    tables: Tables, head: int, followers: int, each: int, budget: int
) -> None:
    tables.accept(event("a", sequence=1, body="x" * head))
    tables.accept(*(event(f"b{n}", sequence=n, body="y" * each) for n in range(2, followers + 2)))
    (claimed,) = tables.claim()

    assert claimed.places[0][1] in loaded(tables, [claimed], budget)


def test_the_longest_due_large_head_comes_whatever_small_ones_there_are(tables: Tables) -> None:
    tables.accept(event("a", "a", body="x" * 9000), now=NOW - 1)
    tables.accept(*(event(f"b{n}", f"b{n}") for n in range(5)))

    assert len(loaded(tables, tables.claim(), 8000)) == 6


def test_nothing_is_held_of_what_stands_behind_an_event_that_has_no_room(tables: Tables) -> None:
    tables.accept(event("a", "a", body="x" * 4000), now=NOW - 1)
    tables.accept(event("b1", "b", 1, body="x" * 4000), event("b2", "b", 2, body="y"))

    assert bodies(loaded(tables, tables.claim(), 5000)) == [b"x" * 4000]


def test_an_event_whose_row_is_gone_is_named_and_waits(
    tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    tables.accept(event("e1", "a"), event("e2", "b"))
    tables.write(lambda c: c.execute(sa.delete(events).where(events.c.event_id == "e1")))

    found = loaded(tables, tables.claim())
    assert sorted((one.event is None, one.why) for one in found.values()) == [
        (False, ""),
        (True, MISSING),
    ]
    assert f"event number 1 is pending and waits: {MISSING}" in caplog.text


def test_an_event_that_cannot_be_opened_is_named_in_one_word_and_once(
    tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    tables.accept(event("e1\nERROR all is lost"))
    tables.write(lambda c: c.execute(sa.update(events).values(body=b"\1")))

    loaded(tables, tables.claim())
    assert caplog.messages == [f'event "e1\\nERROR all is lost" waits: {UNREADABLE}']
