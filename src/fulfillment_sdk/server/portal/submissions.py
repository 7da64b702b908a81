"""Form submissions as rows. What moves a case on is ``work.submit``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.files.rows import File
from fulfillment_sdk.server.portal.schema import SUBMISSIONS

SUBMITTED = "submitted"
SUPERSEDED = "superseded"

OUTCOMES = ("positive", "negative", "inconclusive")


@attrs.frozen(kw_only=True)
class Submission:
    """One submitted form. ``data`` is the JSON object as it came; it shows in no ``repr``."""

    id: str
    case_id: str
    position: int
    work_round: int
    form_name: str
    form_version: str
    data: dict[str, object] = attrs.field(repr=False)
    status: str
    final: bool
    outcome: str | None
    done_by: str
    submitted_at: float
    files: Sequence[File] = ()

    @property
    def form(self) -> dict[str, object]:
        """The sealed part: what was asked and what was answered."""
        return {
            "form_name": self.form_name,
            "form_version": self.form_version,
            "data": self.data,
        }


def record(desk: Desk, connection: sa.Connection, submission: Submission, *, size: int) -> None:
    """Write a submission; those of an earlier round of work are superseded by it."""
    older = sa.and_(
        SUBMISSIONS.c.case_id == submission.case_id,
        SUBMISSIONS.c.work_round < submission.work_round,
    )
    connection.execute(sa.update(SUBMISSIONS).where(older).values(status=SUPERSEDED))
    connection.execute(
        sa.insert(SUBMISSIONS).values(
            id=submission.id,
            case_id=submission.case_id,
            position=submission.position,
            work_round=submission.work_round,
            form=desk.seal(submission.form, _context(submission.id)),
            size=size,
            status=submission.status,
            final=submission.final,
            outcome=submission.outcome,
            done_by=submission.done_by,
            submitted_at=submission.submitted_at,
        )
    )


def sizes(connection: sa.Connection, case_id: str) -> list[int]:
    """Return the sizes of a case's submitted forms, in bytes of JSON."""
    statement = sa.select(SUBMISSIONS.c.size).where(SUBMISSIONS.c.case_id == case_id)
    return list(connection.execute(statement).scalars())


def last_final(connection: sa.Connection, case_id: str) -> str | None:
    """Return the id of the submission that a review is about."""
    statement = sa.select(SUBMISSIONS.c.id).where(
        SUBMISSIONS.c.case_id == case_id, SUBMISSIONS.c.final.is_(True)
    )
    return connection.execute(statement.order_by(SUBMISSIONS.c.position.desc()).limit(1)).scalar()


def of_case(desk: Desk, connection: sa.Connection, case_id: str) -> list[Submission]:
    """Return all submissions of a case, in the order they came."""
    statement = sa.select(SUBMISSIONS).where(SUBMISSIONS.c.case_id == case_id)
    rows = connection.execute(statement.order_by(SUBMISSIONS.c.position))
    return [_submission(desk, row) for row in rows]


def _submission(desk: Desk, row: sa.Row[Any]) -> Submission:
    values: dict[str, Any] = dict(row._mapping)
    values.pop("size")
    form = desk.unseal(values.pop("form"), _context(values["id"]))
    assert isinstance(form, dict)
    return Submission(**values, **form)


def _context(submission_id: str) -> str:
    return f"portal_submissions.form:{submission_id}"
