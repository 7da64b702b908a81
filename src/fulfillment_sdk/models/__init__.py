"""Typed forms of everything that goes over the wire; frozen, and reads of them are tolerant.

`fulfillment_sdk.wire` turns them into JSON and back. Each is made when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fulfillment_sdk._exports import exports

if TYPE_CHECKING:
    from fulfillment_sdk.models.auth import AccessToken, CodeSent, OrganizationEmail, TokenRevoked
    from fulfillment_sdk.models.case import (
        AttachmentRef,
        CreatedCase,
        Location,
        NewCase,
        Perpetrator,
        Person,
        Priority,
        RecordState,
        Service,
        StoredAttachment,
        Verification,
    )
    from fulfillment_sdk.models.case_view import CaseDetails, CaseStep, CaseSummary, ReportLink
    from fulfillment_sdk.models.completion import (
        CompletedCase,
        FormSubmission,
        QCReview,
        SubmittedFile,
        TimelineEntry,
    )
    from fulfillment_sdk.models.defaults import CaseDefaults
    from fulfillment_sdk.models.events import (
        CASE_COMPLETED,
        STATUS_CHANGED,
        CaseCompleted,
        CaseEvent,
        Event,
        StatusChanged,
    )
    from fulfillment_sdk.models.subscription import (
        Delivery,
        DeliveryAttempt,
        RotatedSecret,
        Subscription,
    )

__all__ = [
    "CASE_COMPLETED",
    "STATUS_CHANGED",
    "AccessToken",
    "AttachmentRef",
    "CaseCompleted",
    "CaseDefaults",
    "CaseDetails",
    "CaseEvent",
    "CaseStep",
    "CaseSummary",
    "CodeSent",
    "CompletedCase",
    "CreatedCase",
    "Delivery",
    "DeliveryAttempt",
    "Event",
    "FormSubmission",
    "Location",
    "NewCase",
    "OrganizationEmail",
    "Perpetrator",
    "Person",
    "Priority",
    "QCReview",
    "RecordState",
    "ReportLink",
    "RotatedSecret",
    "Service",
    "StatusChanged",
    "StoredAttachment",
    "SubmittedFile",
    "Subscription",
    "TimelineEntry",
    "TokenRevoked",
    "Verification",
]

_HOMES: Final = {
    "CASE_COMPLETED": "events",
    "STATUS_CHANGED": "events",
    "AccessToken": "auth",
    "AttachmentRef": "case",
    "CaseCompleted": "events",
    "CaseDefaults": "defaults",
    "CaseDetails": "case_view",
    "CaseEvent": "events",
    "CaseStep": "case_view",
    "CaseSummary": "case_view",
    "CodeSent": "auth",
    "CompletedCase": "completion",
    "CreatedCase": "case",
    "Delivery": "subscription",
    "DeliveryAttempt": "subscription",
    "Event": "events",
    "FormSubmission": "completion",
    "Location": "case",
    "NewCase": "case",
    "OrganizationEmail": "auth",
    "Perpetrator": "case",
    "Person": "case",
    "Priority": "case",
    "QCReview": "completion",
    "RecordState": "case",
    "ReportLink": "case_view",
    "RotatedSecret": "subscription",
    "Service": "case",
    "StatusChanged": "events",
    "StoredAttachment": "case",
    "SubmittedFile": "completion",
    "Subscription": "subscription",
    "TimelineEntry": "completion",
    "TokenRevoked": "auth",
    "Verification": "case",
}

if not TYPE_CHECKING:  # else a type checker would take any name for one of ours
    __getattr__, __dir__ = exports(__name__, __all__, _HOMES)
