"""The contract, section 3, row by row, and its messages (section 4)."""

from __future__ import annotations

import copy
import json
import pickle
from itertools import product

import pytest

from fulfillment_sdk import lifecycle
from fulfillment_sdk.errors import IllegalTransition
from fulfillment_sdk.lifecycle import Actor, CaseStatus, Transition

# Number, from, to, who may and why, in the contract's order.
CONTRACT = """
1 - new partner:created
2 new allocated ops:assigned engine:assigned
3 new cancelled partner:cancelled ops:cancelled
4 allocated in_progress worker:work_started
5 allocated pending_allocation worker:assignment_rejected timer:acceptance_timeout ops:unassigned
6 allocated cancelled partner:cancelled ops:cancelled
7 pending_allocation allocated ops:reassigned engine:reassigned
8 pending_allocation cancelled partner:cancelled ops:cancelled
9 in_progress submitted worker:form_submitted
10 in_progress pending_allocation worker:worker_withdrew ops:reassigned timer:tat_breached
11 in_progress cancelled partner:cancelled ops:cancelled
12 submitted qc_passed qc:approved
13 submitted qc_rejected qc:rejected
14 submitted qc_rework qc:rework
15 submitted cancelled ops:cancelled
16 qc_rework in_progress worker:rework_started
17 qc_rework pending_allocation timer:rework_timeout ops:reassigned worker:declined
18 qc_rework cancelled ops:cancelled
19 qc_rejected pending_allocation ops:reverification_ordered
20 qc_rejected cancelled ops:closed_unverified partner:closed_unverified
21 qc_passed reported ops:report_generated system:report_generated
22 reported in_payment_cycle finance:added_to_cycle
23 in_payment_cycle payment_complete finance:paid
24 in_payment_cycle reported finance:removed_from_cycle
"""
ROWS = [line.split() for line in CONTRACT.split("\n") if line]
PAIRS = {(None if row[1] == "-" else row[1], row[2]) for row in ROWS}
DOCUMENTED = [
    "new",
    "allocated",
    "pending_allocation",
    "in_progress",
    "submitted",
    "qc_passed",
    "qc_rejected",
    "qc_rework",
    "reported",
    "in_payment_cycle",
    "payment_complete",
    "cancelled",
]


def _written(row: Transition) -> list[str]:
    reasons = [f"{actor}:{reason}" for actor, reason in row.reasons]
    return [str(row.number), row.previous or "-", row.new, *reasons]


def test_the_table_is_the_contracts() -> None:
    assert [_written(row) for row in lifecycle.TRANSITIONS] == ROWS


def test_there_are_the_twelve_documented_statuses() -> None:
    assert list(lifecycle.STATUSES) == DOCUMENTED
    assert [getattr(CaseStatus, name.upper()) for name in DOCUMENTED] == DOCUMENTED


@pytest.mark.parametrize(("previous", "new"), sorted(PAIRS, key=str))
def test_a_listed_step_is_legal(previous: str | None, new: str) -> None:
    row = lifecycle.check(previous, new)
    assert (row.previous, row.new) == (previous, new)
    assert lifecycle.find(previous, new) is row


@pytest.mark.parametrize(
    ("previous", "new"), [p for p in product([None, *DOCUMENTED], DOCUMENTED) if p not in PAIRS]
)
def test_every_other_step_is_refused_in_the_contracts_words(previous: str | None, new: str) -> None:
    assert lifecycle.find(previous, new) is None
    with pytest.raises(IllegalTransition) as caught:
        lifecycle.check(previous, new)
    assert str(caught.value) == f"Illegal status transition from '{previous or '-'}' to '{new}'"


def test_an_unknown_status_has_no_legal_step() -> None:
    assert lifecycle.find("accepted", "in_progress") is None
    assert lifecycle.find("new", "accepted") is None


