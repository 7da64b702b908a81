"""The webhook sink beside real endpoints: what they get, and over which connections."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket

import attrs
import pytest
from aiohttp import web

from fulfillment_sdk import signing
from fulfillment_sdk._version import __version__
from fulfillment_sdk.plugins.webhooks import addresses
from fulfillment_sdk.plugins.webhooks.sockets import Opened
from fulfillment_sdk.plugins.webhooks.webhook import WebhookSink
from fulfillment_sdk.relay import Delivered
from fulfillment_sdk.relay.dispatching import descriptors
from tests.integration.endpoints import a_server, a_talker, says
from tests.integration.webhooks.making import BODY, BOTH, NEW, NOW, OLD, a_sink, ok, post
from tests.unit.plugins.bodies import delivery


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
