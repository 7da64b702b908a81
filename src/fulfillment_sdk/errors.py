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
    │   └── StoreUnavailable          … because it is full, locked, read-only or unreachable
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
        ├── Forbidden                 403
        ├── NotFound                  404
        │   └── NoPendingVerification no code is waiting for this e-mail address
        ├── Conflict                  409
        ├── TooLarge                  413
        ├── UnsupportedMediaType      415
        ├── TooManyRequests           429
        ├── ServerError               5xx
        │   └── Unavailable           503
        ├── UnexpectedAnswer          a success that can't be understood, a redirect
        ├── CaseNotForwarded          stored by the gateway, but no case was made behind it
        └── NotOffered                this server does not have the feature

``str()`` of each is one line that says what happened, and mostly a second one that says what to do.
No error holds a value of a case: field names and codes only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal, NotRequired, Protocol, TypedDict, Unpack

SignatureReason = Literal[
    "missing_header",
    "repeated_header",
    "bad_headers",
    "bad_id",
    "bad_timestamp",
    "too_old",
    "too_new",
    "bad_body",
    "bad_secret",
    "no_match",
]


class FulfillmentError(Exception):
    """Everything this package raises on purpose.

    ``message`` says what happened, ``remedy`` what to do about it (may be empty).
    """

    default_remedy: ClassVar[str] = ""
    message: str
    remedy: str

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy or self.default_remedy

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments don't survive the default pickling of exceptions.
        return (_restore, (type(self), self.args, dict(self.__dict__)))


def _restore(
    cls: type[FulfillmentError], args: tuple[object, ...], state: dict[str, object]
) -> FulfillmentError:
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    return error


class ConfigurationError(FulfillmentError):
    """A setting is missing or wrong; the operator or the caller's code must change it."""


class MissingExtra(ConfigurationError):
    """An optional package is not installed: ``package`` was needed, ``extra`` brings it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"The package {package!r} is not installed",
            remedy=f'Install it with: pip install "fulfillment-sdk[{extra}]"',
        )
        self.package = package
        self.extra = extra


class PayloadError(FulfillmentError):
    """JSON or its structure is unreadable: ``path`` says where (``""``: whole), ``reason`` why.

    ``line`` and ``column``, both from 1, are given where a text was read that a person wrote, and
    None otherwise.
    """

    def __init__(
        self, path: str, reason: str, *, line: int | None = None, column: int | None = None
    ) -> None:
        place = f"line {line}, column {column}" if line is not None else ""
        super().__init__(": ".join(part for part in (place, path, reason) if part))
        self.path = path
        self.reason = reason
        self.line = line
        self.column = column


class CaseProblem(Protocol):
    """What `InvalidCase` lists; `fulfillment_sdk.casefile.Problem` is one."""

    @property
    def kind(self) -> str:
        """``missing``, ``invalid`` or ``timestamp``."""
        ...

    @property
    def field(self) -> str:
        """The path of the field."""
        ...

    @property
    def message(self) -> str:
        """The problem in the contract's words."""
        ...


class InvalidCase(FulfillmentError):
    """A case breaks the rules of the contract, section 2: ``problems`` lists all of them."""

    default_remedy = "Correct the fields that are named, then send the case again."

    def __init__(self, problems: Iterable[CaseProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.message for problem in self.problems))


_SIGNATURE_MESSAGES: Mapping[str, str] = {
    "missing_header": "A webhook header is missing",
    "repeated_header": "A webhook header is given more than once",
    "bad_headers": "The headers can't be read",
    "bad_id": "The webhook id is malformed",
    "bad_timestamp": "The webhook timestamp is malformed",
    "too_old": "The webhook timestamp is too old",
    "too_new": "The webhook timestamp is too far ahead",
    "bad_body": "The body is not given as bytes",
    "bad_secret": "A webhook secret is malformed",
    "no_match": "No webhook signature matches: is the secret that of this subscription?",
}


class SignatureError(FulfillmentError):
    """A notification can't be trusted: ``reason`` is one word of a closed set.

    The words are ``missing_header``, ``repeated_header``, ``bad_headers``, ``bad_id``,
    ``bad_timestamp``, ``too_old``, ``too_new``, ``bad_body``, ``bad_secret`` (the receiver's own)
    and ``no_match``.
    """

    def __init__(self, reason: SignatureReason) -> None:
        super().__init__(_SIGNATURE_MESSAGES[reason])
        self.reason: SignatureReason = reason


class IllegalTransition(FulfillmentError):
    """The lifecycle has no step from ``previous`` to ``new`` (contract, section 3).

    ``str()`` is exactly the text that the portal answers with, so the remedy is not part of it.
    """

    default_remedy = "Take a step that the lifecycle has from the case's present status."

    def __init__(self, previous: str | None, new: str) -> None:
        shown = "-" if previous is None else previous
        super().__init__(f"Illegal status transition from '{shown}' to '{new}'")
        self.previous = previous
        self.new = new

    def __str__(self) -> str:
        return self.message


class StoreError(FulfillmentError):
    """The store refuses what was asked of it."""


class StoreUnavailable(StoreError):
    """The store is full, locked, read-only or unreachable; nothing was written."""

    default_remedy = (
        "Check the disk space, the rights and the address of the database, then repeat."
    )


