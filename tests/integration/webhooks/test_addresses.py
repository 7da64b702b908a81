"""To which addresses a webhook sink connects, and whom it trusts there."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from aiohttp import web

from fulfillment_sdk.plugins.webhooks import addresses
from fulfillment_sdk.relay import Delivered, Retry
from tests.integration.endpoints import a_server, self_signed
from tests.integration.webhooks.making import a_sink, post


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_a_literal_and_a_name_are_both_checked_before_anything_is_connected(
    host: str,
) -> None:
    connected = False

    async def handler(request: web.Request) -> web.Response:
        nonlocal connected
        connected = True
        return web.Response()

    async with a_server(handler) as port, a_sink(allow=addresses.refusal) as sink:
        outcome = await post(sink, f"http://{host}:{port}/")

    assert outcome == Retry("the endpoint's address is refused (loopback)")
    assert not connected


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("10.0.0.1", "private"),
        ("169.254.169.254", "link-local"),
        ("[::ffff:169.254.169.254]", "IPv4-mapped"),
        ("[64:ff9b::a00:1]", "NAT64"),
        ("[2002:a00:1::1]", "6to4"),
        ("[fec0::1]", "site-local"),
        ("[::10.0.0.1]", "IPv4-compatible"),
    ],
)
async def test_literals_of_inner_networks_are_refused_also_in_development(
    host: str, reason: str
) -> None:
    async with a_sink(allow=addresses.refusal_dev) as sink:
        outcome = await post(sink, f"https://{host}/")

    assert outcome == Retry(f"the endpoint's address is refused ({reason})")


@pytest.mark.parametrize("host", ["0177.0.0.1", "2130706433", "127.1", "0x7f.1"])
async def test_other_spellings_of_loopback_are_refused(host: str) -> None:
    async with a_sink(allow=addresses.refusal) as sink:
        outcome = await post(sink, f"https://{host}/")

    assert outcome in (
        Retry("the endpoint's address is refused (loopback)"),
        Retry("the endpoint's URL can't be used"),
    )


async def test_http_is_refused_where_only_https_is_allowed() -> None:
    async with a_sink(schemes=frozenset({"https"})) as sink:
        outcome = await post(sink, "http://127.0.0.1/")

    assert outcome == Retry("the endpoint's URL must begin with https")


async def test_environment_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with a_server(handler) as port, a_sink() as sink:
        outcome = await post(sink, f"http://127.0.0.1:{port}/")

    assert outcome == Delivered("HTTP 200")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(tmp_path_factory.mktemp("tls"))


async def test_https_works_with_a_certificate_that_is_trusted(
    certificate: tuple[Path, Path],
) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=204)

    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_tls.load_cert_chain(*certificate)
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    async with a_server(handler, server_tls) as port, a_sink(tls=trusting) as sink:
        outcome = await post(sink, f"https://127.0.0.1:{port}/")

    assert outcome == Delivered("HTTP 204")


async def test_a_certificate_that_nobody_vouches_for_is_not_accepted(
    certificate: tuple[Path, Path],
) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_tls.load_cert_chain(*certificate)
    async with a_server(handler, server_tls) as port, a_sink() as sink:
        outcome = await post(sink, f"https://127.0.0.1:{port}/")

    assert outcome == Retry("the endpoint's certificate is not accepted")
