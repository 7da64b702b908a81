"""A name server on loopback, which knows a few names and is silent about all others."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import cast

import attrs

KINDS: Mapping[str, int] = {"A": 1, "AAAA": 28}

Records = Mapping[str, Mapping[str, Sequence[str]]]
"""Name -> kind -> addresses: a kind without addresses is answered with none, an absent one not."""


@attrs.define
class NameServer(asyncio.DatagramProtocol):
    """DNS over UDP (RFC 1035): one question, and its answers or silence."""

    records: Records
    asked: list[tuple[str, str]] = attrs.field(factory=list)
    transport: asyncio.DatagramTransport = attrs.field(init=False)
    _heard: asyncio.Event = attrs.field(factory=asyncio.Event)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        name, end = read_name(data)
        number = struct.unpack_from("!H", data, end)[0]
        kind = next((one for one, known in KINDS.items() if known == number), str(number))
        self.asked.append((name, kind))
        self._heard.set()
        addresses = self.records.get(name, {}).get(kind)
        if addresses is not None:
            self.transport.sendto(answer(data, end + 4, number, addresses), addr)

    async def heard(self) -> None:
        """Wait for the next question."""
        await self._heard.wait()
        self._heard.clear()

    @property
    def address(self) -> str:
        """Where it listens, as `host:port`."""
        host, port = self.transport.get_extra_info("sockname")
        return f"{host}:{port}"


def read_name(query: bytes) -> tuple[str, int]:
    """Return the name that is asked for, and where it ends."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels).lower(), at + 1


def answer(query: bytes, end: int, kind: int, addresses: Sequence[str]) -> bytes:
    """Answer a query, whose question ends there, with these addresses and a minute to live."""
    family = socket.AF_INET if kind == KINDS["A"] else socket.AF_INET6
    packed = [socket.inet_pton(family, address) for address in addresses]
    head = query[:2] + struct.pack("!HHHHH", 0x8180, 1, len(packed), 0, 0)
    records = [struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(one)) + one for one in packed]
    return head + query[12:end] + b"".join(records)


@contextlib.asynccontextmanager
async def a_name_server(records: Records) -> AsyncIterator[NameServer]:
    """Serve these records on a free port of 127.0.0.1."""
    _, server = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: NameServer(records), local_addr=("127.0.0.1", 0)
    )
    try:
        yield server
    finally:
        server.transport.close()
