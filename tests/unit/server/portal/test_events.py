"""The notifications of the portal (contract, section 4)."""

from __future__ import annotations

import attrs
import pytest

from fulfillment_sdk import strictjson, wire
from fulfillment_sdk.models import CaseCompleted, StatusChanged
from fulfillment_sdk.server.portal import cases, completion, events
from tests.unit.server.portal.samples import CASE, CREATED, DOSSIER, PASSED, REVIEW, SUBMISSION


def test_a_status_change_is_written_as_the_contract_shows_it() -> None:
    assert events.status_changed(CASE, PASSED, event_id="evt_1") == {
        "id": "evt_1",
        "type": "case.status_changed",
        "version": "1",
        "timestamp": "2025-04-06T09:30:00.250000Z",
        "data": {
            "case_id": "case_987654",
            "reference_number": "HL-CMS-000123",
            "organization_id": "550e8400-e29b-41d4-a716-446655440000",
            "case_category_id": "362485",
            "previous_status": "submitted",
            "new_status": "qc_passed",
            "timestamp": "2025-04-06T09:30:00.250000Z",
            "sequence": 5,
            "transition_id": "trn_5",
            "actor": "qc",
            "reason": "approved",
            "final": False,
            "message": "Case status changed from 'submitted' to 'qc_passed'",
        },
    }


def test_a_creation_has_no_previous_status() -> None:
    data = events.facts(CASE, CREATED, sequence=1, message="Case created")
    assert data["previous_status"] is None


@pytest.mark.parametrize("category", ["", None])
def test_a_category_that_is_no_code_is_null(category: str | None) -> None:
    case = attrs.evolve(CASE, category_id=category)
    data = events.facts(case, CREATED, sequence=1, message="Case created")
    assert data["case_category_id"] is None


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("362485", "362485"),
        (362485, "362485"),
        (" gbv/physical-abuse ", "gbv/physical-abuse"),
        ("Physical abuse by her brother", ""),
        ("362485\n", "362485"),
        ("x" * 65, ""),
        ("jane@example.org", ""),
        (None, ""),
        (["362485"], ""),
    ],
)
def test_only_a_code_passes_for_a_category(value: object, code: str) -> None:
    assert cases.category_of({"case_category_id": value}) == code


def test_only_the_two_ends_are_final() -> None:
    for status, final in (("cancelled", True), ("payment_complete", True), ("reported", False)):
        change = attrs.evolve(PASSED, new_status=status)
        assert events.facts(CASE, change, sequence=5, message="")["final"] is final


def test_the_sdk_reads_a_status_change() -> None:
    body = strictjson.dumps(events.status_changed(CASE, PASSED, event_id="evt_1"))
    event = wire.load_event(body)
    assert isinstance(event, StatusChanged)
    assert (event.case_id, event.sequence, event.new_status) == (CASE.id, 5, "qc_passed")


def completed() -> dict[str, object]:
    return completion.completed(
        DOSSIER, PASSED, event_id="evt_2", sequence=6, public_url="https://gateway.example/"
    )


def test_the_sdk_reads_a_completion() -> None:
    event = wire.load_event(strictjson.dumps(completed()))
    assert isinstance(event, CaseCompleted)
    assert event.message == "Case completed - includes full verification data and report"
    assert (event.sequence, event.transition_id, event.final) == (6, "trn_5", False)
    assert event.case is not None
    assert event.case.request == DOSSIER.request
    assert event.form_submissions[0].form_version == "2"
    assert event.qc_review is not None
    assert event.qc_review.id == event.qc_reviews[0].id == "rev_1"
    report = "https://gateway.example/api/webhook/webform/cases/case_987654/report/"
    assert event.report_url == report
    assert event.report_expires_at == "2025-04-06T10:30:00.250000Z"


def test_a_comment_is_in_no_notification() -> None:
    changed = events.status_changed(CASE, PASSED, event_id="evt_1")
    for payload in (changed, completed()):
        assert b"neighbour" not in strictjson.dumps(payload)


def test_without_review_and_report_a_completion_says_null() -> None:
    bare = attrs.evolve(DOSSIER, reviews=[], report=None)
    written = completion.completed(bare, PASSED, event_id="e", sequence=6, public_url="https://x")
    data = written["data"]
    assert isinstance(data, dict)
    assert [data[key] for key in ("qc_review", "report_url", "report_expires_at")] == [None] * 3


def test_the_last_passing_review_decides() -> None:
    older = attrs.evolve(REVIEW, id="rev_0", result="rework")
    later = attrs.evolve(REVIEW, id="rev_2", result="reject")
    dossier = attrs.evolve(DOSSIER, reviews=[older, REVIEW, later])
    assert dossier.deciding_review == REVIEW


def test_a_completion_is_never_larger_than_estimated() -> None:
    for parts in (0, 1, 7, 40):
        dossier = attrs.evolve(
            DOSSIER,
            submissions=[SUBMISSION] * parts,
            reviews=[REVIEW] * (parts + 1),
            changes=[PASSED] * (2 * parts + 2),
        )
        payload = completion.completed(
            dossier, PASSED, event_id="evt_" + "x" * 40, sequence=10**9, public_url="https://x"
        )
        estimated = completion.estimate(
            request=len(strictjson.dumps(DOSSIER.request)),
            forms=[len(strictjson.dumps(SUBMISSION.form))] * parts,
            words=[len(strictjson.dumps(REVIEW.words))] * (parts + 1),
            changes=2 * parts + 2,
        )
        assert len(strictjson.dumps(payload)) <= estimated


def test_nothing_that_people_wrote_shows_in_a_repr() -> None:
    shown = repr(DOSSIER)
    for secret in ("Jane", "abuse", "blue", "All is there", "neighbour", "Kisumu"):
        assert secret not in shown
