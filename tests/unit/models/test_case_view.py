"""A case as its organization sees it, field by field (contract, section 5)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fulfillment_sdk import wire
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.models import CaseDetails, CaseSummary

SUMMARY: dict[str, Any] = {
    "id": "case_987654",
    "reference_number": "HL-CMS-000123",
    "status": "qc_passed",
    "created_at": "2025-04-05T10:30:02Z",
    "updated_at": "2025-04-05T12:00:00.000000Z",
    "completed_at": None,
    "assigned_to": "agent_001",
    "outcome": None,
    "src_uid": "your-own-id-7",
}
DETAILS: dict[str, Any] = {
    **SUMMARY,
    "timeline": [
        {
            "status": "new",
            "previous_status": None,
            "timestamp": "2025-04-05T10:30:02.000000Z",
            "actor": "partner",
            "reason": "created",
        }
    ],
    "report": {"url": "https://gateway.example/r", "expires_at": "2025-07-04T10:30:02.000000Z"},
    "files": [
        {
            "id": "file_1",
            "file_name": "Jane Smith's gate.jpg",
            "content_type": "image/jpeg",
            "size": 4,
            "sha256": "00",
            "url": "https://gateway.example/f",
        }
    ],
}


def test_a_listed_case_has_the_contracts_fields() -> None:
    case = wire.load(CaseSummary, SUMMARY)
    assert wire.to_json(case) == SUMMARY
    assert case.created == datetime(2025, 4, 5, 10, 30, 2, tzinfo=UTC)
    assert case.updated == datetime(2025, 4, 5, 12, tzinfo=UTC)
    assert case.completed is None


def test_a_case_alone_has_its_timeline_report_and_files() -> None:
    case = wire.load(CaseDetails, DETAILS)
    assert wire.to_json(case) == DETAILS
    assert case.timeline[0].at == datetime(2025, 4, 5, 10, 30, 2, tzinfo=UTC)
    assert case.report is not None
    assert case.report.expiry == datetime(2025, 7, 4, 10, 30, 2, tzinfo=UTC)
    assert "Jane" not in repr(case)


def test_a_case_that_is_not_completed_has_neither_report_nor_files() -> None:
    case = wire.load(CaseDetails, {**DETAILS, "report": None, "files": []})
    assert (case.report, case.files) == (None, ())


def test_a_status_that_nobody_knows_is_kept() -> None:
    case = wire.load(CaseSummary, {**SUMMARY, "status": "accepted"})
    assert (case.status, case.status.known) == ("accepted", False)


@pytest.mark.parametrize("key", ["id", "status"])
def test_a_case_without_what_makes_it_one_is_none(key: str) -> None:
    answer = {name: value for name, value in SUMMARY.items() if name != key}
    with pytest.raises(PayloadError, match=f"{key}: is missing"):
        wire.load(CaseSummary, answer)
