"""OpenTelemetry's own SDK with exporters that keep what they get, and a mocked gateway."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest
import responses
from fulfillment_opentelemetry import OpenTelemetry
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, Metric
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from fulfillment_sdk import Client
from fulfillment_sdk.client import Retries

BASE = "https://gateway.example"
API = f"{BASE}/api/webhook/webform/"
BEARER = "t0ken"


@attrs.define
class Telemetry:
    """Both providers, and what they have exported."""

    exporter: InMemorySpanExporter = attrs.field(factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = attrs.field(factory=InMemoryMetricReader)
    tracers: TracerProvider = attrs.field(factory=TracerProvider)
    meters: MeterProvider = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meters = MeterProvider([self.reader])

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    def metrics(self) -> list[Metric]:
        data = self.reader.get_metrics_data()
        return [
            metric
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]

    def durations(self) -> list[HistogramDataPoint]:
        points = [point for metric in self.metrics() for point in metric.data.data_points]
        return [point for point in points if isinstance(point, HistogramDataPoint)]

    def plugin(self) -> OpenTelemetry:
        return OpenTelemetry(tracer_provider=self.tracers, meter_provider=self.meters)


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    made = Telemetry()
    yield made
    made.tracers.shutdown()
    made.meters.shutdown()


@pytest.fixture
def client(telemetry: Telemetry) -> Client:
    """A client with the plugin, and nothing that is installed."""
    return Client(
        base_url=BASE,
        token=BEARER,
        retries=Retries.without_waiting(),
        plugins=[telemetry.plugin()],
        load_entry_points=False,
    )


@pytest.fixture
def gateway() -> Iterator[responses.RequestsMock]:
    registry = responses.registries.OrderedRegistry
    with responses.RequestsMock(registry=registry) as mocked:
        yield mocked
