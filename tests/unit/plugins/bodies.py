"""Notifications as a gateway sends them, and what a sink is handed."""

from __future__ import annotations

import json

from fulfillment_sdk.relay import Delivery, Event


def status_changed(event_id: str = "evt_1", case_id: str = "case_1", sequence: int = 4) -> bytes:
    data = {
        "case_id": case_id,
        "reference_number": "HL-CMS-000123",
        "organization_id": "550e8400-e29b-41d4-a716-446655440000",
        "previous_status": "in_progress",
        "new_status": "submitted",
        "timestamp": "2025-04-06T15:00:00.000000Z",
        "sequence": sequence,
        "transition_id": "trn_1",
        "actor": "worker",
        "reason": "form_submitted",
        "final": False,
        "message": "Case submitted for review",
    }
    return _body(event_id, "case.status_changed", data)


def case_completed(event_id: str = "evt_2", case_id: str = "case_1", sequence: int = 6) -> bytes:
    data = {
        "case_id": case_id,
        "reference_number": "HL-CMS-000123",
        "organization_id": "550e8400-e29b-41d4-a716-446655440000",
        "previous_status": "submitted",
        "new_status": "qc_passed",
        "timestamp": "2025-04-06T16:00:00.000000Z",
        "sequence": sequence,
        "transition_id": "trn_2",
        "actor": "qc",
        "reason": "approved",
        "final": False,
        "message": "Case completed - includes full verification data and report",
        "completed_at": "2025-04-06T16:00:00.000000Z",
        "case": {"id": case_id, "reference_number": "HL-CMS-000123", "timeline": [], "request": {}},
        "form_submissions": [],
        "qc_review": {"result": "pass", "reviewed_at": "2025-04-06T16:00:00.000000Z"},
        "qc_reviews": [],
        "report_url": None,
        "report_expires_at": None,
        "outcome": "positive",
    }
    return _body(event_id, "case.completed", data)


def unknown_type(event_id: str = "evt_3") -> bytes:
    return _body(event_id, "case.archived", {"case_id": "case_1"})


def delivery(
    body: bytes, *, attempt: int = 1, settings: dict[str, object] | None = None
) -> Delivery:
    envelope = json.loads(body)
    event = Event(
        id=envelope["id"],
        type=envelope["type"],
        lane=envelope["data"].get("case_id", envelope["id"]),
        sequence=envelope["data"].get("sequence"),
        body=body,
    )
    return Delivery(event=event, destination="d", attempt=attempt, settings=settings or {})


def _body(event_id: str, kind: str, data: dict[str, object]) -> bytes:
    envelope = {
        "id": event_id,
        "type": kind,
        "version": "1",
        "timestamp": "2025-04-06T16:00:00.000000Z",
        "data": data,
    }
    return json.dumps(envelope).encode()
