"""Notifications, field by field (contract, section 4)."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest

from fulfillment_sdk import wire
from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.models import (
    CaseCompleted,
    Event,
    FormSubmission,
    QCReview,
    StatusChanged,
    SubmittedFile,
    TimelineEntry,
)
from tests import samples


def changed() -> StatusChanged:
    event = wire.load_event(samples.body("status-changed"))
    assert isinstance(event, StatusChanged)
    return event


def completed() -> CaseCompleted:
    event = wire.load_event(samples.body("case-completed"))
    assert isinstance(event, CaseCompleted)
    return event


def test_the_contracts_notification_is_flat_to_read() -> None:
    event = changed()
    assert event.id == "evt_…"
    assert event.type == "case.status_changed"
    assert event.version == "1"
    assert event.timestamp == event.changed_at == "2025-04-06T16:00:00.000000Z"
    assert event.at == datetime(2025, 4, 6, 16, tzinfo=UTC)
    assert event.case_id == "case_987654"
    assert event.reference_number == "HL-CMS-000123"
    assert event.organization_id == "550e8400-…"
    assert event.previous_status == CaseStatus.SUBMITTED
    assert event.new_status == CaseStatus.QC_PASSED
    assert event.new_status.known
    assert event.sequence == 5
    assert event.transition_id == "trn_…"
    assert (event.actor, event.reason) == ("qc", "approved")
    assert event.final is False
    assert event.message == "Case status changed from 'submitted' to 'qc_passed'"


def test_a_completion_is_no_status_change_but_has_its_facts() -> None:
    event = completed()
    assert not isinstance(event, StatusChanged)
    assert isinstance(event, Event)
    assert event.type == "case.completed"
    assert event.sequence == 6
    assert event.transition_id == "trn_5"
    assert event.message == "Case completed - includes full verification data and report"
    assert event.new_status == "qc_passed"


def test_a_completion_has_everything_that_was_found() -> None:
    event = completed()
    assert event.completed_at == "2025-04-06T16:00:00.000000Z"
    assert event.report_url is not None
    assert event.report_url.endswith("/cases/case_987654/report/")
    assert event.report_expires_at == "2025-05-06T16:00:00.000000Z"
    assert event.outcome == "positive"


def test_a_completion_has_the_case_as_it_was_created() -> None:
    case = completed().case
    assert case is not None
    assert (case.id, case.reference_number) == ("case_987654", "HL-CMS-000123")
    assert (case.created_at, case.assigned_to) == ("2025-04-05T10:00:00Z", "agent_001")
    assert case.request == samples.read("case-physical-abuse")


def test_a_completion_has_the_documented_timeline() -> None:
    case = completed().case
    assert case is not None
    assert case.timeline[0] == TimelineEntry(
        sequence=1,
        transition_id="trn_1",
        previous_status=None,
        new_status=CaseStatus.NEW,
        timestamp="2025-04-05T10:00:00.000000Z",
        actor="partner",
        reason="created",
        message="Case created",
    )
    statuses = [entry.new_status for entry in case.timeline]
    assert statuses == ["new", "allocated", "in_progress", "submitted", "qc_passed"]


def test_a_completion_has_all_submissions_with_superseded_ones_marked() -> None:
    first, last = completed().form_submissions
    assert (first.status, last.status) == ("superseded", "submitted")
    assert last == FormSubmission(
        id="sub_2",
        form_name="site_visit",
        form_version="3",
        status="submitted",
        submitted_at="2025-04-06T15:00:00.000000Z",
        data={"door_seen": True, "distance_km": 1.5, "notes": "Neighbour confirms."},
        files=[
            SubmittedFile(
                id="file_1",
                file_name="door.jpg",
                content_type="image/jpeg",
                size=48213,
                sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                url="https://gateway.example/api/webhook/webform/cases/case_987654/files/file_1/",
            )
        ],
    )


def test_a_completion_has_the_deciding_review_and_all_reviews() -> None:
    event = completed()
    assert event.qc_review == QCReview(
        id="rev_2",
        submission_id="sub_2",
        result="pass",
        comments="All photos match the address.",
        reviewed_at="2025-04-06T16:00:00.000000Z",
    )
    assert [review.result for review in event.qc_reviews] == ["rework", "pass"]
    assert event.qc_reviews[0].instructions == "Take the photo of the door again."


def test_a_completions_repr_holds_nothing_of_the_story() -> None:
    shown = repr(completed())
    for value in ("Jane Smith", "bruising", "Neighbour", "door.jpg", "photos match", "door again"):
        assert value not in shown
    assert "case_id='case_987654'" in shown


def test_the_payload_stays_untouched_beside_the_fields() -> None:
    event = changed()
    assert event.raw == samples.read("status-changed")
    assert event == changed()
    assert attrs.evolve(event, raw={}) == event


@pytest.mark.parametrize(
    ("data", "category"),
    [
        ({"case_category_id": "362485"}, "362485"),
        ({"case_category_id": 362485}, "362485"),
        ({"case_category_id": None, "case": {"request": {"case_category_id": "7"}}}, "7"),
        ({"case": {"request": {"case_category_id": " "}}}, None),
        ({"case_category_id": {"code": "7"}, "case": None}, None),
        ({"case_category_id": True, "case": {"request": []}}, None),
        ({}, None),
        ([], None),
        (None, None),
    ],
)
def test_a_category_is_told_where_the_event_says_it(data: object, category: str | None) -> None:
    assert Event(id="e", type="t", raw={"data": data}).case_category_id == category
    assert Event(id="e", type="t").case_category_id is None
