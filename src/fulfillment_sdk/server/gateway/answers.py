"""What every answer of the gateway has in common, and the refusals that many calls share."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fulfillment_sdk.errors import PayloadError, StoreUnavailable
from fulfillment_sdk.server import http
from fulfillment_sdk.strictjson import parse_object

FEATURES = "idempotency, events, subscriptions, cases, reports, emails, attachments, files"
"""What this gateway has beyond the source documents (contract, section 1)."""

NO_ENTRY = "Invalid or expired authentication token"
NOT_AUTHORIZED = "Organization not authorized to access this resource"
INVALID_JSON = "Invalid JSON in request body"
NOT_FOUND = "Not found"
TOO_LARGE = "Request body too large"

SMALL_BODY = 64 * 1024
"""Limit, in bytes, of every body that is no case and no notification."""

_logger = logging.getLogger(__name__)

_UNAVAILABLE_AFTER = "5"

# PostgreSQL refuses to look for a NUL. Dots would lead elsewhere on the way to the portal: clients
# and proxies take them out of an address, together with the word before them.
_NO_ID = re.compile(r"\0|/\.\.?(/|\Z)")


class Refused(Exception):
    """A call that gets no further; ``answer`` is what it is told."""

    def __init__(self, answer: Response) -> None:
        super().__init__("the call is refused")
        self.answer = answer


def invalid_token() -> Response:
    """Answer the 401 of every call that needs a bearer token (contract, section 2)."""
    return http.status_error(NO_ENTRY, 401, headers={"WWW-Authenticate": "Bearer"})


def not_authorized(detail: str | None = None) -> Response:
    """Answer the 403 of the contract, with the ``detail`` that tells why."""
    if detail is None:
        return http.status_error(NOT_AUTHORIZED, 403)
    return http.status_error(NOT_AUTHORIZED, 403, detail=detail)


def too_many(wait: int) -> Response:
    """Answer that a limit is reached for ``wait`` seconds (contract, section 2)."""
    return http.error("Too many requests", 429, headers={"Retry-After": str(wait)})


def not_found() -> Response:
    """Answer the one 404 for what is not there and for what is somebody else's."""
    return http.error(NOT_FOUND, 404)


def portal_unavailable(after: str | None = None) -> Response:
    """Answer that the portal gave no usable answer; ``after`` is when to try again, in seconds."""
    return http.error(
        "Portal unavailable", 503, headers={"Retry-After": after or _UNAVAILABLE_AFTER}
    )


def missing(field: str) -> Response:
    """Answer that a field is missing."""
    return http.error(f"Missing required field: {field}", 400)


def invalid(field: str) -> Response:
    """Answer that a field's value can't be used, without the value."""
    return http.error(f"Invalid value for field: {field}", 400)


async def read_object(request: Request, limit: int = SMALL_BODY) -> dict[str, object]:
    """Return a request's JSON object.

    Raises ``BodyTooLarge`` and ``PayloadError``, which ``Gate`` answers with 413 and 400.
    """
    return parse_object(await http.read_body(request, limit))


async def read_nothing(request: Request) -> Mapping[str, object]:
    """Read the body of a call that needs none: nothing at all, or a JSON object.

    Raises ``BodyTooLarge`` and ``PayloadError``, which ``Gate`` answers.
    """
    body = await http.read_body(request, SMALL_BODY)
    return parse_object(body) if body else {}


def not_json(request: Request) -> Response | None:
    """Return the 415 for a body not announced as plain UTF-8 JSON, ``None`` for one that is.

    Compressed bodies are not taken (contract, section 2).
    """
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        return http.error("Content-Encoding must be identity: send the body uncompressed", 415)
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    foreign = charset.startswith("charset=") and charset not in ("charset=utf-8", "charset=utf8")
    if foreign or kind.strip().lower() != "application/json":
        return http.error("Content-Type must be application/json", 415)
    return None


class Gate:
    """The gateway's part of the application: its routes, answered with its headers.

    Adds ``Fulfillment-Features`` to every answer, and turns what endpoints raise into the
    contract's answers: a store that can't be used is a 503, a body too large a 413, unreadable
    JSON a 400. Nothing is redirected. ``routes`` are those that it serves.
    """

    def __init__(self, routes: list[BaseRoute]) -> None:
        self.routes: Sequence[BaseRoute] = tuple(routes)
        self._app: ASGIApp = Router(routes, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_with_features(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                feature = (b"fulfillment-features", FEATURES.encode("ascii"))
                message = {**message, "headers": [*message.get("headers", ()), feature]}
            await send(message)

        app = not_found() if _NO_ID.search(scope["path"]) else self._app
        try:
            await app(scope, receive, send_with_features)
        except ClientDisconnect:
            return
        except Exception as raised:
            answer = None if started else answer_for(raised)
            if answer is None:
                raise
            await answer(scope, receive, send_with_features)


def answer_for(raised: Exception) -> Response | None:
    """Return the answer that an exception stands for, ``None`` where it is a bug of ours."""
    if isinstance(raised, http.BodyTooLarge):
        return http.error(TOO_LARGE, 413)
    if isinstance(raised, PayloadError):
        return http.error(INVALID_JSON, 400)
    if isinstance(raised, StoreUnavailable):
        _logger.error("gateway store unavailable: %s", raised.message)
        return http.error("Service unavailable", 503, headers={"Retry-After": _UNAVAILABLE_AFTER})
    if isinstance(raised, Refused):
        return raised.answer
    if isinstance(raised, HTTPException):
        phrase = HTTPStatus(raised.status_code).phrase.capitalize()
        return http.error(phrase, raised.status_code, headers=raised.headers)
    return None
