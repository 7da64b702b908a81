"""An invented event, to try a sink with: its case, its person and its story say that they are."""

from __future__ import annotations

from typing import Final

from fulfillment_sdk import lifecycle, strictjson
from fulfillment_sdk.models.events import CASE_COMPLETED, STATUS_CHANGED
from fulfillment_sdk.plugins.filters import CATEGORY, STATUS, UNKNOWN
from fulfillment_sdk.relay import Destination, Event
from fulfillment_sdk.times import format_time

NUMBER: Final = "TEST-000000"
"""The reference number of the case that there isn't."""

_ORGANIZATION: Final = "00000000-0000-0000-0000-000000000000"
_CATEGORY: Final = "362485"
_STORY: Final = "This is a test. There is no such case, and nothing of this has happened."

# The person of the documents' examples.
_PERSON: Final = {
    "fname": "Jane Smith",
    "age": "35",
    "sex_id": "122",
    "phone": "0712345678",
    "email": "jane.smith@example.com",
    "location_id": "258783",
}


def type_for(destination: Destination) -> str:
    """Return the type of event that a destination wants: of those that it names the first known."""
    known = (STATUS_CHANGED, CASE_COMPLETED)
    return next((one for one in destination.types if one in known), STATUS_CHANGED)


def sample_event(destination: Destination, *, type: str, token: str, now: float) -> Event:
    """Return an event about an invented case, with the status and category that are wanted.

    Args:
        destination: whose filters it is to pass.
        type: `case.status_changed` or `case.completed`.
        token: makes its ids its own; letters and digits.
        now: when it is to have happened, epoch seconds.
    """
    event_id, case_id = f"evt_test_{token}", f"case_test_{token}"
    completes = type == CASE_COMPLETED
    wanted = lifecycle.COMPLETES if completes else _wanted(destination, STATUS, lifecycle.ALLOCATED)
    row = next(
        (row for row in lifecycle.TRANSITIONS if row.new == wanted),
        lifecycle.TRANSITIONS[0],
    )
    actor, reason = row.reasons[0]
    about = {"case_id": case_id, "reference_number": NUMBER}
    data: dict[str, object] = {
        **about,
        "organization_id": _ORGANIZATION,
        "case_category_id": _wanted(destination, CATEGORY, _CATEGORY),
        "previous_status": row.previous,
        "new_status": wanted,
        "timestamp": format_time(now),
        "sequence": 2 if completes else 1,
        "transition_id": f"trn_test_{token}",
        "actor": actor,
        "reason": reason,
        "final": wanted in lifecycle.FINAL,
        "message": lifecycle.COMPLETION_MESSAGE
        if completes
        else lifecycle.message(row.previous, row.new),
    }
    if completes:
        data |= _completion(case_id, data["case_category_id"], now)
    body = {
        "id": event_id,
        "type": type,
        "version": "1",
        "timestamp": format_time(now),
        "data": data,
    }
    sequence = 2 if completes else 1
    return Event(event_id, type, case_id, sequence, strictjson.dumps(body))


def _wanted(destination: Destination, label: str, otherwise: str) -> str:
    values = (value for value in destination.only.get(label, ()) if value != UNKNOWN)
    return next(values, otherwise)


def _completion(case_id: str, category: object, now: float) -> dict[str, object]:
    at = format_time(now)
    review = {
        "id": "rev_test",
        "submission_id": "sub_test",
        "result": "pass",
        "reason_code": None,
        "comments": _STORY,
        "instructions": None,
        "reviewed_at": at,
    }
    return {
        "completed_at": at,
        "case": {
            "id": case_id,
            "reference_number": NUMBER,
            "created_at": at,
            "assigned_to": None,
            "timeline": [],
            "request": {
                "reporter": dict(_PERSON),
                "gbv_related": False,
                "case_category_id": category,
                "narrative": _STORY,
                "plan": _STORY,
                "priority": "3",
                "status": "1",
            },
        },
        "form_submissions": [
            {
                "id": "sub_test",
                "form_name": "test",
                "form_version": "1",
                "status": "submitted",
                "submitted_at": at,
                "data": {"notes": _STORY},
                "files": [],
            }
        ],
        "qc_review": review,
        "qc_reviews": [review],
        "report_url": None,
        "report_expires_at": None,
        "outcome": None,
    }
