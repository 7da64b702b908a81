"""Installed beside an application, the plugin works with the application's providers."""

from __future__ import annotations

import pytest
import responses
from conftest import API, BASE, BEARER, Telemetry
from opentelemetry import metrics, trace

from fulfillment_sdk import Client


@pytest.fixture(scope="module")
def providers() -> Telemetry:
    """What the application sets up: once, after the plugin was imported."""
    made = Telemetry()
    trace.set_tracer_provider(made.tracers)
    metrics.set_meter_provider(made.meters)
    return made


def call(gateway: responses.RequestsMock, *plugins: object) -> Client:
    gateway.get(f"{API}cases/case_1/", json={"id": "case_1", "status": "new"})
    client = Client(base_url=BASE, token=BEARER, plugins=plugins)
    client.cases.get("case_1")
    return client


def test_a_client_that_knows_nothing_of_it_is_traced_and_measured(
    providers: Telemetry, gateway: responses.RequestsMock
) -> None:
    providers.exporter.clear()
    client = call(gateway)
    assert client.plugin_problems == ()
    assert [span.name for span in providers.spans] == ["GET /api/webhook/webform/cases/{id}/"]
    assert sum(point.count for point in providers.durations()) == 1


def test_one_with_providers_of_its_own_takes_its_place(
    providers: Telemetry, telemetry: Telemetry, gateway: responses.RequestsMock
) -> None:
    providers.exporter.clear()
    client = call(gateway, telemetry.plugin())
    assert client.plugin_problems == ()
    assert len(telemetry.spans) == 1
    assert providers.spans == ()


@pytest.mark.parametrize("names", ["*", "opentelemetry"])
def test_the_environment_switches_it_off(
    providers: Telemetry,
    gateway: responses.RequestsMock,
    monkeypatch: pytest.MonkeyPatch,
    names: str,
) -> None:
    monkeypatch.setenv("FULFILLMENT_DISABLE_PLUGINS", names)
    providers.exporter.clear()
    call(gateway)
    assert providers.spans == ()
