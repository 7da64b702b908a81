"""The webhook sink against real servers on loopback, kind and unkind (contract, section 4)."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import pytest
from aiohttp import web

from fulfillment_sdk import signing
from fulfillment_sdk._version import __version__
from fulfillment_sdk.plugins.webhooks import addresses
from fulfillment_sdk.plugins.webhooks.addresses import Guard
from fulfillment_sdk.plugins.webhooks.sockets import Opened
from fulfillment_sdk.plugins.webhooks.webhook import WebhookSink
from fulfillment_sdk.relay import Delivered, Outcome, Reject, Retry
from fulfillment_sdk.relay.dispatching import descriptors
from tests.integration.endpoints import a_server, a_talker, hang_up, says, self_signed
from tests.unit.plugins.bodies import delivery, status_changed

NOW = 1_743_955_200.5
OLD, NEW = signing.new_secret(), signing.new_secret()
BODY = status_changed()
BOTH = frozenset({"http", "https"})


@contextlib.asynccontextmanager
async def a_sink(
    *,
    allow: Guard = addresses.refusal_dev,
    schemes: frozenset[str] = BOTH,
    timeout: float = 15.0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[WebhookSink]:
    sink = WebhookSink(
        allow=allow, schemes=schemes, clock=lambda: NOW, timeout=timeout, max_answer=1000, tls=tls
    )
    await sink.open()
    try:
        yield sink
    finally:
        await sink.close()


async def post(sink: WebhookSink, url: str, *, body: bytes = BODY, attempt: int = 1) -> Outcome:
    settings: dict[str, object] = {"url": url, "secrets": [NEW, OLD]}
    return await sink.deliver(delivery(body, attempt=attempt, settings=settings))


async def test_the_endpoint_gets_the_same_bytes_rightly_signed_with_every_secret() -> None:
    got: list[tuple[web.Request, bytes]] = []

    async def handler(request: web.Request) -> web.Response:
        got.append((request, await request.read()))
        return web.Response(status=202)

    async with a_server(handler) as port, a_sink() as sink:
        outcome = await post(sink, f"http://127.0.0.1:{port}/hook?a=1", attempt=3)

    assert outcome == Delivered("HTTP 202")
    [(request, body)] = got
    assert body == BODY
    assert request.path_qs == "/hook?a=1"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"] == f"FulfillmentPortal/{__version__}"
    assert request.headers["X-Fulfillment-Attempt"] == "3"
    assert request.headers["webhook-id"] == "evt_1"
    assert request.headers["webhook-timestamp"] == "1743955200"
    for secret in (OLD, NEW):
        signing.verify(dict(request.headers), body, secrets=[secret], now=NOW)


async def test_deliveries_share_a_connection() -> None:
    ports: set[int] = set()

    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername")[1])
        return web.Response(text="thank you")

    async with a_server(handler) as port, a_sink() as sink:
        for _ in range(3):
            await post(sink, f"http://127.0.0.1:{port}/")

    assert len(ports) == 1


async def test_hundreds_of_endpoints_each_keep_a_connection_and_no_more_than_there_are_places() -> (
    None
):
    endpoints, places = 300, 200
    met: dict[int, list[int]] = {}
    open_now: set[asyncio.StreamWriter] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own, peer = (writer.get_extra_info(name)[1] for name in ("sockname", "peername"))
        open_now.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(len(BODY))
                met.setdefault(own, []).append(peer)
                last = b"connection: close" in head.lower()
                writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n")
                writer.write(b"Connection: close\r\n\r\n" if last else b"\r\n")
                await writer.drain()
                if last:
                    break
        finally:
            open_now.discard(writer)

    sink = WebhookSink(allow=addresses.refusal_dev, schemes=BOTH, max_idle=places)
    await sink.open()
    try:
        async with contextlib.AsyncExitStack() as stack:
            ports = [await stack.enter_async_context(a_talker(talk)) for _ in range(endpoints)]
            for _ in range(2):
                for some in range(0, endpoints, 50):
                    urls = [f"http://127.0.0.1:{port}/" for port in ports[some : some + 50]]
                    outcomes = await asyncio.gather(*(post(sink, url) for url in urls))
                    assert set(outcomes) == {Delivered("HTTP 202")}
            idle = len(open_now)
    finally:
        await sink.close()

    reused = [port for port in ports if len(set(met[port])) == 1]
    assert [len(met[port]) for port in ports] == [2] * endpoints
    assert reused == ports[:places]
    assert idle <= places


async def test_a_completion_of_megabytes_arrives_whole() -> None:
    sizes: list[int] = []

    async def handler(request: web.Request) -> web.Response:
        sizes.append(len(await request.read()))
        return web.Response()

    big = BODY[:-1] + b', "padding": "' + b"x" * 3_000_000 + b'"}'
    async with a_server(handler) as port, a_sink() as sink:
        outcome = await post(sink, f"http://127.0.0.1:{port}/", body=big)

    assert outcome == Delivered("HTTP 200")
    assert sizes == [len(big)]


async def test_a_redirect_is_not_followed() -> None:
    paths: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=301, headers={"Location": "/elsewhere"})

    async with a_server(handler) as port, a_sink() as sink:
        outcome = await post(sink, f"http://127.0.0.1:{port}/hook")

    assert outcome == Retry("HTTP 301: redirects are not followed")
    assert paths == ["/hook"]


async def test_retry_after_reaches_the_relay() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "17"})

    async with a_server(handler) as port, a_sink() as sink:
        outcome = await post(sink, f"http://127.0.0.1:{port}/")

    assert outcome == Retry("HTTP 429", after=17.0)


async def test_gone_disables() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=410, text="please stop")

    async with a_server(handler) as port, a_sink() as sink:
        outcome = await post(sink, f"http://127.0.0.1:{port}/")

    assert outcome == Reject("HTTP 410", disable=True)


async def test_no_cookie_comes_back() -> None:
    cookies: list[str | None] = []

    async def handler(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "a=b"})

    async with a_server(handler) as port, a_sink() as sink:
        for _ in range(2):
            await post(sink, f"http://127.0.0.1:{port}/")

    assert cookies == [None, None]


async def test_a_dead_endpoint_is_told_in_few_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    async with a_sink() as sink:
        outcome = await post(sink, f"http://user:pass@127.0.0.1:{port}/hook?token=secret")

    assert outcome == Retry("no connection (ECONNREFUSED)")


async def test_an_endpoint_that_hangs_up_is_tried_again() -> None:
    async with a_talker(hang_up) as port, a_sink() as sink:
        outcome = await post(sink, f"http://127.0.0.1:{port}/")

    assert outcome == Retry("the connection was closed before an answer")


async def test_an_answer_that_is_not_http_is_tried_again() -> None:
    async with a_talker(says(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")) as port, a_sink() as sink:
        outcome = await post(sink, f"http://127.0.0.1:{port}/")

    assert isinstance(outcome, Retry)


async def test_a_silent_endpoint_ends_with_the_time_limit() -> None:
    async with a_talker(says(b"", pause=60)) as port, a_sink(timeout=0.2) as sink:
        started = time.monotonic()
        outcome = await post(sink, f"http://127.0.0.1:{port}/")

    assert outcome == Retry("no answer in time")
    assert time.monotonic() - started < 5


async def test_headers_that_drip_end_with_the_time_limit() -> None:
    drip = says(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", pause=0.05, again=True)
    async with a_talker(drip) as port, a_sink(timeout=0.3) as sink:
        started = time.monotonic()
        outcome = await post(sink, f"http://127.0.0.1:{port}/")

    assert outcome == Retry("no answer in time")
    assert time.monotonic() - started < 5


async def test_a_body_that_drips_does_not_take_back_the_status() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    drip = says(head, b"1\r\na\r\n", pause=0.05, again=True)
    async with a_talker(drip) as port, a_sink(timeout=0.3) as sink:
        started = time.monotonic()
        outcome = await post(sink, f"http://127.0.0.1:{port}/")

    assert outcome == Delivered("HTTP 200")
    assert time.monotonic() - started < 5


async def test_an_endless_body_is_not_read_to_its_end() -> None:
    written = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            written += 65536

    async with a_talker(talk) as port, a_sink() as sink:
        outcome = await post(sink, f"http://127.0.0.1:{port}/")

    assert outcome == Retry("HTTP 500")
    assert written < 2**25


async def test_of_a_long_answer_64_kib_are_read_and_the_connection_is_closed() -> None:
    whole, written, hung_up = 64 * 2**20, 0, asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: %d\r\n\r\nqueue full " % whole)
        try:
            while written < whole:
                writer.write(b"x" * 65536)
                await writer.drain()
                written += 65536
        except ConnectionError:
            hung_up.set()
            raise

    sink = WebhookSink(allow=addresses.refusal_dev, schemes=BOTH, answer_seconds=30.0, timeout=40.0)
    await sink.open()
    try:
        async with a_talker(talk) as port:
            outcome = await post(sink, f"http://127.0.0.1:{port}/")
            async with asyncio.timeout(10):
                await hung_up.wait()
    finally:
        await sink.close()

    assert outcome == Retry("HTTP 503 (queue full *)")
    # What is not read lies in the buffers of both sides: megabytes, but not all of them.
    assert written < whole // 2


async def test_what_a_refusal_says_is_kept_without_anything_of_the_event() -> None:
    async def handler(request: web.Request) -> web.Response:
        echo = (await request.read()).decode()
        signature = request.headers["webhook-signature"]
        return web.Response(status=400, text=f"invalid signature {signature}: {echo}")

    async with a_server(handler) as port, a_sink() as sink:
        outcome = await post(sink, f"http://127.0.0.1:{port}/")

    assert isinstance(outcome, Reject)
    assert outcome.why.startswith("HTTP 400 (invalid signature * ")
    assert "case" not in outcome.why


async def test_a_compressed_answer_is_not_unpacked() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!"
    async with a_talker(says(answer)) as port, a_sink() as sink:
        outcome = await post(sink, f"http://127.0.0.1:{port}/")

    assert outcome == Delivered("HTTP 200")


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


async def test_a_slow_endpoint_does_not_hold_up_another() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    async with (
        a_talker(says(b"", pause=60)) as slow,
        a_server(handler) as quick,
        a_sink(timeout=2.0) as sink,
    ):
        waiting = [asyncio.create_task(post(sink, f"http://127.0.0.1:{slow}/")) for _ in range(150)]
        async with asyncio.timeout(1.5):
            outcome = await post(sink, f"http://127.0.0.1:{quick}/")
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    assert outcome == Delivered("HTTP 200")


async def test_a_closed_sink_opens_anew() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    async with a_server(handler) as port:
        sink = WebhookSink(allow=addresses.refusal_dev, schemes=BOTH)
        outcomes = []
        for _ in range(2):
            await sink.open()
            outcomes.append(await post(sink, f"http://127.0.0.1:{port}/"))
            await sink.close()

    assert outcomes == [Delivered("HTTP 200")] * 2


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_delivery_that_finds_no_descriptor_says_so_and_is_not_the_endpoints_fault(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    def none_left(*_arguments: object) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    async with a_server(ok) as port, a_sink() as sink:
        with monkeypatch.context() as patch:
            patch.setattr(Opened, "socket", none_left)
            with pytest.raises(OSError, match="no file descriptor is free") as raised:
                await post(sink, f"http://{host}:{port}/")
        assert raised.value.errno == errno.EMFILE
        assert await post(sink, f"http://{host}:{port}/") == Delivered("HTTP 200")


async def test_endpoints_that_hang_leave_sockets_for_one_that_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(descriptors, "limit", lambda: 16)  # 8 under way, 4 of them untried
    under_way = 0
    four = asyncio.Event()

    async def hangs(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        nonlocal under_way
        under_way += 1
        if under_way == 4:
            four.set()
        await asyncio.Event().wait()

    async with a_server(ok) as good, a_talker(hangs) as bad, a_sink() as sink:
        settings: dict[str, object] = {"url": f"http://127.0.0.1:{bad}/", "secrets": [NEW]}
        assert await post(sink, f"http://127.0.0.1:{good}/") == Delivered("HTTP 200")
        to_hang = delivery(BODY, settings=settings)
        hanging = [
            asyncio.ensure_future(sink.deliver(attrs.evolve(to_hang, destination=f"hangs{number}")))
            for number in range(20)
        ]
        async with asyncio.timeout(5):
            await four.wait()
            assert await post(sink, f"http://127.0.0.1:{good}/") == Delivered("HTTP 200")
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
    assert under_way == 4


async def test_closed_connections_are_counted_no_more() -> None:
    async with a_server(ok) as port:
        async with a_sink() as sink:
            await post(sink, f"http://127.0.0.1:{port}/")
            assert sink._open.count == 1
            opened = sink._open
        await asyncio.sleep(0)
        assert opened.count == 0


async def ok(_request: web.Request) -> web.Response:
    return web.Response()
