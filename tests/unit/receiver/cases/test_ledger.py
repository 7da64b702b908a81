"""Events by their case, each in one transaction, on both databases (contract, section 4)."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs
import pytest
import sqlalchemy as sa

from fulfillment_sdk.receiver.cases.anomalies import ANOMALIES
from fulfillment_sdk.receiver.cases.arrivals import from_feed
from fulfillment_sdk.receiver.cases.facts import LARGEST_SEQUENCE, Fact
from fulfillment_sdk.receiver.cases.judge import Rules
from fulfillment_sdk.receiver.cases.ledger import Ledger
from fulfillment_sdk.receiver.cases.rows import Case, held_among, lock_cases, twins_of
from fulfillment_sdk.receiver.cases.statements import BY_LIKENESS
from fulfillment_sdk.relay import Event, Relay
from fulfillment_sdk.relay.upkeep.retention import sweep
from fulfillment_sdk.store import Sealer, Store
from tests.unit.receiver.cases.conftest import (
    KEYS,
    PATIENCE,
    SCHEMAS,
    House,
    arrival,
    body_of,
    shared_database,
    steps,
)
from tests.unit.receiver.cases.facts import news, step


def test_events_in_order_are_lined_up_as_they_come(house: House) -> None:
    assert house.take(*steps(1, 2, 3)) == ["new"] * 3

    assert house.lined_up() == ["evt_1", "evt_2", "evt_3"]
    assert house.outcomes() == {"evt_1": "baseline", "evt_2": "applied", "evt_3": "applied"}
    assert house.notes() == {}


def test_one_that_is_early_is_stored_and_waits_and_goes_out_in_the_transaction_of_the_missing_one(
    house: House,
) -> None:
    house.take(*steps(1, 3, 4))
    assert house.lined_up() == ["evt_1"]
    assert house.outcomes() == {"evt_1": "baseline", "evt_3": "held", "evt_4": "held"}

    house.take(step(2))

    assert house.lined_up() == ["evt_1", "evt_2", "evt_3", "evt_4"]
    assert set(house.outcomes().values()) == {"baseline", "applied"}
    assert all(one.decided_at is not None and one.until is None for one in house.history())


def test_what_comes_together_needs_no_waiting(house: House) -> None:
    house.take_together(steps(4, 2, 3, 1))

    assert house.lined_up() == ["evt_1", "evt_2", "evt_3", "evt_4"]
    assert house.outcomes() == {
        "evt_1": "baseline",
        "evt_2": "applied",
        "evt_3": "applied",
        "evt_4": "applied",
    }


def test_of_two_that_come_together_under_one_id_the_first_is_the_event(house: House) -> None:
    other = attrs.evolve(step(7), event_id="evt_1")

    told = house.take_together([step(1), other])

    assert [one.status for one in told] == ["new", "conflict"]
    assert [(one.sequence, one.status, one.outcome) for one in house.history()] == [
        (1, "new", "baseline"),
        (None, None, "conflict"),
    ]
    house.take(step(2))
    assert house.lined_up() == ["evt_1", "evt_2"]


@pytest.mark.parametrize("number", [2, None])
def test_what_comes_together_is_told_from_its_like(house: House, number: int | None) -> None:
    one = attrs.evolve(step(2), sequence=number)
    same = attrs.evolve(one, event_id="evt_same")
    other = attrs.evolve(one, event_id="evt_other", transition_id="trn_other")

    house.take_together([step(1), one, same, other])

    assert house.outcomes()["evt_same"] == "stale"
    assert sorted(house.lined_up()) == ["evt_1", "evt_2", "evt_other"]


def test_a_duplicate_of_one_that_waits_is_a_duplicate_and_other_bytes_are_a_conflict(
    house: House,
) -> None:
    house.take(*steps(1, 3))
    other = attrs.evolve(step(3), status="cancelled")

    assert house.take(step(3), other) == ["duplicate", "conflict"]

    assert sorted(one.outcome for one in house.history()) == ["baseline", "conflict", "held"]
    house.take(step(2))
    assert house.lined_up() == ["evt_1", "evt_2", "evt_3"]


def test_the_same_fact_under_another_id_is_recorded_and_not_passed_on(house: House) -> None:
    house.take(*steps(1, 2), step(2, "evt_other"), step(1, "evt_first"))

    assert house.lined_up() == ["evt_1", "evt_2"]
    assert house.outcomes()["evt_other"] == house.outcomes()["evt_first"] == "stale"
    assert house.take(step(2, "evt_other")) == ["duplicate"]


def test_what_was_in_conflict_does_not_stand_for_a_later_event_that_says_it(house: House) -> None:
    other = attrs.evolve(step(2), status="cancelled", transition_id="trn_x")
    house.take(*steps(1, 2), other)

    house.take(attrs.evolve(other, event_id="evt_x"))

    assert house.lined_up() == ["evt_1", "evt_2", "evt_x"]
    assert house.notes() == {"evt_x": {"anomaly": "same_number"}}


def test_events_without_numbers_are_taken_as_they_come(house: House) -> None:
    facts = [attrs.evolve(step(n), sequence=None) for n in (1, 2)]

    house.take(*facts, attrs.evolve(facts[1], event_id="evt_again"))

    assert house.lined_up() == ["evt_1", "evt_2"]
    assert house.outcomes() == {"evt_1": "baseline", "evt_2": "applied", "evt_again": "stale"}


def test_another_fact_under_a_known_number_is_passed_on_and_flagged(house: House) -> None:
    house.take(*steps(1, 2), attrs.evolve(step(2, "evt_x"), transition_id="trn_x"))

    assert house.lined_up() == ["evt_1", "evt_2", "evt_x"]
    assert house.notes() == {"evt_x": {"anomaly": "same_number"}}


def test_at_the_windows_end_what_waits_goes_out_and_the_gap_is_reported(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.take(*steps(1, 4, 5))
    house.wait(29.0)
    assert house.lined_up() == ["evt_1"]

    with caplog.at_level(logging.WARNING, "fulfillment_sdk.receiver"):
        house.wait(1.1)

    assert house.lined_up() == ["evt_1", "evt_4", "evt_5"]
    assert house.notes() == {"evt_4": {"anomaly": "gap"}}
    assert "case case_1: event 2 to 3 has not come" in caplog.text
    house.wait(60.0)
    assert house.lined_up() == ["evt_1", "evt_4", "evt_5"]


def test_a_late_one_fills_its_gap_flagged(house: House) -> None:
    house.take(*steps(1, 3))
    house.wait(30.1)
    house.take(step(2))

    assert house.outcomes()["evt_2"] == "late"
    assert house.notes()["evt_2"] == {"anomaly": "late"}
    assert house.lined_up() == ["evt_1", "evt_2", "evt_3"]  # what is still here goes in order


def test_a_case_keeps_which_event_told_its_status(house: House) -> None:
    house.take(step(1), news(3))
    house.wait(30.1)

    house.take(step(2), attrs.evolve(step(4), previous="new", status="cancelled"))

    assert house.notes() == {
        "evt_2": {"anomaly": "late"},
        "evt_3": {"anomaly": "gap"},
        "evt_4": {"anomaly": "impossible_step"},  # 2 has taken it to `allocated`
    }


def test_a_filtered_subscription_waits_for_nothing(house: House) -> None:
    house.under(Rules(filtered=True))
    house.take(*steps(2, 5, 9))

    assert house.lined_up() == ["evt_2", "evt_5", "evt_9"]
    assert house.notes() == {}


def test_events_of_no_case_are_no_cases(house: House) -> None:
    loose = b'{"id": "evt_loose", "type": "news", "data": {"sequence": 9}}'
    house.store.write(lambda c: house.ledger.take_in(c, [arrival(step(1), body=loose)])).result(
        PATIENCE
    )

    assert house.lined_up() == ["evt_loose"]
    count = sa.text("SELECT count(*) FROM receiver_cases")
    assert house.store.read(lambda c: c.execute(count).scalar_one()).result(PATIENCE) == 0


def test_labels_count_also_for_what_has_waited(house: House) -> None:
    house.relay.store.write(
        lambda c: house.relay.put_destination(
            c, attrs.evolve(_taker(house, c), only={"status": ("in_progress",)})
        )
    ).result(PATIENCE)
    for fact in steps(1, 3, 2):
        one = arrival(fact)
        labelled = attrs.evolve(one.event, labels={"status": str(fact.status)})
        house.ledger.take(attrs.evolve(one, event=labelled)).result(PATIENCE)

    assert house.lined_up() == ["evt_3"]


def _taker(house: House, connection: sa.Connection) -> Any:
    found = house.relay.get_destination(connection, "taker")
    assert found is not None
    return found


def test_what_waits_outlives_every_retention(house: House) -> None:
    house.take(*steps(1, 3))
    forgotten = sa.text("DELETE FROM relay_deliveries")
    house.store.write(lambda c: c.execute(forgotten)).result(PATIENCE)
    house.store.write(lambda c: c.execute(sa.text("DELETE FROM relay_lanes"))).result(PATIENCE)
    old = sa.text("UPDATE relay_events SET accepted_at = accepted_at - 1000")
    house.store.write(lambda c: c.execute(old)).result(PATIENCE)

    asyncio.run(sweep(house.store, 500.0, spared=held_among))

    left = house.store.read(
        lambda c: c.execute(sa.text("SELECT event_id FROM relay_events")).scalars().all()
    ).result(PATIENCE)
    assert left == ["evt_3"]
    house.wait(30.1)
    assert house.lined_up() == ["evt_3"]


# -- from the feed -------------------------------------------------------------------------------


def test_one_from_the_feed_is_noted_as_such_and_the_webhooks_bytes_are_no_conflict(
    house: House,
) -> None:
    house.take(step(1))
    for number in (3, 2):  # one that has waited, and one that has not
        shown = from_feed(json.loads(body_of(step(number))))
        assert shown is not None
        house.ledger.take(shown).result(PATIENCE)

    assert house.take(*steps(2, 3)) == ["duplicate"] * 2
    assert house.notes() == {"evt_2": {"origin": "feed"}, "evt_3": {"origin": "feed"}}
    assert [one.origin for one in house.history()] == ["webhook", "feed", "feed"]
    assert list(house.relay.quarantined().result(PATIENCE)) == []


def test_what_has_come_is_no_conflict_with_the_feed_that_shows_it(house: House) -> None:
    house.take(step(1))
    shown = from_feed(json.loads(body_of(step(1))))
    assert shown is not None
    assert shown.event.body != body_of(step(1))

    assert house.ledger.take(shown).result(PATIENCE).status == "duplicate"


def test_one_from_the_feed_that_says_something_else_is_a_conflict(house: House) -> None:
    house.take(*steps(1, 2))
    shown = from_feed(json.loads(body_of(attrs.evolve(step(2), status="cancelled"))))
    assert shown is not None

    assert house.ledger.take(shown).result(PATIENCE).status == "conflict"


def test_new_cases_and_known_ones_are_looked_up_and_held_in_one_statement(house: House) -> None:
    house.take(step(1), case_id="case_known")
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    def look(connection: sa.Connection) -> dict[str, Case]:
        sa.event.listen(connection, "before_cursor_execute", note)
        return lock_cases(connection, ["case_new", "case_known"])[0]

    found = house.store.write(look).result(PATIENCE)

    assert {case_id: case.state.next for case_id, case in found.items()} == {
        "case_known": 2,
        "case_new": 0,
    }
    assert len(said) == 1


def test_a_fact_without_a_number_is_told_from_its_like_however_many_there_were(
    house: House,
) -> None:
    def plain(number: int, event_id: str = "") -> Fact:
        one = step(2, event_id or f"evt_{number}")
        return attrs.evolve(one, sequence=None, transition_id=f"trn_{number}")

    house.take_together([plain(number) for number in range(300)])
    said: list[str] = []
    found: list[list[Fact]] = []

    def look(connection: sa.Connection) -> None:
        found.append(twins_of(connection, "case_1", plain(7, "evt_again")))
        if connection.dialect.name == "sqlite":
            asked = f"EXPLAIN QUERY PLAN WITH given(alike) AS (VALUES (7)) {BY_LIKENESS.sql}"
            said.extend(row[-1] for row in connection.exec_driver_sql(asked))

    house.store.write(look).result(PATIENCE)
    assert [[one.event_id for one in facts] for facts in found] == [["evt_7"]]
    assert not said or any("ix_receiver_history_alike (alike=?)" in line for line in said)
    house.take(plain(7, "evt_again"), plain(7, "evt_once_more"))
    its = house.outcomes()
    assert (its["evt_7"], its["evt_again"], its["evt_once_more"]) == ("applied", "stale", "stale")


# -- several at once ------------------------------------------------------------------------------


def test_processes_that_get_a_cases_events_at_once_put_them_in_order() -> None:
    url = shared_database()
    case_ids = [f"case_at_once_{n}" for n in range(4)]
    together = threading.Barrier(4)

    def one_process(place: int) -> None:
        with Store.open(url, schemas=SCHEMAS, sealer=Sealer(KEYS), clock=lambda: 0.0) as store:
            ledger = Ledger(Relay(store, sinks={}), Rules(opening=30.0))
            together.wait(PATIENCE)
            futures = [
                ledger.take(arrival(step(number, f"{case_id}_{number}"), case_id))
                for number in range(1 + place, 13, 4)
                for case_id in case_ids[place:] + case_ids[:place]
            ]
            for future in futures:
                future.result(PATIENCE)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one_process, range(4)))

    with Store.open(url, schemas=SCHEMAS, sealer=Sealer(KEYS), clock=lambda: 0.0) as store:
        query = sa.text("SELECT case_id, next, held, holes FROM receiver_cases")
        rows = store.read(lambda c: c.execute(query).all()).result(PATIENCE)
        anomalies = sa.text("SELECT DISTINCT anomaly FROM receiver_history")
        told = store.read(lambda c: c.execute(anomalies).scalars().all()).result(PATIENCE)
    found = {row.case_id: tuple(row)[1:] for row in rows}
    assert {case_id: found[case_id] for case_id in case_ids} == dict.fromkeys(case_ids, (13, 0, ""))
    assert set(told) <= {None, *ANOMALIES}


def test_two_timers_release_each_case_once(house: House) -> None:
    for n in range(8):
        house.take(*[step(k, f"{n}_{k}") for k in (1, 3)], case_id=f"case_{n}")
    house.now += 31
    if house.store.url.startswith("postgresql"):
        older = sa.text("UPDATE receiver_held SET until = until - 31")
        house.store.write(lambda c: c.execute(older)).result(PATIENCE)

    futures = [house.store.write(house.ledger.release) for _ in range(4)]

    assert sum(future.result(PATIENCE) for future in futures) == 8
    assert len(house.lined_up()) == 16


def test_a_new_event_takes_no_body_out_of_the_store(small_house: House) -> None:
    house = small_house
    house.take(*steps(1, 3))
    stored = sa.text("SELECT count(*) FROM relay_events")
    assert house.store.read(lambda c: c.execute(stored).scalar_one()).result(PATIENCE) == 2
    plain = sa.text("SELECT * FROM receiver_held")
    row = house.store.read(lambda c: c.execute(plain).one()).result(PATIENCE)
    assert row.event_id == "evt_3"
    assert not any(isinstance(value, bytes) for value in row)


def test_notes_that_are_no_words_are_refused_before_anything_is_stored(small_house: House) -> None:
    relay = small_house.relay
    for notes in ({"a": 1}, {"a": "x" * 2000}):
        event = Event("evt_odd", "t", "case_1", 1, b"{}", notes=notes)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="notes must be"):
            relay.accept(event).result(PATIENCE)
    assert small_house.lined_up() == []


def test_a_replay_does_not_send_what_waits_or_was_left_out(house: House) -> None:
    house.take(*steps(1, 3), step(1, "evt_same"))

    assert not house.relay.replay("taker", "evt_3").result(PATIENCE)
    assert not house.relay.replay("taker", "evt_same").result(PATIENCE)
    assert house.relay.replay_many(dead_only=False).result(PATIENCE) == 0
    house.take(step(2))

    assert house.lined_up() == ["evt_1", "evt_2", "evt_3"]


@pytest.mark.parametrize("number", [LARGEST_SEQUENCE, LARGEST_SEQUENCE + 1, 2**64])
def test_a_number_beyond_all_measure_stops_nobodys_window_from_ending(
    house: House, number: int
) -> None:
    house.take(step(1), Fact("evt_huge", "news", number))
    house.take(step(1, "b_1"), step(3, "b_3"), case_id="case_2")

    house.wait(31)

    assert sorted(house.lined_up()) == ["b_1", "b_3", "evt_1", "evt_huge"]


def test_a_case_may_begin_with_the_largest_number(house: House) -> None:
    assert house.take(Fact("evt_huge", "news", LARGEST_SEQUENCE)) == ["new"]

    assert house.outcomes() == {"evt_huge": "baseline"}


def test_a_subscription_that_is_filtered_from_now_on_flags_nothing_that_waited(
    house: House,
) -> None:
    house.take(*steps(1, 4))
    house.under(Rules(filtered=True))

    house.take(step(6))

    assert house.lined_up() == ["evt_1", "evt_4", "evt_6"]
    assert house.notes() == {}
    assert house.outcomes() == {"evt_1": "baseline", "evt_4": "applied", "evt_6": "applied"}
    assert all(one.until is None for one in house.history())
