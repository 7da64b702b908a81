"""Each request is a span, as OpenTelemetry's conventions have it, and nobody's story."""

from __future__ import annotations

import pytest
import requests
import responses
from conftest import API, BASE, Telemetry
from fulfillment_opentelemetry import conventions
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.semconv.attributes import (
    error_attributes,
    http_attributes,
    server_attributes,
    url_attributes,
)
from opentelemetry.semconv.schemas import Schemas
from opentelemetry.trace import SpanKind, StatusCode

from fulfillment_sdk import Client, FulfillmentError, NewCase, NotFound, Person

CASE = NewCase(
    reporter=Person(fname="Jane Smith"),
    gbv_related=False,
    case_category_id="362484",
    narrative="Told in confidence.",
    plan="Refer to legal aid.",
    priority="2",
    status="1",
)
CREATED = {"id": "case_987654", "reference_number": "HL-CMS-000123", "status": "open"}


def attributes(span: ReadableSpan) -> dict[str, object]:
    return dict(span.attributes or {})


def test_a_request_is_a_client_span_named_by_method_and_route(
    client: Client, telemetry: Telemetry, gateway: responses.RequestsMock
) -> None:
    gateway.post(f"{API}cases/case_1/cancel/", json={"id": "case_1", "status": "cancelled"})

    client.cases.cancel("case_1")

    (span,) = telemetry.spans
    assert span.name == "POST /api/webhook/webform/cases/{id}/cancel/"
    assert span.kind is SpanKind.CLIENT
    assert attributes(span) == {
        http_attributes.HTTP_REQUEST_METHOD: "POST",
        server_attributes.SERVER_ADDRESS: "gateway.example",
        server_attributes.SERVER_PORT: 443,
        url_attributes.URL_FULL: f"{API}cases/case_1/cancel/",
        "url.template": "/api/webhook/webform/cases/{id}/cancel/",
        http_attributes.HTTP_RESPONSE_STATUS_CODE: 200,
    }


def test_a_span_that_went_well_leaves_its_status_unset(
    client: Client, telemetry: Telemetry, gateway: responses.RequestsMock
) -> None:
    gateway.post(API, json=CREATED, status=201)
    client.cases.create(CASE)
    assert telemetry.spans[0].status.status_code is StatusCode.UNSET


def test_a_span_holds_nothing_of_the_case_and_no_token(
    client: Client, telemetry: Telemetry, gateway: responses.RequestsMock
) -> None:
    gateway.post(API, json=CREATED, status=201)
    gateway.get(f"{API}cases/", json={"items": []})

    client.cases.create(CASE)
    list(client.cases.list(src_uid="Jane Smith"))

    exported = "".join(span.to_json() for span in telemetry.spans)
    assert "src_uid=REDACTED" in exported
    secrets = ("Jane", "confidence", "t0ken", "Bearer", "HL-CMS")
    assert not [secret for secret in secrets if secret in exported]


def test_the_servers_request_id_is_kept_with_the_span(
    client: Client, telemetry: Telemetry, gateway: responses.RequestsMock
) -> None:
    gateway.post(API, json=CREATED, status=201, headers={"X-Request-Id": "req-1"})
    client.cases.create(CASE)
    got = attributes(telemetry.spans[0])[
        f"{http_attributes.HTTP_RESPONSE_HEADER_TEMPLATE}.x-request-id"
    ]
    assert got == ("req-1",)


def test_a_refusal_is_an_error_called_by_its_status(
    client: Client, telemetry: Telemetry, gateway: responses.RequestsMock
) -> None:
    gateway.get(f"{API}cases/case_1/", json={"error": "Not found"}, status=404)

    with pytest.raises(NotFound):
        client.cases.get("case_1")

    (span,) = telemetry.spans
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert attributes(span)[error_attributes.ERROR_TYPE] == "404"


