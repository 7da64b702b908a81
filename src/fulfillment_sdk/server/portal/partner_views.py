"""A case as its partner sees it, as JSON objects. Pure.

Codes, times and the partner's own id: neither the narrative nor a person, neither the portal's
comments nor who of its staff did what. Contract, section 5.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from fulfillment_sdk.server.portal import reports
from fulfillment_sdk.server.portal.cases import Case
from fulfillment_sdk.server.portal.history import Change
from fulfillment_sdk.server.portal.reports import Report
from fulfillment_sdk.times import format_seconds, format_time


@attrs.frozen(kw_only=True)
class Owned:
    """A case and the id that its partner has for it."""

    case: Case
    src_uid: str | None = attrs.field(repr=False)

    @property
    def number(self) -> int:
        """Its place in lists."""
        return self.case.number


def listed(owned: Owned) -> dict[str, object]:
    """Return a case as a partner's list has it; ``created_at`` reads as in the creation's 201.

    An outcome is told once the quality check has passed it: until then it may be revised.
    """
    case = owned.case
    return {
        "id": case.id,
        "reference_number": case.reference_number,
        "status": case.status,
        "created_at": format_seconds(case.created_at),
        "updated_at": format_time(case.updated_at),
        "completed_at": None if case.completed_at is None else format_time(case.completed_at),
        "assigned_to": case.assigned_to,
        "outcome": None if case.completed_at is None else case.outcome,
        "src_uid": owned.src_uid,
    }


def alone(
    owned: Owned,
    *,
    changes: Sequence[Change],
    report: Report | None,
    files: Sequence[object],
    public_url: str,
) -> dict[str, object]:
    """Return a case as it is shown alone: with timeline, report and files."""
    return listed(owned) | {
        "timeline": [entry(change) for change in changes],
        "report": None if report is None else issued(report, public_url=public_url),
        "files": list(files),
    }


def entry(change: Change) -> dict[str, object]:
    """Return one entry of the timeline: what the notification of this change said."""
    return {
        "status": change.new_status,
        "previous_status": change.previous_status,
        "timestamp": format_time(change.at),
        "actor": change.actor,
        "reason": change.reason,
    }


def issued(report: Report, *, public_url: str) -> dict[str, object]:
    """Return where a report is fetched, and until when."""
    return {
        "url": reports.url(public_url, report.case_id),
        "expires_at": format_time(report.expires_at),
    }