class PluginError(FulfillmentError):
    """A plugin is broken, misspelt or misconfigured."""


class TransportError(FulfillmentError):
    """No answer came."""


class ConnectionFailed(TransportError):
    """The request surely did nothing: it never arrived, or it only reads. Repeating is safe."""

    default_remedy = "Check the base URL and the network, then repeat."


class OutcomeUnknown(TransportError):
    """The request may have been carried out, and repeating it could do it twice.

    ``idempotency_key`` and ``src_uid`` are what the request carried. Where the server announces
    ``idempotency``, as the reference server does, repeat it with the same key and content: that
    makes no second case. Elsewhere ask the server's operator for a case with this ``src_uid``
    before sending anew.
    """

    default_remedy = (
        "Ask the server's operator for a case with this src_uid before sending it again."
    )

    def __init__(
        self,
        message: str,
        *,
        idempotency_key: str | None = None,
        src_uid: str | None = None,
        remedy: str = "",
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.idempotency_key = idempotency_key
        self.src_uid = src_uid


class Answer(TypedDict):
    """What every `APIError` is given about the answer, by keyword."""

    status: int
    detail: NotRequired[str | None]
    body: NotRequired[object]
    request_id: NotRequired[str | None]
    method: NotRequired[str]
    url: NotRequired[str]
    retry_after: NotRequired[float | None]
    remedy: NotRequired[str]


class APIError(FulfillmentError):
    """The server answered, and the answer is no success.

    ``status`` is the HTTP status, ``message`` the server's own words, ``detail`` what it added,
    ``body`` the parsed answer (never shown by ``str()`` or ``repr()``), ``request_id`` the server's
    ``X-Request-Id``, ``method`` and ``url`` what was asked, ``retry_after`` the seconds to wait
    where the server named them.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        detail: str | None = None,
        body: object = None,
        request_id: str | None = None,
        method: str = "",
        url: str = "",
        retry_after: float | None = None,
        remedy: str = "",
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        self.detail = detail
        self.body = body
        self.request_id = request_id
        self.method = method
        self.url = url
        self.retry_after = retry_after


class BadRequest(APIError):
    """400 or 422: the server refuses what was sent."""

    default_remedy = "Correct the request before sending it again."


class _FieldError(BadRequest):
    def __init__(self, message: str, *, field: str, **answer: Unpack[Answer]) -> None:
        super().__init__(message, **answer)
        self.field = field


class MissingField(_FieldError):
    """400: the mandatory ``field`` is absent or blank."""

    default_remedy = "Give the field a value, then send the case again."


class InvalidField(_FieldError):
    """400: ``field`` has the wrong type or an impossible value."""

    default_remedy = "Correct the field, then send the case again."


class WrongCode(BadRequest):
    """400: the one-time code is not the one that was sent."""

    default_remedy = "Double-check the code from your e-mail."


class CodeExpired(BadRequest):
    """400: the one-time code is older than ten minutes."""

    default_remedy = "Request a new verification code."


class Unauthorized(APIError):
    """401: the token is missing, malformed, expired or revoked."""

    default_remedy = "Obtain a new token through the verification process."


class Forbidden(APIError):
    """403: the organization is not approved, or was deactivated."""

    default_remedy = "Ask the gateway's administrator to approve or activate the organization."


class NotFound(APIError):
    """404: nothing there, or it belongs to another organization."""


class NoPendingVerification(NotFound):
    """404: no code is waiting for this e-mail address and organization, or it was used already."""

    default_remedy = "Request a new verification code."


class Conflict(APIError):
    """409: the request contradicts what the server already has."""


class TooLarge(APIError):
    """413: the body is larger than the server takes."""

    default_remedy = "Send less: the gateway takes cases of up to 1 MiB."


class UnsupportedMediaType(APIError):
    """415: the server does not read this content type."""


class TooManyRequests(APIError):
    """429: a limit is reached; ``retry_after`` says for how long."""

    default_remedy = "Wait, then repeat."

    def __init__(self, message: str, **answer: Unpack[Answer]) -> None:
        super().__init__(message, **answer)
        if self.retry_after is not None and not answer.get("remedy"):
            self.remedy = f"{self.remedy} (Seconds to wait: {self.retry_after:.0f}.)"


class ServerError(APIError):
    """5xx: the server failed."""


class Unavailable(ServerError):
    """503: the server can't take the request just now."""

    default_remedy = "Repeat later, with the same idempotency key if there was one."


class UnexpectedAnswer(APIError):
    """A redirect, or a success that can't be understood: nothing may be concluded from it."""

    default_remedy = "Check that the base URL names the gateway itself."


class CaseNotForwarded(APIError):
    """The gateway stored ``complaint_id``, but no case was made behind it (contract, section 6)."""

    default_remedy = "Do not send it again: give the complaint's id to the gateway's operator."

    def __init__(self, message: str, *, complaint_id: str, **answer: Unpack[Answer]) -> None:
        super().__init__(message, **answer)
        self.complaint_id = complaint_id


class NotOffered(APIError):
    """The server has no ``feature``: it answers as for an unknown address (contract, section 6)."""

    default_remedy = "Do without it on this server, or ask its operator for an update."

    def __init__(self, message: str, *, feature: str, **answer: Unpack[Answer]) -> None:
        super().__init__(message, **answer)
        self.feature = feature
