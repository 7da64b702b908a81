"""A plugin that traces and measures each request of a fulfillment client with OpenTelemetry.

Installed beside the application it works by itself, with the tracer and meter providers that the
application sets up. Other providers: `Client(plugins=[OpenTelemetry(tracer_provider=…)])`.
"""

from __future__ import annotations

import time
from weakref import WeakKeyDictionary

from opentelemetry import metrics, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from fulfillment_opentelemetry import conventions
from fulfillment_sdk.plugins import ErrorFacts, RequestFacts, ResponseFacts, hookimpl

NAME = "fulfillment_opentelemetry"
REQUEST_ID = "x-request-id"


class OpenTelemetry:
    """One span and one measured duration for each request that is sent, repetitions included.

    A span's parent is what is current where the client is called. Bodies are never asked for. To
    the gateway nothing is sent of a trace: it belongs to somebody else; its `X-Request-Id`, which
    is kept with the span, is what both sides have in common.
    """

    name = "opentelemetry"

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        self._tracer = trace.get_tracer(
            NAME, tracer_provider=tracer_provider, schema_url=conventions.SCHEMA
        )
        meter = metrics.get_meter(
            NAME, meter_provider=meter_provider, schema_url=conventions.SCHEMA
        )
        self._durations = meter.create_histogram(
            conventions.DURATION,
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=conventions.BOUNDARIES,
        )
        # Both hooks of a request get the same object, so it is what a span is found by.
        self._running: WeakKeyDictionary[RequestFacts, tuple[Span, int]] = WeakKeyDictionary()

    @hookimpl
    def fulfillment_before_request(self, request: RequestFacts) -> None:
        """Begin a span."""
        now = time.time_ns()
        span = self._tracer.start_span(
            conventions.span_name(request),
            kind=SpanKind.CLIENT,
            attributes=conventions.before(request),
            start_time=now,
        )
        self._running[request] = span, now

    @hookimpl
    def fulfillment_after_response(
        self,
        request: RequestFacts,
        response: ResponseFacts | None,
        seconds: float,
        error: ErrorFacts | None,
    ) -> None:
        """End the span, and record the same duration."""
        self._durations.record(seconds, conventions.measured(request, response, error))
        span, began = self._running.pop(request)
        span.set_attributes(conventions.after(response, error))
        if response is not None and REQUEST_ID in response.headers:
            # The conventions have a header's values as a list.
            span.set_attribute(f"http.response.header.{REQUEST_ID}", [response.headers[REQUEST_ID]])
        if error is not None:
            # Where an answer came, its status says enough.
            span.set_status(Status(StatusCode.ERROR, None if response else error.why or None))
        span.end(end_time=began + round(seconds * 1e9))


plugin = OpenTelemetry()
"""What the entry point names."""
