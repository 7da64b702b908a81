"""Typed forms of everything that goes over the wire; frozen, and reads of them are tolerant.

`fulfillment_sdk.wire` turns them into JSON and back.
"""

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
