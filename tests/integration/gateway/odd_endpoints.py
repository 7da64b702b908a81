"""Partners' endpoints that answer a case's first event in every way there is."""

from __future__ import annotations

import asyncio
import functools
import socket
import struct
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import attrs
from aiohttp import web

from tests.integration.endpoints import a_server, a_talker, server_tls

FIRST = "evt_1"
"""The event that is answered oddly; all others are answered well."""


@attrs.define
class Calls:
    """What came in, request by request: path, event id and body."""

    made: list[tuple[str, str, bytes]] = attrs.field(factory=list)


Endpoint: TypeAlias = Callable[[Calls], AbstractAsyncContextManager[int]]
"""Runs an endpoint on a free port of 127.0.0.1, and notes what comes in."""

Misbehaviour: TypeAlias = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answers(status: int, **headers: str) -> Endpoint:
    """Answer the first event with a status and headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def endpoint(calls: Calls) -> AbstractAsyncContextManager[int]:
        async def handler(request: web.Request) -> web.StreamResponse:
            event_id = request.headers["webhook-id"]
            calls.made.append((request.path, event_id, await request.read()))
            odd = event_id == FIRST
            return web.Response(status=status, headers=named) if odd else web.Response(status=202)

        return a_server(handler)

    return endpoint


def does(misbehave: Misbehaviour) -> Endpoint:
    """Do something to the connection on which the first event came."""

    def endpoint(calls: Calls) -> AbstractAsyncContextManager[int]:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lines = head.rstrip().splitlines()
            fields = {name.lower(): value for name, value in (one.split(": ") for one in lines[1:])}
            body = await reader.readexactly(int(fields["content-length"]))
            calls.made.append((lines[0].split()[1], fields["webhook-id"], body))
            if fields["webhook-id"] == FIRST:
                await misbehave(writer)
            else:
                writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()

        return a_talker(talk)

    return endpoint


@asynccontextmanager
async def nobody(_calls: Calls) -> AsyncIterator[int]:
    """Be a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    yield port


@asynccontextmanager
async def untrusted(_calls: Calls) -> AsyncIterator[int]:
    """Speak TLS with a certificate that nobody vouches for."""

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=202)

    with tempfile.TemporaryDirectory() as folder:
        async with a_server(handler, server_tls(Path(folder))) as port:
            yield port


def line(status: int) -> bytes:
    return f"HTTP/1.1 {status} Whatever\r\n".encode()


async def resets(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def hangs_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def hangs(_writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def babbles(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    await writer.drain()


def drips(head: bytes, drop: bytes) -> Misbehaviour:
    return functools.partial(_drips, head, drop)


def floods(head: bytes) -> Misbehaviour:
    return functools.partial(_floods, head)


def breaks_off(head: bytes) -> Misbehaviour:
    return functools.partial(_breaks_off, head)


async def _drips(head: bytes, drop: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(head)
    while True:
        writer.write(drop)
        await writer.drain()
        await asyncio.sleep(0.02)


async def _floods(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(head)
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def _breaks_off(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(head + b"Content-Length: 100\r\n\r\nshort")
    await writer.drain()
    writer.close()
