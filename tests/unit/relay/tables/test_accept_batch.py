"""A batch is accepted as if its events had come one by one, whoever sent them."""

from __future__ import annotations

import random
from typing import Any

import attrs
import pytest

from fulfillment_sdk.relay import Accepted, Event, Relay, RetryPolicy
from fulfillment_sdk.relay.schema import events, quarantine
from fulfillment_sdk.relay.tables.accept import accept_many
from fulfillment_sdk.relay.tables.event_rows import LONGEST_KEY
from fulfillment_sdk.store import Store
from tests.unit.relay.by_hand import NOW, Tables, event, to
from tests.unit.store.held import held_writer


@pytest.fixture
def tables(store: Store) -> Tables:
    return Tables(store)


def event_with(id: str, field: str, value: Any) -> Event:
    return attrs.evolve(event(id), **{field: value})


def statuses(accepted: list[Accepted]) -> list[tuple[str, str]]:
    return [(one.event_id, one.status) for one in accepted]


def test_nothing_is_accepted_as_nothing(tables: Tables) -> None:
    assert tables.accept() == []


def test_an_id_that_is_twice_in_a_batch_is_new_once(tables: Tables) -> None:
    tables.put(to())
    twice = event("e1")

    assert statuses(tables.accept(twice, event("e2"), twice, event("e1"))) == [
        ("e1", "new"),
        ("e2", "new"),
        ("e1", "duplicate"),
        ("e1", "duplicate"),
    ]
    assert tables.pending() == [("partner", "e1"), ("partner", "e2")]
    assert [row.pending for row in tables.lanes()] == [2]


def test_the_first_bytes_of_an_id_in_a_batch_are_the_ones_that_count(tables: Tables) -> None:
    tables.put(to())
    batch = (event("e1"), event("e1", body="other"), event("e1", body="other"), event("e1"))

    assert [one.status for one in tables.accept(*batch)] == [
        "new", "conflict", "conflict", "duplicate",
    ]  # fmt: skip
    assert tables.count(quarantine) == 1
    assert tables.pending() == [("partner", "e1")]


def test_a_known_id_in_a_batch_is_told_from_the_new_ones_around_it(tables: Tables) -> None:
    tables.put(to())
    tables.accept(event("b"), event("d"))
    batch = (event("d", body="other"), event("c"), event("b"), event("a"))

    assert statuses(tables.accept(*batch)) == [
        ("d", "conflict"),
        ("c", "new"),
        ("b", "duplicate"),
        ("a", "new"),
    ]
    assert len(tables.pending()) == 4


def test_a_batch_of_many_owners_goes_where_each_belongs(tables: Tables) -> None:
    tables.put(to("all"), to("mine", owner="org"), to("theirs", owner="other"))
    accepted = tables.accept(
        event("e1"), event("e2", owner="other"), event("e3", owner=""), event("e4", owner="none")
    )

    assert [one.deliveries for one in accepted] == [2, 2, 1, 1]
    assert tables.pending() == [
        *(("all", f"e{n}") for n in (1, 2, 3, 4)),
        ("mine", "e1"),
        ("theirs", "e2"),
    ]


def test_without_an_order_every_event_is_a_lane(tables: Tables) -> None:
    tables.put(to("ordered"), to("loose", ordering="none"))
    tables.accept(event("e1"), event("e2"), event("e3", "case_2"))

    lanes = [(row.destination, row.pending) for row in tables.lanes()]
    assert lanes == [("ordered", 1), ("ordered", 2), ("loose", 1), ("loose", 1), ("loose", 1)]


def test_a_first_delay_holds_a_new_lane_and_no_old_one(tables: Tables) -> None:
    tables.put(to(policy=RetryPolicy((60, 120))))
    tables.accept(event("e1"))
    tables.accept(event("e2"), event("e3", "case_2"), now=NOW + 30)

    assert [(row.pending, row.due_at) for row in tables.lanes()] == [(1, NOW + 90), (2, NOW + 60)]


