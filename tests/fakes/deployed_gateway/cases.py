"""`POST /api/webhook/webform/` and `GET /api/case/status/<reference>/`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from tests.fakes.deployed_gateway.upstream import Behaviour, Upstream
from tests.fakes.deployed_gateway.wire import Answer, Request, as_json, refused, words

PREFIX: Final = "lwf"
_FORM: Final = "application/x-www-form-urlencoded"

# What the caller is told of the upstream where no case came of it.
_FROM_HELPLINE: Final[Mapping[Behaviour, Mapping[str, object]]] = {
    Behaviour.EMPTY_CASES: {"status": "success", "message_id": None, "response": {"cases": []}},
    Behaviour.FAILS: {"status": "error", "http_status": 500, "error": "Internal Server Error"},
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the gateway has stored, without the organisation that it came from."""

    id: str
    stored_at: float
    data: Mapping[str, object] = field(repr=False)


def read_body(request: Request) -> object:
    """The JSON value, else the fields of a form, else (whatever was sent) no fields at all."""
    try:
        return json.loads(request.body)
    except RecursionError:
        return None  # breaks the gateway, as the JSON value null does
    except ValueError:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != _FORM:
            return {}
        return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def complaint_data(body: object) -> dict[str, object] | None:
    """The complaint's fields, which may be nested under `data`; None for what is no object."""
    data = body.get("data", body) if isinstance(body, dict) else None
    return data if isinstance(data, dict) else None


def processing_failed() -> Answer:
    """What the gateway says when it breaks: recorded for the JSON value null."""
    return words(500, "Processing failed")


def created(complaint: Complaint, notification: str, case_id: str) -> Answer:
    """A case, with its number made of its id."""
    reference = f"{PREFIX}{case_id}"
    return as_json(
        200,
        {
            "status": "success",
            "complaint_id": complaint.id,
            "case_reference": reference,
            "message": "Your complaint has been submitted successfully",
            "tracking_info": f'Use reference "{reference}" to track your case status',
            "notification_id": notification,
            "helpline_response": {"case_id": case_id, "status": "submitted"},
        },
    )


def not_forwarded(complaint: Complaint, notification: str, behaviour: Behaviour) -> Answer:
    """A complaint that no case came of, called a success."""
    return as_json(
        200,
        {
            "status": "success",
            "complaint_id": complaint.id,
            "message": "Complaint submitted successfully",
            "notification_id": notification,
            "response_from_helpline": _FROM_HELPLINE[behaviour],
        },
    )


def status(upstream: Upstream, reference: str, now: float) -> Answer:
    """What the upstream tells of a case: for everybody, with the time of the question."""
    identifier = reference.removeprefix(PREFIX)
    if not identifier.isdecimal():
        return refused(400, "Invalid case reference. Unable to extract case ID")
    if not upstream.configured:
        return refused(500, "Case tracking service is not configured")
    if upstream.behaviour is Behaviour.FAILS:
        return refused(500, "Unable to retrieve case information at this time")
    if identifier not in upstream.rows:
        return refused(404, f"Case with reference {reference} was not found")
    row = upstream.rows[identifier]
    if row is None:
        return refused(404, f"No case found with reference {reference}")
    return as_json(
        200,
        {
            "status": "success",
            "case_reference": reference,
            "case_id": identifier,
            "case_status": row.status,
            "case_assessment": row.assessment,
            "case_details": {
                "category": row.category,
                "subcategory": row.subcategory,
                "type": row.type,
            },
            "message": f"Your case {reference} is currently {row.status.lower()}",
            "last_updated": datetime.fromtimestamp(now, UTC).replace(tzinfo=None).isoformat(),
        },
    )
