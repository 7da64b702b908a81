"""The receiver as an ASGI application (ASGI 3, HTTP and lifespan)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias

from fulfillment_sdk.errors import FulfillmentError, StoreError
from fulfillment_sdk.notifications import MAX_BODY
from fulfillment_sdk.receiver.handler import Handler
from fulfillment_sdk.receiver.reply import NOT_STORED, TOO_LARGE, Reply, refuse_head

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

logger = logging.getLogger(__name__)


class AsgiApp:
    """Hands each request to the receiver and awaits it, so that the loop is never blocked.

    It starts with the server's lifespan, or, mounted within another application (which keeps the
    lifespan to itself), with the first request.

    Args:
        receiver: answers.
        patience: seconds in which a body must have come in: nobody waits longer for the answer.
    """

    def __init__(self, receiver: Handler, *, patience: float = 30.0) -> None:
        self.receiver = receiver
        self._patience = patience

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        match scope["type"]:
            case "http":
                await self._http(scope, receive, send)
            case "lifespan":
                await self._lifespan(receive, send)
            case "websocket":
                await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        method: str = scope["method"]
        headers = read_headers(scope["headers"])
        reply = refuse_head(method, headers)
        if reply is not TOO_LARGE:
            # What is refused is read as well: with a rest unread, some servers cut the connection,
            # and with it an answer that is still on its way.
            try:
                async with asyncio.timeout(self._patience):
                    body = await read_body(receive)
            except TimeoutError:
                reply = reply or NOT_STORED
            else:
                if body is None:
                    return
                if reply is None:
                    reply = await self._answer(method, headers, body)
        await _send(reply, send, with_body=method != "HEAD")

    async def _answer(self, method: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if len(body) > MAX_BODY:
            return TOO_LARGE
        return await self.receiver.handle_async(method, headers, body)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send(await self.start_up())
            elif message["type"] == "lifespan.shutdown":
                await self.shut_down()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def start_up(self) -> Message:
        """Start the receiver, and return what the server is told of it."""
        try:
            await asyncio.to_thread(self.receiver.start)
        except StoreError as error:
            # It may be back before the first notification; until then they are answered with 503.
            logger.error("the receiver's store can't be used: %s", error.message)
        except FulfillmentError as error:
            return {"type": "lifespan.startup.failed", "message": str(error)}
        return {"type": "lifespan.startup.complete"}

    async def shut_down(self) -> None:
        """Finish what is in hand, and close the store."""
        await asyncio.to_thread(self.receiver.stop)


def read_headers(pairs: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the request's headers, names in lower case, repeated ones joined with commas."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


async def read_body(receive: Receive) -> bytes | None:
    """Read the request's body, stopping above 16 MiB; None if the client went away."""
    body = bytearray()
    more = True
    while more and len(body) <= MAX_BODY:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


async def _send(reply: Reply, send: Send, *, with_body: bool) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body if with_body else b""})
