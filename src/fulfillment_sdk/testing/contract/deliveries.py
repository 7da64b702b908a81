"""Events as a gateway sends them, and what a sink is handed of them. All people are invented."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from fulfillment_sdk import lifecycle
from fulfillment_sdk.models.events import CASE_COMPLETED, STATUS_CHANGED
from fulfillment_sdk.relay import Delivery, Event

AT: Final = "2025-04-06T16:00:00.000000Z"
ACCEPTED_AT: Final = 1_743_955_200.0  # the same, in epoch seconds

STORY: Final = "Hush-Narrative: he came back at night"
NAME: Final = "Hush-Wanjiru Hush-Otieno"
PHONE: Final = "0700-HUSH-99"
CONTENT: Final = (STORY, NAME, PHONE)
"""What is in a completion and must be told nobody: no outcome, log or repr may have it."""

ODD_CASES: Final = (
    "Fall № 7 / ’q’; DROP TABLE cases; --",
    "حالة-٧-ケース",
    "two\nlines\r\nX-Header: 1",
    "../../etc/passwd",
    "{{ 7 * 7 }} <b>&amp;</b> %s * > .",
    "x" * 200,
)
"""Ids of cases, as somebody else may make them: for SQL, paths, headers, markup and subjects."""

_STEPS: Final = (
    (None, "new", "partner", "created"),
    ("new", "allocated", "ops", "assigned"),
    ("allocated", "in_progress", "worker", "work_started"),
    ("in_progress", "submitted", "worker", "form_submitted"),
    ("submitted", "qc_passed", "qc", "approved"),
)


def event(
    id: str,
    *,
    case_id: str,
    type: str = STATUS_CHANGED,
    sequence: int = 1,
    more: Mapping[str, object] | None = None,
) -> Event:
    """Return an event of a case, with all that the contract, section 4, says is in it.

    `sequence` also says how far the case is, along the documented timeline; `more` is added to its
    `data`.
    """
    previous, new, actor, reason = _STEPS[min(sequence, len(_STEPS)) - 1]
    data: dict[str, object] = {
        "case_id": case_id,
        "reference_number": "HL-CMS-000123",
        "organization_id": "550e8400-e29b-41d4-a716-446655440000",
        "previous_status": previous,
        "new_status": new,
        "timestamp": AT,
        "sequence": sequence,
        "transition_id": f"trn_{id}",
        "actor": actor,
        "reason": reason,
        "final": False,
        "message": lifecycle.message(previous, new),
        "case_category_id": "362485",
    }
    if type == CASE_COMPLETED:
        data |= _completion(case_id)
    data |= more or {}
    body = {"id": id, "type": type, "version": "1", "timestamp": AT, "data": data}
    return Event(id, type, case_id, sequence, json.dumps(body).encode())


def bare(id: str, *, case_id: str, type: str) -> Event:
    """Return an event that says which case it is about, and nothing else."""
    body = {"id": id, "type": type, "data": {"case_id": case_id}}
    return Event(id, type, case_id, None, json.dumps(body).encode())


def delivery(event: Event, *, attempt: int = 1) -> Delivery:
    """Return an event on its way to a sink."""
    return Delivery(event=event, destination="contract", attempt=attempt, accepted_at=ACCEPTED_AT)


def form(*, size: int = 0) -> dict[str, object]:
    """Return a filled-in form, with `size` more characters in it."""
    return {
        "id": "sub_1",
        "form_name": "home_visit",
        "form_version": "1",
        "status": "final",
        "submitted_at": AT,
        "data": {"met": NAME, "said": STORY, "notes": "x" * size},
        "files": [],
    }


def _completion(case_id: str) -> dict[str, object]:
    review = {
        "id": "rev_1",
        "submission_id": "sub_1",
        "result": "pass",
        "reason_code": None,
        "comments": STORY,
        "reviewed_at": AT,
    }
    return {
        "message": lifecycle.COMPLETION_MESSAGE,
        "completed_at": AT,
        "case": {
            "id": case_id,
            "reference_number": "HL-CMS-000123",
            "created_at": AT,
            "assigned_to": "intake",
            "timeline": [],
            "request": {
                "reporter": {"fname": NAME, "phone": PHONE},
                "narrative": STORY,
                "case_category_id": "362485",
                "priority": "1",
            },
        },
        "form_submissions": [form()],
        "qc_review": review,
        "qc_reviews": [review],
        "report_url": None,
        "report_expires_at": None,
        "outcome": "positive",
    }
