"""Create fulfillment cases and receive every status change.

What a partner's code imports is here; each name loads its module when it is first used, so that
``import fulfillment_sdk`` costs next to nothing and needs no extra.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from fulfillment_sdk._version import __version__

if TYPE_CHECKING:
    from fulfillment_sdk.client import Client
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
        NotFound,
        NotOffered,
        OutcomeUnknown,
        PayloadError,
        PluginError,
        ServerError,
        SignatureError,
        StoreError,
        StoreUnavailable,
        TooLarge,
        TooManyRequests,
        TransportError,
        Unauthorized,
        Unavailable,
        UnexpectedAnswer,
        UnsupportedMediaType,
        WrongCode,
    )
    from fulfillment_sdk.lifecycle import CaseStatus
    from fulfillment_sdk.models import (
        AccessToken,
        AttachmentRef,
        CaseCompleted,
        CodeSent,
        CompletedCase,
        CreatedCase,
        Event,
        FormSubmission,
        Location,
        NewCase,
        Perpetrator,
        Person,
        Priority,
        QCReview,
        RecordState,
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
    "AttachmentRef",
    "BadRequest",
    "CaseCompleted",
    "CaseNotForwarded",
    "CaseStatus",
    "Client",
    "CodeExpired",
    "CodeSent",
    "CompletedCase",
    "ConfigurationError",
    "Conflict",
    "ConnectionFailed",
    "CreatedCase",
    "Event",
    "Forbidden",
    "FormSubmission",
    "FulfillmentError",
    "IllegalTransition",
    "InvalidCase",
    "InvalidField",
    "Location",
    "MissingExtra",
    "MissingField",
    "NewCase",
    "NoPendingVerification",
    "NotFound",
    "NotOffered",
    "OutcomeUnknown",
    "PayloadError",
    "Perpetrator",
    "Person",
    "PluginError",
    "Priority",
    "QCReview",
    "Receiver",
    "RecordState",
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
    "TokenRevoked",
    "TooLarge",
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
]

# Everything else is an error or a model.
_HOME: Final = {
    "CaseStatus": "lifecycle",
    "Client": "client",
    "Receiver": "receiver",
    "hookimpl": "plugins",
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
    return sorted({*globals(), *__all__})
