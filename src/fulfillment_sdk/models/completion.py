"""What a completion carries: the case as created, the submissions, the reviews.

Contract, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.models._fields import Model, meta, raw, text, word


@attrs.frozen(kw_only=True, repr=False)
class TimelineEntry(Model):
    """One step in the life of the case, with the message that was sent for it."""

    new_status: CaseStatus = attrs.field(metadata=meta("status"))
    previous_status: CaseStatus | None = attrs.field(default=None, metadata=meta("status"))
    timestamp: str = word()
    actor: str = word()
    reason: str = word()
    message: str = word()
    sequence: int | None = text(kind="number")
    transition_id: str = word()
    raw: Mapping[str, object] = raw()


@attrs.frozen(kw_only=True, repr=False)
class SubmittedFile(Model):
    """A photo or document of a submission; ``url`` needs the bearer token and expires."""

    id: str = attrs.field(metadata=meta())
    file_name: str = attrs.field(default="", metadata=meta(sensitive=True))
    content_type: str = word()
    size: int | None = text(kind="number")
    sha256: str = word()
    url: str | None = text()
    raw: Mapping[str, object] = raw()


@attrs.frozen(kw_only=True, repr=False)
class FormSubmission(Model):
    """A verification form as the worker submitted it; ``status`` marks the superseded ones."""

    id: str = attrs.field(metadata=meta())
    form_name: str = word()
    form_version: str = word()
    status: str = word()
    submitted_at: str = word()
    data: Mapping[str, object] = attrs.field(
        factory=dict, hash=False, metadata=meta("any", sensitive=True)
    )
    files: tuple[SubmittedFile, ...] = attrs.field(
        default=(), converter=tuple[SubmittedFile, ...], metadata=meta("list", of=SubmittedFile)
    )
    raw: Mapping[str, object] = raw()


@attrs.frozen(kw_only=True, repr=False)
class QCReview(Model):
    """A quality check: ``result`` is ``pass``, ``reject`` or ``rework``."""

    result: str = attrs.field(metadata=meta())
    id: str = word()
    reviewed_at: str = word()
    submission_id: str | None = text()
    comments: str | None = text(sensitive=True)
    reason_code: str | None = text()
    instructions: str | None = text(sensitive=True)
    raw: Mapping[str, object] = raw()


@attrs.frozen(kw_only=True, repr=False)
class CompletedCase(Model):
    """The case: references, timeline, and ``request``, which is the case as it was created."""

    id: str = attrs.field(metadata=meta())
    reference_number: str = word()
    created_at: str | None = text()
    assigned_to: str | None = text()
    timeline: tuple[TimelineEntry, ...] = attrs.field(
        default=(), converter=tuple[TimelineEntry, ...], metadata=meta("list", of=TimelineEntry)
    )
    request: Mapping[str, object] = attrs.field(
        factory=dict, hash=False, metadata=meta("any", sensitive=True)
    )
    raw: Mapping[str, object] = raw()
