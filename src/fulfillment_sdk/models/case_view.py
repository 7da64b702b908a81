"""An organization's own case as the gateway shows it (contract, section 5).

Neither the narrative nor a person is in it; ``status`` is the lifecycle status.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.models._fields import Model, meta, raw, text, word
from fulfillment_sdk.models.completion import SubmittedFile
from fulfillment_sdk.times import parse_time


@attrs.frozen(kw_only=True, repr=False)
class CaseStep(Model):
    """One change of a case's status; its creation has no ``previous_status``."""

    status: CaseStatus = attrs.field(metadata=meta("status"))
    previous_status: CaseStatus | None = attrs.field(default=None, metadata=meta("status"))
    timestamp: str = word()
    actor: str = word()
    reason: str | None = text()
    raw: Mapping[str, object] = raw()

    @property
    def at(self) -> datetime:
        """``timestamp`` as an aware datetime; raises `PayloadError` where it is no time."""
        return parse_time(self.timestamp)


@attrs.frozen(kw_only=True, repr=False)
class ReportLink(Model):
    """Where a completed case's report is (``url`` needs the bearer token), and until when."""

    url: str = word()
    expires_at: str = word()
    raw: Mapping[str, object] = raw()

    @property
    def expiry(self) -> datetime:
        """``expires_at`` as an aware datetime; raises `PayloadError` where it is no time."""
        return parse_time(self.expires_at)


@attrs.frozen(kw_only=True, repr=False)
class CaseSummary(Model):
    """A case as a list shows it.

    ``outcome`` (``positive``, ``negative``, ``inconclusive``) and ``completed_at`` are None until
    it is completed. ``src_uid`` is the partner's own id.
    """

    id: str = attrs.field(metadata=meta())
    reference_number: str = word()
    status: CaseStatus = attrs.field(metadata=meta("status"))
    created_at: str | None = text()
    updated_at: str | None = text()
    completed_at: str | None = text()
    assigned_to: str | None = text()
    outcome: str | None = text()
    src_uid: str | None = text()
    raw: Mapping[str, object] = raw()

    @property
    def created(self) -> datetime | None:
        """``created_at`` as an aware datetime; raises `PayloadError` where it is no time."""
        return parse_time(self.created_at) if self.created_at else None

    @property
    def updated(self) -> datetime | None:
        """``updated_at`` as an aware datetime; raises `PayloadError` where it is no time."""
        return parse_time(self.updated_at) if self.updated_at else None

    @property
    def completed(self) -> datetime | None:
        """``completed_at`` as an aware datetime; raises `PayloadError` where it is no time."""
        return parse_time(self.completed_at) if self.completed_at else None


@attrs.frozen(kw_only=True, repr=False)
class CaseDetails(CaseSummary):
    """A case alone: with its ``timeline``, and once it is completed its ``report`` and ``files``.

    ``report`` is None before that.
    """

    timeline: tuple[CaseStep, ...] = attrs.field(
        default=(), converter=tuple[CaseStep, ...], metadata=meta("list", of=CaseStep)
    )
    report: ReportLink | None = attrs.field(default=None, metadata=meta("object", of=ReportLink))
    files: tuple[SubmittedFile, ...] = attrs.field(
        default=(), converter=tuple[SubmittedFile, ...], metadata=meta("list", of=SubmittedFile)
    )
