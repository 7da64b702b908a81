"""Every error of the SDK, in one tree.

::

    FulfillmentError
    ├── ConfigurationError            a setting is missing or wrong
    │   └── MissingExtra              an optional package is not installed
    ├── PayloadError                  JSON, or its structure, can't be read
    ├── InvalidCase                   a case breaks the contract's rules for cases
    ├── SignatureError                a notification is not from who it says, or too old
    ├── IllegalTransition             the lifecycle has no such step
    ├── StoreError                    the store refuses
    │   ├── StoreUnavailable          … because it is full, locked, read-only or unreachable
    │   └── TokenNotKept              … a new token; the client uses it, and the error has it
    ├── PluginError                   a plugin is broken or misused
    ├── TransportError                no answer
    │   ├── ConnectionFailed          … and the request surely did nothing: repeat at will
    │   └── OutcomeUnknown            … but the request may have been carried out
    └── APIError                      an answer that is no success
        ├── BadRequest                400, 422
        │   ├── MissingField          a mandatory field is absent or blank
        │   ├── InvalidField          a field has the wrong type or an impossible value
        │   ├── WrongCode             the one-time code is not the one that was sent
        │   └── CodeExpired           the one-time code is older than ten minutes
        ├── Unauthorized              401
        │   └── TokenExpired          the token is past its expiry; known before it is sent
        ├── Forbidden                 403
        │   ├── OrganizationInactive  the organization was disabled
        │   └── NotApproved           the organization is not approved yet
        ├── NotFound                  404
        │   └── NoPendingVerification no code is waiting for this e-mail address
        ├── Conflict                  409
        ├── TooLarge                  413
        ├── UnsupportedMediaType      415
        ├── TooManyRequests           429
        │   └── TooManyAttempts       too many wrong one-time codes
        ├── ServerError               5xx
        │   └── Unavailable           503
        ├── UnexpectedAnswer          a success that can't be understood, a redirect
        ├── CaseNotForwarded          stored by the gateway, but no case was made behind it
        └── NotOffered                this server does not have the feature

``str()`` of each is one line that says what happened, and mostly a second one that says what to do.
Those of the two last branches carry ``request``, ``response``, ``status``, ``request_id`` and the
parsed ``body``. No text and no ``repr`` of an error holds a value of a case: field names and codes
only.
"""

from typing import Final

from fulfillment_sdk.errors.access import (
    Forbidden,
    NotApproved,
    OrganizationInactive,
    TokenExpired,
    Unauthorized,
)
from fulfillment_sdk.errors.api import (
    APIError,
    CaseNotForwarded,
    Conflict,
    NotFound,
    NotOffered,
    TooLarge,
    TooManyRequests,
    UnexpectedAnswer,
    UnsupportedMediaType,
)
from fulfillment_sdk.errors.base import FulfillmentError
from fulfillment_sdk.errors.codes import (
    CodeExpired,
    NoPendingVerification,
    TooManyAttempts,
    WrongCode,
)
from fulfillment_sdk.errors.configuration import ConfigurationError, MissingExtra
from fulfillment_sdk.errors.fields import BadRequest, InvalidField, MissingField
from fulfillment_sdk.errors.payloads import CaseProblem, InvalidCase, PayloadError
from fulfillment_sdk.errors.plugins import PluginError
from fulfillment_sdk.errors.servers import ServerError, Unavailable
from fulfillment_sdk.errors.signatures import SignatureError, SignatureReason
from fulfillment_sdk.errors.stores import StoreError, StoreUnavailable, TokenNotKept
from fulfillment_sdk.errors.traffic import SentRequest, ServerResponse
from fulfillment_sdk.errors.transitions import IllegalTransition
from fulfillment_sdk.errors.transport import ConnectionFailed, OutcomeUnknown, TransportError

# As the tree is drawn: the documentation lists them in this order.
__all__ = [  # noqa: RUF022
    "FulfillmentError",
    "ConfigurationError",
    "MissingExtra",
    "PayloadError",
    "InvalidCase",
    "CaseProblem",
    "SignatureError",
    "SignatureReason",
    "IllegalTransition",
    "StoreError",
    "StoreUnavailable",
    "TokenNotKept",
    "PluginError",
    "TransportError",
    "ConnectionFailed",
    "OutcomeUnknown",
    "APIError",
    "BadRequest",
    "MissingField",
    "InvalidField",
    "WrongCode",
    "CodeExpired",
    "Unauthorized",
    "TokenExpired",
    "Forbidden",
    "OrganizationInactive",
    "NotApproved",
    "NotFound",
    "NoPendingVerification",
    "Conflict",
    "TooLarge",
    "UnsupportedMediaType",
    "TooManyRequests",
    "TooManyAttempts",
    "ServerError",
    "Unavailable",
    "UnexpectedAnswer",
    "CaseNotForwarded",
    "NotOffered",
    "SentRequest",
    "ServerResponse",
]

# The rooms behind are nobody's business: tracebacks, pickles and the documentation name this one.
_PUBLIC: Final = tuple(globals()[name] for name in __all__)
for _one in _PUBLIC:
    if isinstance(_one, type):
        _one.__module__ = __name__
del _one
