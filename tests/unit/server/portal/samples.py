"""Values that the tests of the portal's pure parts begin from."""

from __future__ import annotations

import attrs

from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.server.portal.cases import Case
from fulfillment_sdk.server.portal.completion import Dossier
from fulfillment_sdk.server.portal.history import Change
from fulfillment_sdk.server.portal.reports import Report
from fulfillment_sdk.server.portal.reviews import Review
from fulfillment_sdk.server.portal.submissions import Submission

BEGIN = 1_743_928_200.25  # 2025-04-06T08:30:00.25Z

CASE = Case(
    id="case_987654",
    number=123,
    reference_number="HL-CMS-000123",
    organization_id="550e8400-e29b-41d4-a716-446655440000",
    status=CaseStatus.QC_PASSED,
    assigned_to="intake",
    worker_id="wrk_1",
    sequence=6,
    work_round=1,
    outcome="positive",
    request_size=200,
    created_at=BEGIN,
    updated_at=BEGIN + 3600,
    completed_at=BEGIN + 3600,
    tat_due_at=None,
    due_at=None,
    category_id="362485",
)

PASSED = Change(
    id="trn_5",
    case_id=CASE.id,
    sequence=5,
    previous_status="submitted",
    new_status="qc_passed",
    actor="qc",
    reason="approved",
    done_by="stf_1",
    worker_id="wrk_1",
    comment="Call the neighbour",
    at=BEGIN + 3600,
)

CREATED = attrs.evolve(
    PASSED,
    id="trn_1",
    sequence=1,
    previous_status=None,
    new_status="new",
    actor="partner",
    reason="created",
    at=BEGIN,
)

SUBMISSION = Submission(
    id="sub_1",
    case_id=CASE.id,
    position=1,
    work_round=1,
    form_name="Site visit",
    form_version="2",
    data={"gate": "blue", "rooms": [{"lit": True}, {"lit": None}]},
    status="submitted",
    final=True,
    outcome="positive",
    done_by="stf_2",
    submitted_at=BEGIN + 1800,
)

REVIEW = Review(
    id="rev_1",
    case_id=CASE.id,
    position=1,
    submission_id="sub_1",
    result="pass",
    reason_code=None,
    comments="All is there",
    instructions=None,
    done_by="stf_1",
    reviewed_at=BEGIN + 3600,
)

DOSSIER = Dossier(
    case=CASE,
    request={
        "reporter": {"fname": "Jane Smith"},
        "case_category_id": "362485",
        "narrative": "Client reports physical abuse.",
        "plan": "Visit the site",
        "priority": "1",
        "gbv_related": False,
        "verification": {"candidate_name": "Ras Singh", "location": {"city": "Kisumu"}},
    },
    changes=[CREATED, PASSED],
    submissions=[SUBMISSION],
    reviews=[REVIEW],
    report=Report(case_id=CASE.id, issued_at=BEGIN + 3600, expires_at=BEGIN + 7200),
)
