"""A second shell for the client's calls, on asyncio and aiohttp.

It sends, waits and reads pieces; all that is decided comes from the same exchange. What would not
work here is something that the calls, or the exchange, leave to `requests` or to blocking.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar

import aiohttp

from fulfillment_sdk.client.calls.call import Call, Upload
from fulfillment_sdk.client.exchange.exchange import Exchange
from fulfillment_sdk.client.exchange.facts import Facts
from fulfillment_sdk.client.exchange.request import Request
from fulfillment_sdk.client.exchange.retry import NoAnswer, Retries
from fulfillment_sdk.client.feed import Feed
from fulfillment_sdk.client.paging import Page
from fulfillment_sdk.client.tokens.bearer import Bearer
from fulfillment_sdk.errors import APIError
from fulfillment_sdk.models import Event

T = TypeVar("T")

_PIECE: Final = 64 * 1024
_NEVER_SENT: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


async def _no_pause(_seconds: float) -> None:
    pass


class AsyncRunner:
    """Runs calls against one address; its pauses are skipped."""

    def __init__(
        self,
        origin: str,
        session: aiohttp.ClientSession,
        *,
        token: str | None = None,
        retries: Retries | None = None,
        timeout: float = 10.0,
        sleep: Callable[[float], Awaitable[object]] = _no_pause,
    ) -> None:
        self.bearer = Bearer.of(token)
        self.facts = Facts()
        self._origin = origin
        self._session = session
        self._retries = retries or Retries()
        self._timeout = timeout
        self._sleep = sleep

    async def run(self, call: Call[T]) -> T:
        """Run a call to its end."""
        exchange = Exchange(
            call,
            self.facts,
            self._retries,
            origin=self._origin,
            bearer=self.bearer,
            timeout=self._timeout,
            now=time.time,
        )
        while True:
            try:
                return await self._try(exchange)
            except (NoAnswer, APIError) as error:
                failed = error
            if (pause := exchange.again(failed)) is None:
                raise exchange.verdict(failed)
            await self._sleep(pause)

    async def pages(self, call: Callable[[str | None], Call[Page[T]]]) -> AsyncIterator[Page[T]]:
        """Go through a list page by page."""
        cursor: str | None = None
        while True:
            page = await self.run(call(cursor))
            yield page
            if (cursor := page.next) is None:
                return

    async def events(self, feed: Feed) -> AsyncIterator[Event]:
        """Go through a feed of events."""
        while True:
            feed.listen()
            while (event := feed.take()) is None:
                began = time.monotonic()
                page = await self.run(feed.ask())
                if pause := feed.got(page, took=time.monotonic() - began):
                    await self._sleep(pause)
                if feed.ended:
                    return
            yield event

    async def _try(self, exchange: Exchange[T]) -> T:
        request = exchange.request()
        lost: NoAnswer
        try:
            async with self._send(request) as response:
                intake = exchange.intake(response.status, response.headers)
                async for piece in response.content.iter_chunked(_PIECE):
                    intake.take(piece)
            return exchange.receive(intake.finish())
        except _NEVER_SENT as error:
            lost = NoAnswer(type(error).__name__, sent=False)
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError) as error:
            lost = NoAnswer(type(error).__name__, sent=True)
        raise lost

    def _send(self, request: Request) -> aiohttp.client._RequestContextManager:
        headers = dict(request.headers)
        upload = request.upload
        if upload is not None and upload.length is not None:
            headers["Content-Length"] = str(upload.length)
        return self._session.request(
            request.method,
            self._origin + request.path,
            data=request.body if upload is None else _pieces(upload),
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(
                sock_connect=request.connect_timeout, sock_read=request.timeout
            ),
        )


async def _pieces(upload: Upload) -> AsyncIterator[bytes]:
    for piece in upload.begin():
        yield piece
