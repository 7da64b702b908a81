"""Notifications: a case changed its status, a case is completed (contract, section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import attrs

from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.models._fields import Model, meta, raw, text, word
from fulfillment_sdk.models.completion import CompletedCase, FormSubmission, QCReview
from fulfillment_sdk.times import parse_time

STATUS_CHANGED: Final = "case.status_changed"
CASE_COMPLETED: Final = "case.completed"


@attrs.frozen(kw_only=True, repr=False)
class Event(Model):
    """A notification of any type; one of an unknown type has what could be read of these fields.

    ``id`` is the same on every retry and replay. ``timestamp`` is the event's time, ``changed_at``
    the change's. ``raw`` is the payload as received. ``anomaly`` is what the receiver found odd
    about it, in a word; None for nothing.
    """

    id: str = attrs.field(metadata=meta())
    type: str = attrs.field(metadata=meta())
    version: str = word(default="1")
    timestamp: str = word()
    case_id: str = word(part="data")
    reference_number: str = word(part="data")
    organization_id: str = word(part="data")
    previous_status: CaseStatus | None = attrs.field(
        default=None, metadata=meta("status", part="data")
    )
    new_status: CaseStatus | None = attrs.field(default=None, metadata=meta("status", part="data"))
    changed_at: str = attrs.field(default="", metadata=meta(wire="timestamp", part="data"))
    sequence: int | None = text(kind="number", part="data")
    transition_id: str = word(part="data")
    actor: str = word(part="data")
    reason: str = word(part="data")
    final: bool = attrs.field(default=False, metadata=meta("flag", part="data"))
    message: str = word(part="data")
    anomaly: str | None = attrs.field(default=None, eq=False)  # no part of the payload
    raw: Mapping[str, object] = raw()

    @property
    def at(self) -> datetime:
        """``timestamp`` as an aware datetime; raises `PayloadError` where it is no time."""
        return parse_time(self.timestamp)

    @property
    def case_category_id(self) -> str | None:
        """The code of the case's category, None where the event does not say it.

        That is ``data.case_category_id``, or in a completion by a portal that leaves it out there,
        the one of the case's request.
        """
        data = _mapping(self.raw.get("data"))
        request = _mapping(_mapping(data.get("case")).get("request"))
        for value in (data.get("case_category_id"), request.get("case_category_id")):
            if isinstance(value, str | int) and not isinstance(value, bool):
                return str(value).strip() or None
        return None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


@attrs.frozen(kw_only=True, repr=False)
class CaseEvent(Event):
    """A notification about one case, with the status that the case has now."""

    case_id: str = attrs.field(metadata=meta(part="data"))
    new_status: CaseStatus = attrs.field(metadata=meta("status", part="data"))


@attrs.frozen(kw_only=True, repr=False)
class StatusChanged(CaseEvent):
    """A case changed its status; its creation counts, with ``previous_status`` None."""

    type: str = word(default=STATUS_CHANGED)


@attrs.frozen(kw_only=True, repr=False)
class CaseCompleted(CaseEvent):
    """A case passed its quality check: everything that was found.

    ``qc_review`` is the review that decided, ``qc_reviews`` are all of them. ``report_url`` needs
    the bearer token and works until ``report_expires_at``. ``outcome`` is ``positive``,
    ``negative``, ``inconclusive`` or None.
    """

    type: str = word(default=CASE_COMPLETED)
    completed_at: str = word(part="data")
    case: CompletedCase | None = attrs.field(
        default=None, metadata=meta("object", of=CompletedCase, part="data")
    )
    form_submissions: tuple[FormSubmission, ...] = attrs.field(
        default=(),
        converter=tuple[FormSubmission, ...],
        metadata=meta("list", of=FormSubmission, part="data"),
    )
    qc_review: QCReview | None = attrs.field(
        default=None, metadata=meta("object", of=QCReview, part="data")
    )
    qc_reviews: tuple[QCReview, ...] = attrs.field(
        default=(), converter=tuple[QCReview, ...], metadata=meta("list", of=QCReview, part="data")
    )
    report_url: str | None = text(part="data")
    report_expires_at: str | None = text(part="data")
    outcome: str | None = text(part="data")
