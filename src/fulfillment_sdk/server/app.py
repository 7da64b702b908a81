"""The ASGI application of one server process: its parties' routes, and what watches over them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.server.configuration.settings import Settings
from fulfillment_sdk.server.http import (
    BodyTooLarge,
    RequestIds,
    error,
    json_response,
    request_id,
)
from fulfillment_sdk.server.observability.host_metrics import HostMetrics
from fulfillment_sdk.server.observability.metrics import Measured, Metrics
from fulfillment_sdk.server.party import Party
from fulfillment_sdk.server.security_headers import SecurityHeaders
from fulfillment_sdk.server.trust import DevGuard, ForwardedClients

_log = logging.getLogger(__name__)

# Seconds after which a partner may find a store that was full or locked in order again.
_STORE_RETRY = "5"


def create_app(settings: Settings, parties: Sequence[Party]) -> Starlette:
    """Return the application that serves `parties`, and starts and stops them with its lifespan.

    They start in the order given and stop in the reverse one. Beside their routes there are
    `GET /healthz`, `/readyz` and `/metrics` (contract, section 7).
    """

    def problems() -> list[str]:
        return [problem for party in parties for problem in party.problems()]

    metrics = Metrics(
        lambda: {name: relay for party in parties for name, relay in party.relays().items()},
        HostMetrics(settings.data, problems),
    )

    async def healthz(_request: Request) -> Response:
        return json_response({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        if found := problems():
            return json_response({"status": "unavailable", "problems": found}, 503)
        return json_response({"status": "ready"})

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for party in parties:
                # Also after a start that failed half-way: what is open gets closed.
                stack.push_async_callback(party.stop)
                await party.start()
            yield

    app = Starlette(
        routes=[
            Route("/healthz", healthz, methods=["GET"]),
            Route("/readyz", readyz, methods=["GET"]),
            Route("/metrics", metrics.endpoint, methods=["GET"]),
            *(route for party in parties for route in party.routes),
        ],
        middleware=[
            Middleware(SecurityHeaders, https=_is_https(settings)),
            Middleware(RequestIds),
            Middleware(Measured, metrics=metrics),
            *([Middleware(DevGuard)] if settings.dev else []),
            *(
                [Middleware(ForwardedClients, trusted=settings.trusted_proxies)]
                if settings.trusted_proxies and not settings.dev
                else []
            ),
            Middleware(OwnFaults),
        ],
        exception_handlers={
            HTTPException: _http_error,
            BodyTooLarge: _too_large,
            StoreUnavailable: _store_unavailable,
        },
        lifespan=lifespan,
    )
    # A redirect would turn a POST into a GET; the routes stand with and without the slash.
    app.router.redirect_slashes = False
    return app


class OwnFaults:
    """Answer 500 for what nobody expected, with the request's id and nothing else.

    What is logged names the kind and the place of the error: its message could hold a value.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except ClientDisconnect:
            _log.debug("client went away", extra={"request_id": request_id(scope)})
        except Exception:  # noqa: BLE001 the last one who can answer
            identity = request_id(scope)
            _log.exception("request failed", extra={"request_id": identity})
            # An answer that has begun can't be taken back: without its end it counts as broken.
            if not begun:
                answer = error("Internal server error", 500, request_id=identity)
                await answer(scope, receive, send)


async def _http_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    headers = dict(exc.headers or {})
    if exc.status_code == 405:
        headers["Allow"] = ", ".join(_allowed(request))
    phrase = HTTPStatus(exc.status_code).phrase.capitalize()
    return error(phrase, exc.status_code, headers=headers)


async def _too_large(_request: Request, _exc: Exception) -> Response:
    return error("Request body too large", 413)


async def _store_unavailable(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, StoreUnavailable)
    _log.error(
        "store unavailable: %s", exc.message, extra={"request_id": request_id(request.scope)}
    )
    return error("Service unavailable", 503, headers={"Retry-After": _STORE_RETRY})


def _is_https(settings: Settings) -> bool:
    # The portal's own address is nobody's public one.
    return settings.runs_gateway and settings.public_url.startswith("https:")


def _allowed(request: Request) -> list[str]:
    methods: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return sorted(methods)
