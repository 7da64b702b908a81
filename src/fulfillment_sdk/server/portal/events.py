"""The notifications of the portal, as JSON objects (contract, section 4). Pure.

A status update carries codes only: no name, no phone number, no free text, and never a comment.
"""

from __future__ import annotations

from typing import Final

from fulfillment_sdk import lifecycle
from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.models.events import STATUS_CHANGED
from fulfillment_sdk.server.portal.cases import Case
from fulfillment_sdk.server.portal.history import Change
from fulfillment_sdk.times import format_time

VERSION: Final = "1"


def facts(case: Case, change: Change, *, sequence: int, message: str) -> dict[str, object]:
    """Return the ``data`` that both notifications of a change have in common."""
    return {
        "case_id": case.id,
        "reference_number": case.reference_number,
        "organization_id": case.organization_id,
        "case_category_id": case.category_id or None,
        "previous_status": change.previous_status,
        "new_status": change.new_status,
        "timestamp": format_time(change.at),
        "sequence": sequence,
        "transition_id": change.id,
        "actor": change.actor,
        "reason": change.reason,
        "final": CaseStatus(change.new_status).final,
        "message": message,
    }


def status_changed(case: Case, change: Change, *, event_id: str) -> dict[str, object]:
    """Return the notification that a case's status changed, its creation included."""
    message = lifecycle.message(change.previous_status, change.new_status)
    data = facts(case, change, sequence=change.sequence, message=message)
    return envelope(STATUS_CHANGED, event_id, change.at, data)


def envelope(kind: str, event_id: str, at: float, data: dict[str, object]) -> dict[str, object]:
    """Return a notification around its ``data``."""
    return {
        "id": event_id,
        "type": kind,
        "version": VERSION,
        "timestamp": format_time(at),
        "data": data,
    }
