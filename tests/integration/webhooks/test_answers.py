"""What a webhook sink makes of an endpoint's answer, of a bad one, and of none."""

from __future__ import annotations

import asyncio
import socket
import time

from aiohttp import web

from fulfillment_sdk.plugins.webhooks import addresses
from fulfillment_sdk.plugins.webhooks.webhook import WebhookSink
from fulfillment_sdk.relay import Delivered, Reject, Retry
from tests.integration.endpoints import a_server, a_talker, hang_up, says
from tests.integration.webhooks.making import BOTH, a_sink, post


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
