"""What the staff API shows, as JSON objects. Pure. Times are as in the notifications."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from fulfillment_sdk.relay import Attempt, Undelivered
from fulfillment_sdk.server.portal import completion, reports
from fulfillment_sdk.server.portal.cases import Case
from fulfillment_sdk.server.portal.completion import Dossier
from fulfillment_sdk.server.portal.files import views as file_views
from fulfillment_sdk.server.portal.history import Change
from fulfillment_sdk.server.portal.reviews import Review
from fulfillment_sdk.server.portal.staff import Entry
from fulfillment_sdk.server.portal.submissions import Submission
from fulfillment_sdk.server.portal.workers import Worker
from fulfillment_sdk.times import format_time


class Numbered(Protocol):
    """A row that lists go by."""

    @property
    def number(self) -> int:
        """Its place in the list."""
        ...


N = TypeVar("N", bound=Numbered)


def listed(rows: Sequence[N], view: Callable[[N], object], *, limit: int) -> dict[str, object]:
    """Return a page of a list; ``rows`` may be one more than ``limit``: then there is a next."""
    shown = rows[:limit]
    more = len(rows) > limit
    return {
        "items": [view(row) for row in shown],
        "next": str(shown[-1].number) if more else None,
    }


def case(row: Case) -> dict[str, object]:
    """Return a case as lists show it."""
    return {
        "id": row.id,
        "reference_number": row.reference_number,
        "organization_id": row.organization_id,
        "status": row.status,
        "assigned_to": row.assigned_to,
        "worker_id": row.worker_id,
        "outcome": row.outcome,
        "created_at": format_time(row.created_at),
        "updated_at": format_time(row.updated_at),
        "completed_at": _time(row.completed_at),
        "due_at": _due(row.due_at),
    }


def dossier(found: Dossier, *, assigned: Worker | None, public_url: str) -> dict[str, object]:
    """Return everything about a case, with its history."""
    report = found.report
    return case(found.case) | {
        "worker": None if assigned is None else worker(assigned),
        "request": found.request,
        "history": [change(each) | {"comment": each.comment} for each in found.changes],
        "submissions": [submission(each) for each in found.submissions],
        "reviews": [review(each) for each in found.reviews],
        "attachments": [file_views.for_staff(each) for each in found.attachments],
        "files": [file_views.for_staff(each) for each in found.waiting_files],
        "report": None
        if report is None
        else {
            "url": reports.url(public_url, found.case.id),
            "expires_at": format_time(report.expires_at),
        },
    }


def change(row: Change) -> dict[str, object]:
    """Return a transition that was made."""
    entry = completion.timeline_entry(row)
    return {
        "id": entry.pop("transition_id"),
        "case_id": row.case_id,
        **entry,
        "done_by": row.done_by,
        "worker_id": row.worker_id,
    }


def submission(row: Submission) -> dict[str, object]:
    """Return a submission."""
    entry = completion.submission_entry(row)
    return entry | {
        "files": [file_views.for_staff(each) for each in row.files],
        "final": row.final,
        "outcome": row.outcome,
        "done_by": row.done_by,
    }


def review(row: Review) -> dict[str, object]:
    """Return a review."""
    return completion.review_entry(row) | {"done_by": row.done_by}


def worker(row: Worker) -> dict[str, object]:
    """Return a worker, with the number of cases in hand."""
    return {
        "id": row.id,
        "name": row.name,
        "email": row.email,
        "phone": row.phone,
        "location": row.location,
        "cases_in_hand": row.load,
        "created_at": format_time(row.created_at),
    }


def member(row: Entry) -> dict[str, object]:
    """Return a staff member; never the token."""
    return {
        "id": row.id,
        "name": row.name,
        "role": row.role,
        "created_at": format_time(row.created_at),
        "revoked_at": _time(row.revoked_at),
    }


def undelivered(row: Undelivered) -> dict[str, object]:
    """Return a notification that the gateway does not have yet."""
    return {
        "id": row.event_id,
        "type": row.type,
        "case_id": row.lane,
        "state": row.state,
        "attempts": row.attempts,
        "why": row.why,
        "due_at": _time(row.due_at),
        "delivered_at": None,
    }


def delivered(row: Attempt) -> dict[str, object]:
    """Return a notification that the gateway has."""
    return {
        "id": row.event_id,
        "type": None,
        "case_id": row.lane,
        "state": "delivered",
        "attempts": row.attempt,
        "why": row.why,
        "due_at": None,
        "delivered_at": format_time(row.at),
    }


def _time(epoch: float | None) -> str | None:
    return None if epoch is None else format_time(epoch)


def _due(epoch: float | None) -> str | None:
    """Write when a case is due; a time beyond all calendars, as older versions took, is none."""
    try:
        return _time(epoch)
    except (ValueError, OverflowError, OSError):
        return None
