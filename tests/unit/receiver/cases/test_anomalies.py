"""What is odd about an event is said, and it is delivered all the same (contract, section 3)."""

from __future__ import annotations

import pytest

from fulfillment_sdk.lifecycle import STATUSES, TRANSITIONS
from fulfillment_sdk.receiver.cases.anomalies import ANOMALIES, oddity
from fulfillment_sdk.receiver.cases.facts import Fact
from tests.unit.receiver.cases.facts import Case


def changed(previous: str | None, status: str | None, sequence: int = 1) -> Fact:
    return Fact(f"evt_{sequence}", "case.status_changed", sequence, previous, status)


def completed(previous: str | None, status: str, sequence: int = 6) -> Fact:
    return Fact(f"evt_{sequence}", "case.completed", sequence, previous, status)


LEGAL = {(row.previous, row.new) for row in TRANSITIONS}
PAIRS = [(previous, status) for previous in STATUSES for status in STATUSES]


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.previous}-{row.new}")
def test_no_documented_step_is_odd(row: object) -> None:
    previous, status = getattr(row, "previous", None), getattr(row, "new", None)
    assert oddity(changed(previous, status)) is None
    assert oddity(changed(previous, status), stood=previous) is None


def test_every_other_step_is_impossible() -> None:
    odd = {pair for pair in PAIRS if oddity(changed(*pair)) == "impossible_step"}
    assert odd == set(PAIRS) - LEGAL


@pytest.mark.parametrize(
    ("previous", "status"),
    [(None, "accepted"), ("accepted", "in_progress"), ("allocated", "accepted"), ("a", "b")],
)
def test_an_unknown_status_is_said_to_be_one(previous: str | None, status: str) -> None:
    assert oddity(changed(previous, status)) == "unknown_status"


def test_a_step_that_does_not_begin_where_the_case_stood_is_impossible() -> None:
    assert oddity(changed("allocated", "in_progress"), stood="submitted") == "impossible_step"
    assert oddity(changed(None, "new"), stood="allocated") == "impossible_step"


def test_a_sender_may_leave_out_where_it_came_from() -> None:
    assert oddity(changed(None, "allocated")) is None
    assert oddity(changed(None, "allocated"), stood="new") is None
    assert oddity(changed(None, "in_progress"), stood="new") == "impossible_step"
    assert oddity(completed(None, "qc_passed")) is None


def test_a_completion_tells_once_more_of_the_step_before_it() -> None:
    assert oddity(completed("submitted", "qc_passed"), stood="qc_passed") is None
    assert oddity(completed("submitted", "qc_passed")) is None
    assert oddity(completed("submitted", "qc_passed"), stood="submitted") == "impossible_step"
    assert oddity(completed("submitted", "qc_rework")) == "impossible_step"
    assert oddity(completed(None, "reported")) == "impossible_step"


def test_other_events_say_nothing_that_could_be_odd() -> None:
    assert oddity(Fact("evt_1", "case.archived", 1, "x", "y"), stood="new") is None
    assert oddity(changed("new", None), stood="new") is None


def test_the_documented_timeline_is_not_odd_and_neither_is_what_follows() -> None:
    case = Case()
    steps = ["new", "allocated", "in_progress", "submitted", "qc_passed"]
    for number, status in enumerate(steps, 1):
        case.take(changed(steps[number - 2] if number > 1 else None, status, number))
    case.take(completed("submitted", "qc_passed", 6))
    case.take(changed("qc_passed", "reported", 7))

    assert set(case.anomalies.values()) == {None}


def test_after_a_gap_only_the_step_itself_is_looked_at() -> None:
    case = Case()
    case.take(changed(None, "new", 1))
    case.take(changed("in_progress", "submitted", 4))
    case.take(changed("allocated", "qc_passed", 6))
    case.wait(100.0)

    assert case.anomalies == {"evt_1": None, "evt_4": "gap", "evt_6": "impossible_step"}


def test_other_deployments_are_flagged_and_delivered() -> None:
    case = Case()
    for number, (previous, status) in enumerate(
        [(None, "new"), ("new", "accepted"), ("accepted", "allocated"), ("allocated", "new")], 1
    ):
        case.take(changed(previous, status, number))

    assert case.numbers == [1, 2, 3, 4]
    assert list(case.anomalies.values()) == [
        None,
        "unknown_status",
        "unknown_status",
        "impossible_step",
    ]


def test_every_word_is_explained() -> None:
    assert set(ANOMALIES) == {"unknown_status", "impossible_step", "same_number", "late", "gap"}
    assert all(ANOMALIES.values())
