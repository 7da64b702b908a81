"""A webhook sink, and one post of it."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator

from aiohttp import web

from fulfillment_sdk import signing
from fulfillment_sdk.plugins.webhooks import addresses
from fulfillment_sdk.plugins.webhooks.addresses import Guard
from fulfillment_sdk.plugins.webhooks.webhook import WebhookSink
from fulfillment_sdk.relay import Outcome
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


async def ok(_request: web.Request) -> web.Response:
    return web.Response()
