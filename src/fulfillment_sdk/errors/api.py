"""An answer that is no success: what all of them have, and those that fit no other module."""

from __future__ import annotations

import re
from typing import Final, NotRequired, TypedDict, Unpack

from fulfillment_sdk.errors.base import FulfillmentError
from fulfillment_sdk.errors.traffic import SentRequest, ServerResponse

_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class Answered(TypedDict):
    """What every `APIError` is given about the answer, by keyword."""

    status: int
    detail: NotRequired[str | None]
    body: NotRequired[object]
    request: NotRequired[SentRequest | None]
    response: NotRequired[ServerResponse | None]
    retry_after: NotRequired[float | None]
    remedy: NotRequired[str]


class APIError(FulfillmentError):
    """The server answered, and the answer is no success.

    ``status`` is the HTTP status, ``message`` the server's own words, ``detail`` what it added,
    ``body`` the parsed answer, or its text where it is no JSON. ``request`` (``method``, ``url``,
    ``headers``) and ``response`` (``status``, ``headers``) are what was sent and what came back,
    without credentials and bodies; ``response`` is None where the client itself knew the answer.
    ``request_id`` is the server's ``X-Request-Id``, ``retry_after`` the seconds to wait where the
    server named them. Neither ``str()`` nor ``repr()`` shows ``body``: servers echo what was sent.
    """

    default_remedy = "Look the status up in the server's documentation."

    def __init__(
        self,
        message: str,
        *,
        status: int,
        detail: str | None = None,
        body: object = None,
        request: SentRequest | None = None,
        response: ServerResponse | None = None,
        retry_after: float | None = None,
        remedy: str = "",
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.status = status
        self.detail = detail
        self.body = body
        self.request = request
        self.response = response
        self.retry_after = retry_after

    @property
    def request_id(self) -> str | None:
        """The server's ``X-Request-Id``, for its operator to look up."""
        return None if self.response is None else self.response.request_id

    def __str__(self) -> str:
        known = self.request_id
        shown = f" (request {known})" if known and _PLAIN_ID.fullmatch(known) else ""
        return "\n".join(filter(None, (f"{self.message}{shown}", self.advice)))


class Conflict(APIError):
    """409: the request contradicts what the server already has."""

    default_remedy = "Look at what the server has before you change and repeat the request."


class TooLarge(APIError):
    """413: the body is larger than the server takes."""

    default_remedy = "Send less: the gateway takes cases of up to 1 MiB."


class UnsupportedMediaType(APIError):
    """415: the server does not read this content type."""

    default_remedy = "Send what the server reads; for a case that is JSON, as the client writes it."


class TooManyRequests(APIError):
    """429: a limit is reached; ``retry_after`` says for how long."""

    default_remedy = "Wait, then repeat."

    def __init__(self, message: str, **answer: Unpack[Answered]) -> None:
        super().__init__(message, **answer)
        if self.retry_after is not None and not answer.get("remedy"):
            self.remedy = f"{self.remedy} (Seconds to wait: {self.retry_after:.0f}.)"


class NotFound(APIError):
    """404: nothing there, or it belongs to another organization."""

    default_remedy = "Check the id, and that it is of the organization whose token this is."


class UnexpectedAnswer(APIError):
    """A redirect, or a success that can't be understood: nothing may be concluded from it.

    Not that nothing was done either: the remedy says so where it may not be done twice.
    """

    default_remedy = "Check that the base URL names the gateway itself."


class CaseNotForwarded(APIError):
    """The gateway stored ``complaint_id``, but no case was made behind it (contract, section 6)."""

    default_remedy = "Do not send it again: give the complaint's id to the gateway's operator."

    def __init__(self, message: str, *, complaint_id: str, **answer: Unpack[Answered]) -> None:
        super().__init__(message, **answer)
        self.complaint_id = complaint_id


class NotOffered(APIError):
    """The server has no ``feature``: it answers as for an unknown address (contract, section 6)."""

    default_remedy = "Do without it on this server, or ask its operator for an update."

    def __init__(self, message: str, *, feature: str, **answer: Unpack[Answered]) -> None:
        super().__init__(message, **answer)
        self.feature = feature
