"""What an endpoint's answer means, and what may be said where none came (contract, section 4)."""

from __future__ import annotations

import errno
import socket
import ssl
from email.utils import formatdate

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from fulfillment_sdk.plugins.webhook import (
    HTTPS_ONLY,
    AddressRefused,
    Endpoint,
    WebhookSink,
    cause,
    read_answer,
)
from fulfillment_sdk.relay import Delivered, Reject, Retry
from fulfillment_sdk.signing import new_secret
from tests.unit.plugins.bodies import delivery, status_changed

NOW = 1_743_955_200.0


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_delivered(status: int) -> None:
    assert read_answer(status, {}, NOW) == Delivered(f"HTTP {status}")


@pytest.mark.parametrize("status", [301, 302, 303, 304, 307, 308])
def test_a_redirect_is_a_failure_that_is_tried_again(status: int) -> None:
    assert read_answer(status, {"Location": "https://else.where"}, NOW) == Retry(
        f"HTTP {status}: redirects are not followed"
    )


@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_event_is_rejected(status: int) -> None:
    assert read_answer(status, {}, NOW) == Reject(f"HTTP {status}")


def test_gone_disables_the_destination() -> None:
    assert read_answer(410, {}, NOW) == Reject("HTTP 410", disable=True)


@pytest.mark.parametrize("status", [401, 403, 404, 408, 409, 425, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again(status: int) -> None:
    assert read_answer(status, {}, NOW) == Retry(f"HTTP {status}")


@pytest.mark.parametrize("status", [402, 405, 406, 411, 413, 415, 418, 451])
def test_a_client_error_that_the_contract_does_not_list_is_tried_again(status: int) -> None:
    assert read_answer(status, {}, NOW) == Retry(f"HTTP {status}")


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW - 90, usegmt=True), 0.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("9" * 5000, None),
        ("٣", None),
        ("Mon, 99 Foo 2025 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, after: float | None) -> None:
    assert read_answer(429, {"retry-AFTER": value}, NOW) == Retry("HTTP 429", after=after)


_KEY = ConnectionKey(
    "example.org", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None
)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            aiohttp.ClientConnectorError(_KEY, AddressRefused("link-local")),
            "the endpoint's address is refused (link-local)",
        ),
        (
            aiohttp.ClientConnectorDNSError(_KEY, socket.gaierror(-2, "Name or service not known")),
            "the endpoint's name can't be resolved",
        ),
        (
            aiohttp.ClientConnectorCertificateError(_KEY, ssl.CertificateError("expired")),
            "the endpoint's certificate is not accepted",
        ),
        (
            aiohttp.ClientConnectorError(_KEY, OSError(errno.ECONNREFUSED, "refused")),
            "no connection (ECONNREFUSED)",
        ),
        (
            aiohttp.ClientOSError(errno.ECONNRESET, "reset"),
            "the connection was closed before an answer (ECONNRESET)",
        ),
        (aiohttp.ServerDisconnectedError(), "the connection was closed before an answer"),
        (aiohttp.ClientPayloadError("incomplete"), "the answer broke off"),
        (aiohttp.InvalidURL("https://[secret"), "the endpoint's URL can't be used"),
        (TimeoutError(), "no answer in time"),
        (ValueError("secret"), "ValueError"),
    ],
)
def test_a_cause_is_short_and_names_neither_url_nor_address(error: Exception, words: str) -> None:
    assert cause(error) == words


SECRET = new_secret()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "the endpoint has no secret"),
        ({"url": "https://example.org", "secrets": []}, "the endpoint has no secret"),
        ({"url": "https://example.org", "secrets": SECRET}, "the endpoint has no secret"),
        ({"secrets": [SECRET]}, "the endpoint's URL can't be used"),
        ({"url": 5, "secrets": [SECRET]}, "the endpoint's URL can't be used"),
        ({"url": "https://", "secrets": [SECRET]}, "the endpoint's URL can't be used"),
        ({"url": "https://[::1", "secrets": [SECRET]}, "the endpoint's URL can't be used"),
        ({"url": "/hook", "secrets": [SECRET]}, "the endpoint's URL can't be used"),
        (
            {"url": "http://example.org", "secrets": [SECRET]},
            "the endpoint's URL must begin with https",
        ),
        (
            {"url": "file://host/etc/passwd", "secrets": [SECRET]},
            "the endpoint's URL must begin with https",
        ),
    ],
)
def test_settings_that_cannot_be_used_say_why_without_a_value(
    settings: dict[str, object], words: str
) -> None:
    assert Endpoint.read(settings, HTTPS_ONLY) == words


def test_http_is_allowed_where_the_schemes_say_so() -> None:
    endpoint = Endpoint.read(
        {"url": "HTTP://example.org/hook", "secrets": [SECRET]}, frozenset({"http", "https"})
    )

    assert isinstance(endpoint, Endpoint)
    assert str(endpoint.url) == "http://example.org/hook"


def test_an_endpoint_does_not_show_its_secrets() -> None:
    endpoint = Endpoint.read({"url": "https://example.org", "secrets": [SECRET]}, HTTPS_ONLY)

    assert SECRET not in repr(endpoint)


async def test_a_sink_that_was_not_opened_says_so() -> None:
    settings: dict[str, object] = {"url": "https://example.org", "secrets": [SECRET]}

    with pytest.raises(RuntimeError, match="open"):
        await WebhookSink().deliver(delivery(status_changed(), settings=settings))


async def test_a_secret_that_cannot_sign_is_tried_again_later() -> None:
    sink = WebhookSink()
    await sink.open()
    try:
        outcome = await sink.deliver(
            delivery(status_changed(), settings={"url": "https://x.org", "secrets": ["whsec_x"]})
        )
    finally:
        await sink.close()

    assert outcome == Retry("the endpoint's secret can't be used")
