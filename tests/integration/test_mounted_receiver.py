"""A gateway's webhook sink and a partner's receiver, over real HTTP and real servers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import aiohttp
import pytest
import uvicorn

from fulfillment_sdk.notifications import MAX_BODY
from fulfillment_sdk.plugins.webhooks import addresses
from fulfillment_sdk.plugins.webhooks.webhook import WebhookSink
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.receiver.beside import AsgiApplication
from fulfillment_sdk.relay import Delivered, Outcome, Retry
from tests.unit.plugins.bodies import case_completed, delivery, status_changed
from tests.unit.receiver.conftest import SECRET, Inbox


@contextlib.asynccontextmanager
async def under_uvicorn(app: AsgiApplication) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, lifespan="on", log_config=None))
    # It listens before the server runs: who connects early waits instead of being refused.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        task = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook/"
        finally:
            server.should_exit = True
            await task


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


@contextlib.contextmanager
def under_wsgiref(receiver: Receiver) -> Iterator[str]:
    with make_server("127.0.0.1", 0, receiver.wsgi(), handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook/"
        server.shutdown()
        thread.join()


@pytest.fixture
async def sink() -> AsyncIterator[WebhookSink]:
    sink = WebhookSink(allow=addresses.refusal_dev, schemes=frozenset({"http"}))
    await sink.open()
    yield sink
    await sink.close()


async def post(sink: WebhookSink, url: str, body: bytes, *, secret: str = SECRET) -> Outcome:
    return await sink.deliver(delivery(body, settings={"url": url, "secrets": [secret]}))


async def test_a_receiver_under_uvicorn_takes_what_the_webhook_sink_sends(
    sink: WebhookSink, tmp_path: Path
) -> None:
    inbox = Inbox()
    receiver = Receiver([SECRET], tmp_path, [inbox], load_entry_points=False)
    async with under_uvicorn(receiver.asgi()) as url:
        outcomes = [
            await post(sink, url, status_changed()),
            await post(sink, url, status_changed()),
            await post(sink, url, case_completed()),
            await post(sink, url, status_changed("evt_9"), secret="whsec_" + "A" * 32),
        ]
        event = await asyncio.to_thread(inbox.take)

    assert outcomes == [
        Delivered("HTTP 202"),
        Delivered("HTTP 200"),
        Delivered("HTTP 202"),
        Retry("HTTP 401 (error not rightly signed or too old)"),
    ]
    assert event.id == "evt_1"


async def test_a_body_without_an_end_is_refused_under_uvicorn(tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(2 * MAX_BODY // 2**16):
            yield b" " * 2**16

    receiver = Receiver([SECRET], tmp_path, [Inbox()], load_entry_points=False)
    async with under_uvicorn(receiver.asgi()) as url, aiohttp.ClientSession() as session:
        headers = {"Content-Type": "application/json"}
        async with session.post(url, data=endless(), headers=headers) as response:
            status = response.status

    assert status == 413


async def test_a_receiver_under_a_wsgi_server_takes_what_the_webhook_sink_sends(
    sink: WebhookSink, tmp_path: Path
) -> None:
    inbox = Inbox()
    with (
        Receiver([SECRET], tmp_path, [inbox], load_entry_points=False) as receiver,
        under_wsgiref(receiver) as url,
    ):
        outcomes = [
            await post(sink, url, status_changed()),
            await post(sink, url, status_changed()),
            await post(sink, url, b'{"id": "evt_2", "type": "x", "data": {}}', secret=SECRET),
        ]
        event = await asyncio.to_thread(inbox.take)

    assert outcomes == [
        Delivered("HTTP 202"),
        Delivered("HTTP 200"),
        Delivered("HTTP 202"),
    ]
    assert event.id == "evt_1"