def test_final_statuses_are_those_that_no_step_leaves() -> None:
    left = {row.previous for row in lifecycle.TRANSITIONS}
    final = set(lifecycle.FINAL)
    assert final == {status for status in DOCUMENTED if status not in left}
    assert final == {"payment_complete", "cancelled"}
    assert lifecycle.check("new", "cancelled").final
    assert not lifecycle.check("submitted", "qc_passed").final


def test_only_the_step_to_qc_passed_completes_a_case() -> None:
    assert [row.number for row in lifecycle.TRANSITIONS if row.completes] == [12]


def test_a_row_says_who_may_take_the_step_and_why() -> None:
    row = lifecycle.check("allocated", "pending_allocation")
    assert row.actors == (Actor.WORKER, Actor.TIMER, Actor.OPS)
    assert row.reason_for(Actor.TIMER) == "acceptance_timeout"
    assert row.reason_for(Actor.PARTNER) is None
    assert row.allows(Actor.OPS, "unassigned")
    assert not row.allows(Actor.OPS, "assignment_rejected")


def test_a_row_says_what_the_step_needs() -> None:
    needs = {row.number: row.needs for row in lifecycle.TRANSITIONS if row.needs}
    assert needs == {
        2: "a worker",
        7: "a worker",
        9: "a final form submission",
        12: "a submission and a review",
        13: "a reason code",
        14: "instructions",
    }


def test_the_actors_are_those_of_the_table() -> None:
    constants = {value for name, value in vars(Actor).items() if name.isupper()}
    assert constants == {actor for row in lifecycle.TRANSITIONS for actor in row.actors}


def test_the_steps_from_a_status_come_in_the_tables_order() -> None:
    assert [row.number for row in lifecycle.steps_from("submitted")] == [12, 13, 14, 15]
    assert [row.number for row in lifecycle.steps_from(None)] == [1]
    assert lifecycle.steps_from("cancelled") == ()


@pytest.mark.parametrize(
    ("previous", "new", "message"),
    [
        (None, "new", "Case created"),
        ("new", "allocated", "Case allocated to worker"),
        ("pending_allocation", "allocated", "Case allocated to worker"),
        ("allocated", "in_progress", "Case in progress"),
        ("qc_rework", "in_progress", "Case in progress"),
        ("in_progress", "submitted", "Case submitted for review"),
        ("submitted", "qc_passed", "Case status changed from 'submitted' to 'qc_passed'"),
        ("new", "cancelled", "Case status changed from 'new' to 'cancelled'"),
        ("allocated", "new", "Case status changed from 'allocated' to 'new'"),
        ("new", "accepted", "Case status changed from 'new' to 'accepted'"),
        (None, "accepted", "Case status changed from '-' to 'accepted'"),
    ],
)
def test_a_notification_says_what_the_documents_say(
    previous: str | None, new: str, message: str
) -> None:
    assert lifecycle.message(previous, new) == message


def test_a_completion_says_what_the_documents_say() -> None:
    said = lifecycle.COMPLETION_MESSAGE
    assert said == "Case completed - includes full verification data and report"


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_documented_status_is_known(name: str) -> None:
    assert CaseStatus(name).known
    assert CaseStatus(name).final is (name in {"payment_complete", "cancelled"})


@pytest.mark.parametrize("name", ["accepted", "", "NEW", "qc passed", "\x00"])
def test_an_unknown_status_is_kept_as_itself(name: str) -> None:
    status = CaseStatus(name)
    assert status == name
    assert not status.known
    assert not status.final


@pytest.mark.parametrize("name", ["new", "accepted"])
def test_a_status_survives_pickling_copying_and_json(name: str) -> None:
    status = CaseStatus(name)
    for twin in (pickle.loads(pickle.dumps(status)), copy.copy(status), copy.deepcopy(status)):
        assert type(twin) is CaseStatus
        assert twin == status
    assert CaseStatus(json.loads(json.dumps(status))) == status


def test_a_status_shows_itself_as_text_and_names_its_kind_in_a_repr() -> None:
    assert f"{CaseStatus.NEW}" == str(CaseStatus.NEW) == "new"
    assert repr(CaseStatus("accepted")) == "CaseStatus('accepted')"
