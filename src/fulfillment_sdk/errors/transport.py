"""No answer, or none that says what became of the request."""

from __future__ import annotations

from fulfillment_sdk.errors.base import FulfillmentError
from fulfillment_sdk.errors.traffic import SentRequest, ServerResponse


class TransportError(FulfillmentError):
    """No answer came, or none that tells what became of the request.

    ``request`` is what was asked, None where nothing could be sent. ``response``, ``status``,
    ``request_id`` and the parsed ``body`` (never shown) are those of the answer where there was
    one, None otherwise.
    """

    default_remedy = "Check the network, then repeat."

    def __init__(
        self,
        message: str,
        *,
        request: SentRequest | None = None,
        response: ServerResponse | None = None,
        body: object = None,
        remedy: str = "",
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.request = request
        self.response = response
        self.body = body

    @property
    def status(self) -> int | None:
        """The HTTP status of the answer, None if there was none."""
        return None if self.response is None else self.response.status

    @property
    def request_id(self) -> str | None:
        """The server's ``X-Request-Id``, None if there was no answer."""
        return None if self.response is None else self.response.request_id


class ConnectionFailed(TransportError):
    """The request surely did nothing: it never arrived, or it only reads. Repeating is safe."""

    default_remedy = "Check the base URL and the network, then repeat."


class OutcomeUnknown(TransportError):
    """The request may have been carried out, and repeating it could do it twice.

    ``idempotency_key`` and ``src_uid`` are what the request carried. Where the server announces
    ``idempotency``, as the reference server does, repeat it with the same key and content: that
    makes no second case. Elsewhere ask the server's operator for a case with this ``src_uid``
    before sending anew. Where the server said that it failed, or gave another answer that tells
    nothing of an earlier try, ``__cause__`` is that answer.
    """

    default_remedy = (
        "Ask the server's operator for a case with the error's src_uid (.src_uid) before sending "
        "it again."
    )

    def __init__(
        self,
        message: str,
        *,
        idempotency_key: str | None = None,
        src_uid: str | None = None,
        request: SentRequest | None = None,
        response: ServerResponse | None = None,
        body: object = None,
        remedy: str = "",
    ) -> None:
        super().__init__(message, request=request, response=response, body=body, remedy=remedy)
        self.idempotency_key = idempotency_key
        self.src_uid = src_uid
