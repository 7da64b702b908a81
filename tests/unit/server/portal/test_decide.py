"""What a member of staff may do (contract, section 7)."""

from __future__ import annotations

import pytest

from fulfillment_sdk.errors import IllegalTransition
from fulfillment_sdk.lifecycle import TRANSITIONS, CaseStatus, Transition
from fulfillment_sdk.server.portal import decide
from fulfillment_sdk.server.portal.decide import Decision
from fulfillment_sdk.server.portal.refusal import Refusal
from fulfillment_sdk.server.portal.staff import ROLES

ROWS = pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"row {row.number}")


@ROWS
def test_an_admin_acts_as_the_first_actor_for_its_reason(row: Transition) -> None:
    actor, reason = row.reasons[0]
    assert decide.step(row.previous, row.new, role="admin") == Decision(actor, reason)


@ROWS
def test_an_admin_acts_as_any_actor_of_the_row(row: Transition) -> None:
    for actor, reason in row.reasons:
        decided = decide.step(row.previous, row.new, role="admin", actor=actor)
        assert decided == Decision(actor, reason)


@ROWS
def test_everybody_else_acts_as_their_role_where_the_row_has_it(row: Transition) -> None:
    for role in ROLES[1:]:
        if role in row.actors:
            assert decide.step(row.previous, row.new, role=role).actor == role
        else:
            assert refused(row, role=role) == 403


@ROWS
def test_nobody_else_acts_as_another(row: Transition) -> None:
    for actor in row.actors:
        for role in ROLES[1:]:
            if role != actor:
                assert refused(row, role=role, actor=actor) == 403


@ROWS
def test_a_pair_that_the_row_does_not_list_is_a_bad_request(row: Transition) -> None:
    assert refused(row, role="admin", actor="nobody") == 400
    assert refused(row, role="admin", reason="for fun") == 400
    assert refused(row, role="admin", actor="nobody", reason=row.reasons[0][1]) == 400


def test_a_reason_of_another_actor_is_not_ones_own() -> None:
    row = next(row for row in TRANSITIONS if row.number == 10)
    assert refused(row, role="ops", reason="worker_withdrew") == 400


def test_an_illegal_step_is_that_whoever_asks() -> None:
    for role in ROLES:
        with pytest.raises(IllegalTransition):
            decide.step(CaseStatus.NEW, CaseStatus.REPORTED, role=role)
        with pytest.raises(IllegalTransition):
            decide.plain_step(CaseStatus.NEW, CaseStatus.QC_PASSED, role=role, actor="nobody")


@pytest.mark.parametrize("to", list(decide.OTHER_CALLS))
def test_a_step_that_needs_more_is_refused_as_a_plain_one(to: str) -> None:
    previous = CaseStatus.IN_PROGRESS if to == "submitted" else CaseStatus.SUBMITTED
    with pytest.raises(Refusal) as caught:
        decide.plain_step(previous, CaseStatus(to), role="admin")
    assert caught.value.status == 409
    assert "POST cases/{id}/" in caught.value.message


def test_a_status_of_another_deployment_is_unknown_here() -> None:
    assert decide.known_status("qc_passed") == CaseStatus.QC_PASSED
    with pytest.raises(Refusal) as caught:
        decide.known_status("accepted")
    assert caught.value.status == 400
    assert "accepted" not in caught.value.message


def test_an_admin_may_do_what_a_role_may() -> None:
    decide.allow("ops", "ops", "qc")
    decide.allow("admin")
    with pytest.raises(Refusal) as caught:
        decide.allow("worker", "ops", "qc")
    assert caught.value.status == 403


def refused(
    row: Transition, *, role: str, actor: str | None = None, reason: str | None = None
) -> int:
    with pytest.raises(Refusal) as caught:
        decide.step(row.previous, row.new, role=role, actor=actor, reason=reason)
    return caught.value.status
