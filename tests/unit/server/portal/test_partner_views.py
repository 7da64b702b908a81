"""A case as its partner sees it: contract, section 5."""

from __future__ import annotations

import json

import attrs

from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.server.portal import partner_views
from fulfillment_sdk.server.portal.cases import Case, src_uid
from fulfillment_sdk.server.portal.history import Change
from fulfillment_sdk.server.portal.partner_views import Owned
from fulfillment_sdk.server.portal.reports import Report

CREATED = 1_743_928_200.25  # 2025-04-06T08:30:00.25Z

CASE = Case(
    id="case_1",
    number=1,
    reference_number="HL-CMS-000001",
    organization_id="org",
    status=CaseStatus("submitted"),
    assigned_to="intake",
    worker_id="wrk_1",
    sequence=4,
    work_round=1,
    outcome="positive",
    request_size=1,
    created_at=CREATED,
    updated_at=CREATED + 60,
    completed_at=None,
    tat_due_at=None,
    due_at=None,
)
CHANGE = Change(
    id="trn_1",
    case_id="case_1",
    sequence=5,
    previous_status="submitted",
    new_status="qc_passed",
    actor="qc",
    reason="approved",
    done_by="staff_7",
    worker_id="wrk_1",
    comment="The neighbour said more.",
    at=CREATED + 120,
)


def listed(completed_at: float | None = None) -> dict[str, object]:
    case = attrs.evolve(CASE, completed_at=completed_at)
    return partner_views.listed(Owned(case=case, src_uid="mine-7"))


def test_a_list_has_the_lifecycle_status_the_times_and_the_partners_own_id() -> None:
    assert listed() == {
        "id": "case_1",
        "reference_number": "HL-CMS-000001",
        "status": "submitted",
        "created_at": "2025-04-06T08:30:00Z",
        "updated_at": "2025-04-06T08:31:00.250000Z",
        "completed_at": None,
        "assigned_to": "intake",
        "outcome": None,
        "src_uid": "mine-7",
    }


def test_an_outcome_is_told_once_the_case_is_completed() -> None:
    assert listed()["outcome"] is None
    completed = listed(completed_at=CREATED + 120)
    assert completed["outcome"] == "positive"
    assert completed["completed_at"] == "2025-04-06T08:32:00.250000Z"


def test_shown_alone_it_has_timeline_report_and_files() -> None:
    shown = partner_views.alone(
        Owned(case=CASE, src_uid=None),
        changes=[CHANGE],
        report=Report(case_id="case_1", issued_at=CREATED, expires_at=CREATED + 3600),
        files=[{"id": "file_1"}],
        public_url="https://gateway.example/",
    )
    assert shown["timeline"] == [
        {
            "status": "qc_passed",
            "previous_status": "submitted",
            "timestamp": "2025-04-06T08:32:00.250000Z",
            "actor": "qc",
            "reason": "approved",
        }
    ]
    assert shown["report"] == {
        "url": "https://gateway.example/api/webhook/webform/cases/case_1/report/",
        "expires_at": "2025-04-06T09:30:00.250000Z",
    }
    assert shown["files"] == [{"id": "file_1"}]
    assert {"narrative", "request", "worker_id", "organization_id"}.isdisjoint(shown)


def test_neither_staff_nor_comments_are_shown() -> None:
    shown = partner_views.alone(
        Owned(case=CASE, src_uid=None), changes=[CHANGE], report=None, files=(), public_url=""
    )
    text = json.dumps(shown)
    assert shown["report"] is None
    assert all(word not in text for word in ("staff_7", "neighbour", "wrk_1"))


def test_a_src_uid_reads_as_the_gateway_looks_it_up() -> None:
    given: list[object] = ["mine-7", "  mine-7 ", 7, "", "   ", None]
    assert [src_uid({"src_uid": value}) for value in given] == ["mine-7"] * 2 + ["7"] + [None] * 3
    assert src_uid({}) is None


def test_a_src_uid_is_not_in_the_repr() -> None:
    assert "mine-7" not in repr(Owned(case=CASE, src_uid="mine-7"))
