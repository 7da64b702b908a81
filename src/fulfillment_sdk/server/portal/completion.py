"""The completion: everything about a case, sent once when its quality check passes.

Contract, section 4. What would make it larger than 8 MiB is refused when it is submitted, by an
estimate that is never too low.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs
import sqlalchemy as sa

from fulfillment_sdk import lifecycle
from fulfillment_sdk.models.events import CASE_COMPLETED
from fulfillment_sdk.server.portal import cases, events, history, reports, reviews, submissions
from fulfillment_sdk.server.portal.cases import Case
from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.files import rows
from fulfillment_sdk.server.portal.files import views as file_views
from fulfillment_sdk.server.portal.files.rows import File
from fulfillment_sdk.server.portal.history import Change
from fulfillment_sdk.server.portal.reports import Report
from fulfillment_sdk.server.portal.reviews import Review
from fulfillment_sdk.server.portal.submissions import Submission
from fulfillment_sdk.times import format_seconds, format_time

LIMIT: Final = 8 * 1024 * 1024
"""The largest completion, in bytes."""
RESERVE: Final = 256 * 1024
"""What a submission leaves free for the reviews that follow it, in bytes."""

# What surrounds the contents: ids, codes, times and keys, generously.
_AROUND: Final = 16 * 1024
_AROUND_PART: Final = 1024


@attrs.frozen(kw_only=True)
class Dossier:
    """All that the portal has about a case, in order."""

    case: Case
    request: dict[str, object] = attrs.field(repr=False)
    changes: Sequence[Change]
    submissions: Sequence[Submission]
    reviews: Sequence[Review]
    report: Report | None
    attachments: Sequence[File] = ()
    waiting_files: Sequence[File] = ()
    """What staff added and no form was submitted with (yet)."""

    @property
    def deciding_review(self) -> Review | None:
        """The review that passed the case."""
        passed = (review for review in reversed(self.reviews) if review.result == reviews.PASS)
        return next(passed, None)


def gather(desk: Desk, connection: sa.Connection, case: Case) -> Dossier:
    """Read all that there is about a case."""
    files = rows.of_case(desk, connection, case.id)
    submitted = [
        attrs.evolve(each, files=[file for file in files if file.submission_id == each.id])
        for each in submissions.of_case(desk, connection, case.id)
    ]
    added = [file for file in files if file.origin == rows.STAFF]
    return Dossier(
        case=case,
        request=cases.request_of(desk, connection, case.id),
        changes=history.of_case(desk, connection, case.id),
        submissions=submitted,
        reviews=reviews.of_case(desk, connection, case.id),
        report=reports.find(connection, case.id),
        attachments=[file for file in files if file.origin == rows.PARTNER],
        waiting_files=[file for file in added if file.submission_id is None],
    )


def completed(
    dossier: Dossier, change: Change, *, event_id: str, sequence: int, public_url: str
) -> dict[str, object]:
    """Return the completion of the case that ``change`` completes."""
    case, report, deciding = dossier.case, dossier.report, dossier.deciding_review
    data = events.facts(case, change, sequence=sequence, message=lifecycle.COMPLETION_MESSAGE) | {
        "completed_at": format_time(change.at),
        "case": {
            "id": case.id,
            "reference_number": case.reference_number,
            "created_at": format_seconds(case.created_at),
            "assigned_to": case.assigned_to,
            "timeline": [timeline_entry(each) for each in dossier.changes],
            "request": dossier.request,
        },
        "form_submissions": [
            submission_entry(each)
            | {
                "files": [
                    file_views.for_partner(file, public_url=public_url) for file in each.files
                ]
            }
            for each in dossier.submissions
        ],
        "qc_review": None if deciding is None else review_entry(deciding),
        "qc_reviews": [review_entry(each) for each in dossier.reviews],
        "report_url": None if report is None else reports.url(public_url, case.id),
        "report_expires_at": None if report is None else format_time(report.expires_at),
        "outcome": case.outcome,
    }
    return events.envelope(CASE_COMPLETED, event_id, change.at, data)


def timeline_entry(change: Change) -> dict[str, object]:
    """Return a change as the completion's timeline has it: codes only."""
    return {
        "sequence": change.sequence,
        "transition_id": change.id,
        "previous_status": change.previous_status,
        "new_status": change.new_status,
        "timestamp": format_time(change.at),
        "actor": change.actor,
        "reason": change.reason,
        "message": lifecycle.message(change.previous_status, change.new_status),
    }


def submission_entry(submission: Submission) -> dict[str, object]:
    """Return a submission as the completion has it, but for its files."""
    return {
        "id": submission.id,
        **submission.form,
        "status": submission.status,
        "submitted_at": format_time(submission.submitted_at),
    }


def review_entry(review: Review) -> dict[str, object]:
    """Return a review as the completion has it."""
    return {
        "id": review.id,
        "submission_id": review.submission_id,
        "result": review.result,
        "reason_code": review.reason_code,
        **review.words,
        "reviewed_at": format_time(review.reviewed_at),
    }


def estimate(
    *, request: int, forms: Sequence[int], words: Sequence[int], changes: int, files: int = 0
) -> int:
    """Return a size that a completion of such parts does not exceed, in bytes.

    ``request``, ``forms`` and ``words`` are sizes of JSON; ``changes`` is the number of changes,
    one more than the case has had; ``files`` how many files its forms have.
    """
    parts = len(forms) + 2 * len(words) + changes + files
    return _AROUND + request + sum(forms) + 2 * sum(words) + parts * _AROUND_PART


def room(
    connection: sa.Connection,
    case: Case,
    *,
    form: int | None = None,
    words: int | None = None,
) -> int:
    """Return how many bytes a completion would have left after one more form or review.

    Negative: it would be too large.
    """
    forms = submissions.sizes(connection, case.id)
    spoken = reviews.sizes(connection, case.id)
    return LIMIT - estimate(
        request=case.request_size,
        forms=forms if form is None else [*forms, form],
        words=spoken if words is None else [*spoken, words],
        changes=case.sequence + 2,
        files=rows.count(connection, case.id),
    )
