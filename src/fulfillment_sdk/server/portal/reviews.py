"""Quality reviews as rows. What moves a case on is ``work.review``."""

from __future__ import annotations

from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.schema import REVIEWS

PASS = "pass"  # noqa: S105 - a result of a review
REJECT = "reject"
REWORK = "rework"

REASON_CODES = (
    "insufficient_evidence",
    "poor_photo_quality",
    "incorrect_location",
    "missing_required_fields",
    "data_inconsistency",
    "other",
)
"""Why a review rejects (contract, section 7)."""


@attrs.frozen(kw_only=True)
class Review:
    """One review of what was submitted. The reviewer's words show in no ``repr``."""

    id: str
    case_id: str
    position: int
    submission_id: str | None
    result: str
    reason_code: str | None
    comments: str | None = attrs.field(repr=False)
    instructions: str | None = attrs.field(repr=False)
    done_by: str
    reviewed_at: float

    @property
    def words(self) -> dict[str, object]:
        """The sealed part: what the reviewer wrote."""
        return {"comments": self.comments, "instructions": self.instructions}


def record(desk: Desk, connection: sa.Connection, review: Review, *, size: int) -> None:
    """Write a review, the reviewer's words sealed."""
    connection.execute(
        sa.insert(REVIEWS).values(
            id=review.id,
            case_id=review.case_id,
            position=review.position,
            submission_id=review.submission_id,
            result=review.result,
            reason_code=review.reason_code,
            words=desk.seal(review.words, _context(review.id)),
            size=size,
            done_by=review.done_by,
            reviewed_at=review.reviewed_at,
        )
    )


def sizes(connection: sa.Connection, case_id: str) -> list[int]:
    """Return the sizes of the reviewers' words on a case, in bytes of JSON."""
    statement = sa.select(REVIEWS.c.size).where(REVIEWS.c.case_id == case_id)
    return list(connection.execute(statement).scalars())


def of_case(desk: Desk, connection: sa.Connection, case_id: str) -> list[Review]:
    """Return all reviews of a case, in the order they were made."""
    statement = sa.select(REVIEWS).where(REVIEWS.c.case_id == case_id)
    rows = connection.execute(statement.order_by(REVIEWS.c.position))
    return [_review(desk, row) for row in rows]


def _review(desk: Desk, row: sa.Row[Any]) -> Review:
    values: dict[str, Any] = dict(row._mapping)
    values.pop("size")
    words = desk.unseal(values.pop("words"), _context(values["id"]))
    assert isinstance(words, dict)
    return Review(**values, **words)


def _context(review_id: str) -> str:
    return f"portal_reviews.words:{review_id}"