def test_a_batch_wider_than_a_statement_is_accepted_and_claimed_whole(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.tables.rows.MOST_KEYS", 8)
    monkeypatch.setattr("fulfillment_sdk.relay.tables.event_rows.MOST_ROWS", 3)
    tables.put(to())
    batch = [event(f"e{n:02}", f"case_{n % 9}", n) for n in range(40)]

    assert {one.status for one in tables.accept(*batch)} == {"new"}
    assert {one.status for one in tables.accept(*batch)} == {"duplicate"}
    claimed = tables.claim(most=50)
    assert sorted(id for one in claimed for id in tables.ids(one)) == [one.id for one in batch]


def test_a_body_larger_than_a_statement_should_be_goes_in_alone(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.tables.event_rows.MOST_BYTES", 100)
    batch = [event(f"e{n}", body="x" * size) for n, size in enumerate((60, 60, 500, 1, 1))]

    assert [one.status for one in tables.accept(*batch)] == ["new"] * 5
    assert tables.count(events) == 5


@pytest.mark.parametrize("field", ["id", "type", "lane", "owner"])
@pytest.mark.parametrize("value", ["hush\0hush", "hush\ud800", b"hush", None, 7])
def test_a_text_that_no_database_takes_is_refused_without_being_repeated(
    tables: Tables, field: str, value: object
) -> None:
    tables.put(to())
    with pytest.raises(ValueError, match=f"An event's {field} must be text") as refused:
        tables.accept(event("e1"), event_with("e2", field, value))

    assert not isinstance(refused.value, UnicodeError)
    assert (refused.value.__context__, "hush" in str(refused.value)) == (None, False)
    assert (tables.count(events), tables.lanes()) == (0, [])


@pytest.mark.parametrize("field", ["id", "lane"])
def test_a_key_that_no_index_takes_is_refused_without_being_repeated(
    tables: Tables, field: str
) -> None:
    tables.put(to())
    longer = "é" * (LONGEST_KEY // 2) + "e"
    with pytest.raises(ValueError, match=f"An event's {field} must be at most 1024") as refused:
        tables.accept(event("e1"), event_with("e2", field, longer))

    assert "é" not in str(refused.value)
    assert (tables.count(events), tables.lanes()) == (0, [])


def test_keys_as_long_as_may_be_are_kept_though_nothing_shortens_them(tables: Tables) -> None:
    tables.put(to(), to("loose", ordering="none"))
    chance = random.Random(5)
    long_id, lane = (chance.randbytes(LONGEST_KEY // 2).hex() for _ in range(2))
    batch = (event(long_id, lane), event(long_id, lane, body="other"), event(long_id, lane))

    assert [one.status for one in tables.accept(*batch)] == ["new", "conflict", "duplicate"]
    assert tables.pending() == [("partner", long_id), ("loose", long_id)]


@pytest.mark.parametrize("id", ["hush" * LONGEST_KEY, "hush\0", "hush\ud800"])
def test_nothing_is_put_aside_under_an_id_that_no_database_takes(tables: Tables, id: str) -> None:
    relay = Relay(tables.store, sinks={})
    with pytest.raises(ValueError, match="An id must be text") as refused:
        relay.quarantine(id, b"body", "unreadable").result(10)

    assert not isinstance(refused.value, UnicodeError)
    assert (refused.value.__context__, "hush" in str(refused.value)) == (None, False)
    assert tables.count(quarantine) == 0


def test_what_is_put_aside_is_kept_whatever_its_cause_holds(tables: Tables) -> None:
    relay = Relay(tables.store, sinks={})
    relay.quarantine("e1", b"body", "half a pair \ud800, a \0" + "." * 5000).result(10)

    (kept,) = relay.quarantined().result(10)
    assert kept.why.startswith("half a pair ?, a ..")
    assert len(kept.why) == 1000


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, "7", 1.5, 1.0, True])
def test_a_sequence_that_is_no_whole_number_of_64_bits_is_refused(
    tables: Tables, value: object
) -> None:
    with pytest.raises(ValueError, match="An event's sequence must be a whole number"):
        tables.accept(event("e1"), event_with("e2", "sequence", value))

    assert tables.count(events) == 0


@pytest.mark.parametrize("value", ["text", None, 7])
def test_a_body_that_is_no_bytes_is_refused(tables: Tables, value: object) -> None:
    with pytest.raises(ValueError, match="An event's body must be bytes"):
        tables.accept(event_with("e1", "body", value))


def test_what_is_refused_takes_no_other_event_of_the_commit_along(store: Store) -> None:
    relay = Relay(store, sinks={})
    release = held_writer(store)
    futures = [relay.accept(event(id)) for id in ("e1", "hush\0", "e2")]
    release()

    assert [futures[n].result(10).status for n in (0, 2)] == ["new", "new"]
    with pytest.raises(ValueError, match="An event's id must be text"):
        futures[1].result(10)


def test_the_numbers_at_the_edge_of_a_database_are_kept(tables: Tables) -> None:
    tables.put(to())
    edges = {"last": 2**63 - 1, "first": -(2**63)}
    tables.accept(*(Event(id, "t", "case_1", n, b"", "") for id, n in edges.items()))

    (claimed,) = tables.claim()
    assert tables.ids(claimed) == ["first", "last"]


def told(tables: Tables, *batch: Event) -> int:
    """Accept a batch; return how often somebody is to be told of it."""
    calls: list[None] = []
    sealer = tables.store.sealer
    tables.write(lambda c: accept_many(c, sealer, batch, now=NOW, tell=lambda: calls.append(None)))
    return len(calls)


def test_only_what_somebody_could_take_now_is_told_of_and_once_a_batch(tables: Tables) -> None:
    tables.put(to("off", enabled=False))
    assert told(tables, event("e1")) == 0

    tables.put(to("on", types=("wanted",)))
    assert told(tables, event("e2")) == 0
    assert told(tables, event("e3", type="wanted"), event("e4", type="wanted")) == 1
    assert told(tables, event("e3", type="wanted")) == 0
    assert len(tables.pending()) == 6


@pytest.mark.parametrize("most_rows", [1000, 2])
def test_without_sequences_events_go_in_the_order_in_which_they_were_handed_in(
    tables: Tables, monkeypatch: pytest.MonkeyPatch, most_rows: int
) -> None:
    monkeypatch.setattr("fulfillment_sdk.relay.tables.event_rows.MOST_ROWS", most_rows)
    tables.put(to())
    tables.accept(event("m"))
    ids = ["z", "b", "m", "y", "a", "c", "b"]
    tables.accept(*(event(id) for id in ids))
    tables.accept(event("0"))
    (claimed,) = tables.claim()

    assert tables.ids(claimed) == ["m", "z", "b", "y", "a", "c", "0"]
