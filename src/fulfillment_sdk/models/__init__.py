"""Typed forms of everything that goes over the wire; frozen, and reads of them are tolerant.

`fulfillment_sdk.wire` turns them into JSON and back.
"""

from fulfillment_sdk.models.auth import AccessToken, CodeSent, TokenRevoked
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
from fulfillment_sdk.models.completion import (
    CompletedCase,
    FormSubmission,
    QCReview,
    SubmittedFile,
    TimelineEntry,
)
from fulfillment_sdk.models.events import (
    CASE_COMPLETED,
    STATUS_CHANGED,
    CaseCompleted,
    CaseEvent,
    Event,
    StatusChanged,
)
from fulfillment_sdk.models.subscription import Subscription

__all__ = [
    "CASE_COMPLETED",
    "STATUS_CHANGED",
    "AccessToken",
    "AttachmentRef",
    "CaseCompleted",
    "CaseEvent",
    "CodeSent",
    "CompletedCase",
    "CreatedCase",
    "Event",
    "FormSubmission",
    "Location",
    "NewCase",
    "Perpetrator",
    "Person",
    "Priority",
    "QCReview",
    "RecordState",
    "Service",
    "StatusChanged",
    "StoredAttachment",
    "SubmittedFile",
    "Subscription",
    "TimelineEntry",
    "TokenRevoked",
    "Verification",
]
