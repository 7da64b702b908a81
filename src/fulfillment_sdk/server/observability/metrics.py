"""What a server counts, as Prometheus reads it (contract, section 7): here its HTTP side."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fulfillment_sdk.server.http import request_id
from fulfillment_sdk.server.observability.relay_metrics import RelayMetrics, Relays

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_log = logging.getLogger(__name__)


class Metrics:
    """The counters of one application.

    Labels are route templates, never paths: a path may name a case, and there is no end of them.

    Args:
        relays: tells the running relays, by the name of their party.
        further: what else collects figures.
    """

    def __init__(self, relays: Relays = dict, *further: Collector) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        for collector in further:
            self.registry.register(collector)
        self._relays = RelayMetrics(relays)
        self.registry.register(self._relays)
        self._requests = Counter(
            "fulfillment_http_requests",
            "HTTP requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "fulfillment_http_request_seconds",
            "Seconds from a request's head to its answer's end.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(known, route).observe(seconds)

    async def endpoint(self, _request: Request) -> Response:
        """Answer `GET /metrics`."""
        await self._relays.look()
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)


class Measured:
    """Count every request, and with `--verbose` log one line about it."""

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, timer: Callable[[], float] = time.perf_counter
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._timer = timer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = self._timer()
        status = 499  # nobody was there any more to be answered

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            found = scope.get("route")
            # The part before a mounted router's routes stands in the root path.
            route = scope.get("root_path", "") + found.path if isinstance(found, Route) else "none"
            seconds = self._timer() - begun
            self._metrics.observe(scope["method"], route, status, seconds)
            _log.debug(
                "answered",
                extra={
                    "method": scope["method"],
                    "route": route,
                    "status": status,
                    "seconds": seconds,
                    "request_id": request_id(scope),
                },
            )
