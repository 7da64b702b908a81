"""When timers fire (contract, section 3, rows 5, 10 and 17)."""

from __future__ import annotations

import pytest

from fulfillment_sdk.lifecycle import STATUSES, CaseStatus
from fulfillment_sdk.server.portal.due import Timeouts, due_at, timer_step, turnaround

TIMEOUTS = Timeouts(acceptance=1800.0, rework=900.0)
CREATED_AT = 1_743_928_200.0


def test_three_statuses_have_a_timer() -> None:
    fires = {}
    for status in STATUSES:
        step = timer_step(status)
        if step is not None:
            fires[status] = (step[0].new, step[1])
    assert fires == {
        "allocated": ("pending_allocation", "acceptance_timeout"),
        "in_progress": ("pending_allocation", "tat_breached"),
        "qc_rework": ("pending_allocation", "rework_timeout"),
    }


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("allocated", 1900.0),
        ("qc_rework", 1000.0),
        ("in_progress", 5000.0),
        ("submitted", None),
        ("new", None),
        ("cancelled", None),
    ],
)
def test_a_status_sets_its_own_timer(status: str, expected: float | None) -> None:
    due = due_at(CaseStatus(status), now=100.0, timeouts=TIMEOUTS, tat_due_at=5000.0)
    assert due == expected


def test_without_an_agreed_time_work_has_no_timer() -> None:
    assert due_at(CaseStatus("in_progress"), now=1.0, timeouts=TIMEOUTS, tat_due_at=None) is None


@pytest.mark.parametrize(
    ("verification", "expected"),
    [
        ({"due_at": "2025-04-07T08:30:00Z"}, CREATED_AT + 86400),
        ({"due_at": "2025-04-07T11:30:00+03:00"}, CREATED_AT + 86400),
        ({"due_at": "1743950000"}, 1743950000.0),
        ({"due_at": 1743950000}, 1743950000.0),
        ({"tat_hours": "24"}, CREATED_AT + 86400),
        ({"tat_hours": 1}, CREATED_AT + 3600),
        ({"tat_hours": "1.5"}, CREATED_AT + 5400),
        ({"tat_hours": "1", "starts_at": "2025-04-06T09:00:00Z"}, CREATED_AT + 5400),
        ({"tat_hours": "1", "due_at": "1743950000"}, 1743950000.0),
        ({"tat_hours": "1", "due_at": "next week"}, CREATED_AT + 3600),
        ({"due_at": "9999-12-31T23:59:59.999999Z"}, None),
        ({"due_at": "0001-01-01T00:00:00Z"}, None),
        ({"starts_at": "9999-12-31T23:00:00Z", "tat_hours": "99999"}, None),
        ({"tat_hours": "soon"}, None),
        ({"tat_hours": "0"}, None),
        ({"tat_hours": "-3"}, None),
        ({"tat_hours": ""}, None),
        ({"due_at": ""}, None),
        ({"due_at": ["1743950000"]}, None),
        ({}, None),
    ],
)
def test_the_turnaround_time_is_read_from_the_verification(
    verification: dict[str, object], expected: float | None
) -> None:
    assert turnaround({"verification": verification}, created_at=CREATED_AT) == expected


def test_a_case_without_a_verification_has_no_turnaround_time() -> None:
    assert turnaround({}, created_at=CREATED_AT) is None
    assert turnaround({"verification": "none"}, created_at=CREATED_AT) is None
