"""What all endpoints share: JSON answers, bounded bodies, bearer tokens, request ids."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fulfillment_sdk import strictjson

Endpoint = Callable[[Request], Awaitable[Response] | Response]

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_HEADER = b"x-request-id"
_AT_HAND: Final[ContextVar[str]] = ContextVar("request_id", default="")


class BodyTooLarge(Exception):
    """A request's body is longer than the limit, which ``limit`` holds in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request body is longer than {limit} bytes")
        self.limit = limit


def json_response(
    data: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer ``data`` as compact UTF-8 JSON."""
    return Response(strictjson.dumps(data), status, headers, "application/json")


def error(
    message: str, status: int, *, headers: Mapping[str, str] | None = None, **extra: object
) -> Response:
    """Answer ``{"error": message}``, the form of every case call (contract, section 2)."""
    return json_response({"error": message, **extra}, status, headers)


def status_error(
    message: str, status: int, *, headers: Mapping[str, str] | None = None, **extra: object
) -> Response:
    """Answer ``{"status": "error", "message": message}`` (contract, sections 1 to 3)."""
    return json_response({"status": "error", "message": message, **extra}, status, headers)


async def read_body(request: Request, limit: int) -> bytes:
    """Read a request's body of at most ``limit`` bytes.

    Raises ``BodyTooLarge`` as soon as that is certain: by ``Content-Length`` before a byte is
    read, otherwise at the first chunk too many.
    """
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and _exceeds(announced, limit):
        raise BodyTooLarge(limit)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def _exceeds(digits: str, limit: int) -> bool:
    # Thousands of digits are no number to Python, but they are too many.
    return len(digits) > 18 or int(digits) > limit


def bearer(request: Request) -> str | None:
    """Return a request's bearer token, or ``None`` where there is no single well-formed one."""
    values = request.headers.getlist("authorization")
    if len(values) != 1:
        return None
    scheme, _, token = values[0].partition(" ")
    token = token.strip(" ")
    if scheme.lower() != "bearer" or not token or " " in token:
        return None
    return token


def constant_time_equal(a: str, b: str) -> bool:
    """Compare two texts in a time that depends on their lengths alone."""
    return hmac.compare_digest(a.encode(errors="replace"), b.encode(errors="replace"))


def with_and_without_slash(
    path: str, endpoint: Endpoint, methods: Sequence[str], name: str
) -> list[Route]:
    """Route ``path`` with its trailing slash and without: neither is redirected to the other.

    A redirect would turn a partner's POST into a GET (contract, section 6).
    """
    bare = path.rstrip("/")
    return [
        Route(bare + "/", endpoint, methods=list(methods), name=name),
        Route(bare, endpoint, methods=list(methods), name=name),
    ]


def routes(prefix: str, calls: Iterable[tuple[str, str, Endpoint]]) -> list[Route]:
    """Route each call, a method, a path under ``prefix`` and who answers, as above."""
    return [
        route
        for method, path, endpoint in calls
        for route in with_and_without_slash(f"{prefix}/{path}", endpoint, [method], path)
    ]


def request_id(scope: Scope) -> str:
    """Return the id that ``RequestIds`` gave to this request, ``""`` outside of one."""
    found = scope.get("state", {}).get("request_id", "")
    return found if isinstance(found, str) else ""


def request_at_hand() -> str:
    """Return the id of the request that is being served here, ``""`` where none is: for logs."""
    return _AT_HAND.get()


def new_request_id() -> str:
    """Make an id for a request that came without one."""
    return "req_" + secrets.token_hex(12)


class RequestIds:
    """Give every request an id, taken from ``X-Request-Id`` where it is harmless, and answer it.

    Endpoints find it as ``request_id(request.scope)`` and hand it on to the next hop; whatever is
    logged meanwhile carries it (``request_at_hand``). An id of
    other characters than letters, digits, ``.``, ``_``, ``-`` or longer than 64 is replaced: it
    goes into logs. Contract, section 1.
    """

    def __init__(self, app: ASGIApp, *, ids: Callable[[], str] = new_request_id) -> None:
        self._app = app
        self._ids = ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = [value for name, value in scope["headers"] if name == _HEADER]
        text = given[0].decode("latin-1") if len(given) == 1 else ""
        identity = text if _REQUEST_ID.fullmatch(text) else self._ids()
        # A copy: the server hands the same state to every request.
        scope["state"] = {**scope.get("state", {}), "request_id": identity}
        value = identity.encode("ascii")
        at_hand = _AT_HAND.set(identity)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [pair for pair in message.get("headers", []) if pair[0] != _HEADER]
                message = {**message, "headers": [*headers, (_HEADER, value)]}
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            _AT_HAND.reset(at_hand)
