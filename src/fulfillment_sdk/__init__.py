"""Create fulfillment cases and receive every status change.

What a partner's code imports is here; each name loads its module when it is first used, so that
``import fulfillment_sdk`` costs next to nothing and needs no extra.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Final

from fulfillment_sdk._version import __version__

if TYPE_CHECKING:
    from fulfillment_sdk.advice import Advice
    from fulfillment_sdk.casefile import Problem
    from fulfillment_sdk.casetext import load_case
    from fulfillment_sdk.client import Client, Retries
    from fulfillment_sdk.client.tokens import (
        EnvTokens,
        FileTokens,
        KeyringTokens,
        MemoryTokens,
        TokenClaims,
        TokenStore,
    )
    from fulfillment_sdk.errors import (
        APIError,
        BadRequest,
        CaseNotForwarded,
        CodeExpired,
        ConfigurationError,
        Conflict,
        ConnectionFailed,
        Forbidden,
        FulfillmentError,
        IllegalTransition,
        InvalidCase,
        InvalidField,
        MissingExtra,
        MissingField,
        NoPendingVerification,
        NotApproved,
        NotFound,
        NotOffered,
        OrganizationInactive,
        OutcomeUnknown,
        PayloadError,
        PluginError,
        ServerError,
        SignatureError,
        StoreError,
        StoreUnavailable,
        TokenExpired,
        TokenNotKept,
        TooLarge,
        TooManyAttempts,
        TooManyRequests,
        TransportError,
        Unauthorized,
        Unavailable,
        UnexpectedAnswer,
        UnsupportedMediaType,
        WrongCode,
    )
    from fulfillment_sdk.findings import Findings, validate
    from fulfillment_sdk.lifecycle import CaseStatus
    from fulfillment_sdk.models import (
        AccessToken,
        AttachmentRef,
        CaseCompleted,
        CaseDefaults,
        CaseDetails,
        CaseStep,
        CaseSummary,
        CodeSent,
        CompletedCase,
        CreatedCase,
        Delivery,
        DeliveryAttempt,
        Event,
        FormSubmission,
        Location,
        NewCase,
        OrganizationEmail,
        Perpetrator,
        Person,
        Priority,
        QCReview,
        RecordState,
        ReportLink,
        RotatedSecret,
        Service,
        StatusChanged,
        StoredAttachment,
        SubmittedFile,
        Subscription,
        TimelineEntry,
        TokenRevoked,
        Verification,
    )
    from fulfillment_sdk.plugins import hookimpl
    from fulfillment_sdk.receiver import Receiver

__all__ = [
    "APIError",
    "AccessToken",
    "Advice",
    "AttachmentRef",
    "BadRequest",
    "CaseCompleted",
    "CaseDefaults",
    "CaseDetails",
    "CaseNotForwarded",
    "CaseStatus",
    "CaseStep",
    "CaseSummary",
    "Client",
    "CodeExpired",
    "CodeSent",
    "CompletedCase",
    "ConfigurationError",
    "Conflict",
    "ConnectionFailed",
    "CreatedCase",
    "Delivery",
    "DeliveryAttempt",
    "EnvTokens",
    "Event",
    "FileTokens",
    "Findings",
    "Forbidden",
    "FormSubmission",
    "FulfillmentError",
    "IllegalTransition",
    "InvalidCase",
    "InvalidField",
    "KeyringTokens",
    "Location",
    "MemoryTokens",
    "MissingExtra",
    "MissingField",
    "NewCase",
    "NoPendingVerification",
    "NotApproved",
    "NotFound",
    "NotOffered",
    "OrganizationEmail",
    "OrganizationInactive",
    "OutcomeUnknown",
    "PayloadError",
    "Perpetrator",
    "Person",
    "PluginError",
    "Priority",
    "Problem",
    "QCReview",
    "Receiver",
    "RecordState",
    "ReportLink",
    "Retries",
    "RotatedSecret",
    "ServerError",
    "Service",
    "SignatureError",
    "StatusChanged",
    "StoreError",
    "StoreUnavailable",
    "StoredAttachment",
    "SubmittedFile",
    "Subscription",
    "TimelineEntry",
    "TokenClaims",
    "TokenExpired",
    "TokenNotKept",
    "TokenRevoked",
    "TokenStore",
    "TooLarge",
    "TooManyAttempts",
    "TooManyRequests",
    "TransportError",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "UnsupportedMediaType",
    "Verification",
    "WrongCode",
    "__version__",
    "hookimpl",
    "load_case",
    "validate",
]

# Everything else is an error or a model.
_HOME: Final = {
    "Advice": "advice",
    "CaseStatus": "lifecycle",
    "Client": "client",
    "EnvTokens": "client.tokens",
    "FileTokens": "client.tokens",
    "Findings": "findings",
    "KeyringTokens": "client.tokens",
    "MemoryTokens": "client.tokens",
    "Problem": "casefile",
    "Receiver": "receiver",
    "Retries": "client",
    "TokenClaims": "client.tokens",
    "TokenStore": "client.tokens",
    "hookimpl": "plugins",
    "load_case": "casetext",
    "validate": "findings",
}


if not TYPE_CHECKING:  # else a type checker would take any name for one of ours

    def __getattr__(name: str) -> object:
        """Load the module that has the name, when it is first asked for."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        homes = (_HOME[name],) if name in _HOME else ("errors", "models")
        modules = (vars(import_module(f"{__name__}.{home}")) for home in homes)
        value = next(module[name] for module in modules if name in module)
        globals()[name] = value  # from now on Python finds it without this function
        return value


def __dir__() -> list[str]:
    # What an editor completes: neither our imports nor our helpers.
    modules = {name for name, value in globals().items() if isinstance(value, ModuleType)}
    return sorted({*__all__, *modules, *(name for name in globals() if name.startswith("__"))})
