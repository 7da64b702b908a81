"""Notifications as the portal sends them, made by hand."""

from __future__ import annotations

from fulfillment_sdk.strictjson import dumps


def event(event_id: str, case_id: str, sequence: int) -> bytes:
    """Return the body of a case's creation, a few kilobytes long."""
    moment = "2025-04-06T16:00:00.000000Z"
    data = {
        "case_id": case_id,
        "reference_number": "HL-CMS-000001",
        "organization_id": "org_elsewhere",
        "previous_status": None,
        "new_status": "new",
        "timestamp": moment,
        "sequence": sequence,
        "transition_id": f"tr_{event_id}",
        "actor": "partner",
        "reason": "created",
        "message": "Case created " * 300,
    }
    kind = "case.status_changed"
    return dumps({"id": event_id, "type": kind, "version": "1", "timestamp": moment, "data": data})
