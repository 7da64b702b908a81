"""How long requests take, by what can be counted."""

from __future__ import annotations

import pytest
import responses
from conftest import API, Telemetry
from fulfillment_opentelemetry import conventions
from opentelemetry.semconv.metrics.http_metrics import HTTP_CLIENT_REQUEST_DURATION

from fulfillment_sdk import Client, NotFound


def get(client: Client, gateway: responses.RequestsMock, case_id: str) -> None:
    gateway.get(f"{API}cases/{case_id}/", json={"id": case_id, "status": "new"})
    client.cases.get(case_id)


def test_durations_are_a_histogram_in_seconds_with_the_advised_buckets(
    client: Client, telemetry: Telemetry, gateway: responses.RequestsMock
) -> None:
    get(client, gateway, "case_1")

    (metric,) = telemetry.metrics()
    (point,) = telemetry.durations()
    assert (metric.name, metric.unit) == (HTTP_CLIENT_REQUEST_DURATION, "s")
    assert tuple(point.explicit_bounds) == conventions.BOUNDARIES


def test_requests_for_other_cases_are_counted_together(
    client: Client, telemetry: Telemetry, gateway: responses.RequestsMock
) -> None:
    for number in range(3):
        get(client, gateway, f"case_{number}")

    (point,) = telemetry.durations()
    assert point.count == 3
    assert dict(point.attributes or {}) == {
        "http.request.method": "GET",
        "server.address": "gateway.example",
        "server.port": 443,
        "url.template": "/api/webhook/webform/cases/{id}/",
        "http.response.status_code": 200,
    }


def test_failures_are_counted_apart(
    client: Client, telemetry: Telemetry, gateway: responses.RequestsMock
) -> None:
    get(client, gateway, "case_1")
    gateway.get(f"{API}cases/case_2/", json={"error": "Not found"}, status=404)
    with pytest.raises(NotFound):
        client.cases.get("case_2")

    counted = {
        (point.attributes or {}).get("error.type"): point.count for point in telemetry.durations()
    }
    assert counted == {None: 1, "404": 1}


def test_a_span_and_its_duration_agree(
    client: Client, telemetry: Telemetry, gateway: responses.RequestsMock
) -> None:
    get(client, gateway, "case_1")

    (span,), (point,) = telemetry.spans, telemetry.durations()
    assert span.start_time is not None
    assert span.end_time is not None
    assert (span.end_time - span.start_time) / 1e9 == pytest.approx(point.sum, abs=1e-6)
