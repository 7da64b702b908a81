"""What an event changes of what is known of its case."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from fulfillment_sdk.plugins.bundled.facts import Facts
from fulfillment_sdk.plugins.bundled.sql.rows import (
    Entry,
    Row,
    changed_case,
    empty_case,
    history_row,
)
from fulfillment_sdk.receiver.cases.anomalies import LATE
from tests.unit.plugins.bundled.deliveries import about_a_case, delivery

NOW = datetime(2025, 4, 6, 16, tzinfo=UTC)
STEPS = ("new", "allocated", "in_progress", "submitted", "qc_passed")


def told(sequence: int | None, status: str | None, **more: object) -> Facts:
    facts = {"event_id": f"evt_{sequence}", "type": "case.status_changed", "case_id": "case_1"}
    return Facts(**facts, sequence=sequence, new_status=status, **more)  # type: ignore[arg-type]


def case_after(*events: Facts) -> Row:
    row = empty_case("case_1", now=NOW)
    for facts in events:
        row = changed_case(row, [facts], now=NOW)
    return row


def test_an_older_event_does_not_set_a_case_back() -> None:
    row = case_after(told(3, "in_progress", actor="worker"), told(2, "allocated", actor="ops"))

    assert (row["status"], row["sequence"], row["actor"]) == ("in_progress", 3, "worker")
    assert (row["event_id"], row["events"]) == ("evt_3", 2)


def test_an_older_event_still_tells_what_no_newer_one_said() -> None:
    row = case_after(told(7, "reported"), told(6, "qc_passed", outcome="positive"))

    assert (row["status"], row["outcome"]) == ("reported", "positive")


def test_a_newer_event_that_does_not_say_it_leaves_what_was_said() -> None:
    row = case_after(
        told(6, "qc_passed", outcome="positive", reference_number="HL-CMS-000123"),
        told(7, "reported", reason="report_generated"),
        told(8, "in_payment_cycle"),
    )

    assert (row["outcome"], row["reference_number"]) == ("positive", "HL-CMS-000123")
    assert (row["status"], row["reason"]) == ("in_payment_cycle", None)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_a_case_stands_where_its_newest_event_says_whatever_the_order(order: list[int]) -> None:
    events = [told(number + 1, STEPS[number]) for number in range(4)]

    one_by_one = case_after(*[events[number] for number in order])
    together = changed_case(
        empty_case("case_1", now=NOW), [events[number] for number in order], now=NOW
    )

    assert one_by_one == together
    assert (one_by_one["status"], one_by_one["events"]) == ("submitted", 4)


def test_where_nothing_counts_the_later_arrival_does() -> None:
    row = case_after(told(None, "new"), told(None, "accepted"))

    assert (row["status"], row["sequence"], row["events"]) == ("accepted", None, 2)


def test_an_event_without_a_number_opens_no_way_back_for_older_ones() -> None:
    row = case_after(told(5, "qc_passed"), told(None, "reported"), told(2, "allocated"))

    assert (row["status"], row["sequence"], row["events"]) == ("reported", 5, 3)


@pytest.mark.parametrize(("known", "late"), [(5, 2), (5, None), (None, 2), (None, None)])
def test_what_the_receiver_found_to_be_late_does_not_set_a_case_back(
    known: int | None, late: int | None
) -> None:
    row = case_after(told(known, "qc_passed"), told(late, "allocated", anomaly=LATE))

    assert (row["status"], row["sequence"], row["events"]) == ("qc_passed", known, 2)


def test_what_is_late_is_all_that_is_known_where_nothing_else_was_recorded() -> None:
    row = case_after(told(2, "allocated", anomaly=LATE), told(5, "qc_passed"))

    assert (row["status"], row["sequence"], row["events"]) == ("qc_passed", 5, 2)
    assert case_after(told(2, "allocated", anomaly=LATE))["status"] == "allocated"


def test_an_event_without_a_status_is_counted_and_changes_none() -> None:
    row = case_after(told(1, "new"), told(2, None))

    assert (row["status"], row["sequence"], row["events"]) == ("new", 1, 2)


def test_what_is_no_json_object_is_no_entry() -> None:
    assert Entry.of(delivery(b"[]")) is None


def test_the_history_has_the_body_as_it_was_disclosed_and_the_facts_beside_it() -> None:
    sent = about_a_case(new_status="new", sequence=1, timestamp="2025-04-06T21:30:00+05:30")
    entry = Entry.of(sent)

    assert entry is not None
    row = history_row(entry, now=NOW)
    assert row["body"] == sent.body.decode()
    assert (row["event_id"], row["case_id"], row["new_status"]) == ("evt_1", "case_1", "new")
    assert row["occurred_at"] == row["received_at"] == row["recorded_at"] == NOW
    assert (row["actor"], row["final"]) == (None, None)