def test_an_answer_that_makes_no_sense_is_an_error_called_by_its_kind(
    client: Client, telemetry: Telemetry, gateway: responses.RequestsMock
) -> None:
    gateway.post(API, body="<html>", status=200)

    with pytest.raises(FulfillmentError):
        client.cases.create(CASE)

    (span,) = telemetry.spans
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span)[error_attributes.ERROR_TYPE] == "UnexpectedAnswer"
    assert attributes(span)[http_attributes.HTTP_RESPONSE_STATUS_CODE] == 200


def test_each_repetition_is_a_span_of_its_own_with_its_number(
    client: Client, telemetry: Telemetry, gateway: responses.RequestsMock
) -> None:
    gateway.get(f"{API}cases/case_1/", body=requests.ConnectTimeout())
    gateway.get(f"{API}cases/case_1/", json={"error": "Portal unavailable"}, status=503)
    gateway.get(f"{API}cases/case_1/", json={"id": "case_1", "status": "new"})

    client.cases.get("case_1")

    spans = telemetry.spans
    resent = [attributes(one).get(http_attributes.HTTP_REQUEST_RESEND_COUNT) for one in spans]
    failed = [attributes(one).get(error_attributes.ERROR_TYPE) for one in spans]
    assert resent == [None, 1, 2]
    assert failed == ["ConnectionFailed", "503", None]
    assert http_attributes.HTTP_RESPONSE_STATUS_CODE not in attributes(spans[0])
    assert spans[0].status.description == "none within 10 s"


def test_the_parent_is_the_span_in_which_the_client_was_called(
    client: Client, telemetry: Telemetry, gateway: responses.RequestsMock
) -> None:
    gateway.post(API, json=CREATED, status=201)

    with telemetry.tracers.get_tracer("application").start_as_current_span("intake") as intake:
        client.cases.create(CASE)

    request, application = telemetry.spans
    assert application.name == "intake"
    assert request.parent == intake.get_span_context()


def test_nothing_of_a_trace_is_sent_to_the_gateway(
    client: Client, telemetry: Telemetry, gateway: responses.RequestsMock
) -> None:
    gateway.post(API, json=CREATED, status=201)
    with telemetry.tracers.get_tracer("application").start_as_current_span("intake"):
        client.cases.create(CASE)
    sent = {name.lower() for name in gateway.calls[0].request.headers}
    assert sent.isdisjoint({"traceparent", "tracestate", "baggage"})


def test_a_port_that_the_address_names_is_the_servers(
    telemetry: Telemetry, gateway: responses.RequestsMock
) -> None:
    address = "http://127.0.0.1:8000"
    gateway.post(f"{address}/api/webhook/webform/", json=CREATED, status=201)
    with Client(base_url=address, plugins=[telemetry.plugin()], load_entry_points=False) as client:
        client.cases.create(CASE)
    got = attributes(telemetry.spans[0])
    assert (got["server.address"], got["server.port"]) == ("127.0.0.1", 8000)


def test_the_scope_says_which_conventions_are_followed(
    client: Client, telemetry: Telemetry, gateway: responses.RequestsMock
) -> None:
    gateway.post(API, json=CREATED, status=201)
    client.cases.create(CASE)
    scope = telemetry.spans[0].instrumentation_scope
    assert scope is not None
    assert (scope.name, scope.schema_url) == ("fulfillment_opentelemetry", conventions.SCHEMA)
    assert conventions.SCHEMA in {schema.value for schema in Schemas}


def test_no_span_is_left_running(
    client: Client, telemetry: Telemetry, gateway: responses.RequestsMock
) -> None:
    def interrupt(_request: object) -> tuple[int, dict[str, str], str]:
        raise KeyboardInterrupt

    gateway.add_callback("POST", API, interrupt)

    with pytest.raises(KeyboardInterrupt):
        client.cases.create(CASE)

    (span,) = telemetry.spans
    assert span.end_time is not None
    assert attributes(span)[error_attributes.ERROR_TYPE] == "KeyboardInterrupt"
    assert BASE in str(attributes(span)["url.full"])
