"""A thousand endpoints for webhooks, each on a port of its own, some of which never answer.

They note when each event first came. Asked `count`, they tell how many; asked `report FILE`, they
write what came and when, and begin anew.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import cast

import uvloop

from benchmarks.processes import Spec, many_files, tell

_HEAD = re.compile(rb"\r\nwebhook-id: *[^\r]*_(\d+)\r\n", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Arrivals:
    """What came to the endpoints that answer: when first, and how often in all."""

    def __init__(self) -> None:
        self.first: dict[int, float] = {}
        self.requests = 0

    def note(self, index: int) -> None:
        """Note that event `index` is here."""
        self.requests += 1
        self.first.setdefault(index, time.monotonic())


class Endpoint(asyncio.Protocol):
    """One connection to an endpoint."""

    def __init__(self, arrivals: Arrivals, *, hangs: bool) -> None:
        self._arrivals, self._hangs = arrivals, hangs
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer each whole request, or none at all."""
        if self._hangs:
            return
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[: end + 2]
            length, index = _LENGTH.search(head), _HEAD.search(head)
            whole = end + 4 + (int(length.group(1)) if length else 0)
            if len(self._buffer) < whole:
                return
            self._buffer = self._buffer[whole:]
            if index is not None:
                self._arrivals.note(int(index.group(1)))
            assert self._transport is not None
            self._transport.write(_ANSWER)


async def main(spec: Spec) -> None:
    """Listen on all ports, tell them, and answer the parent's questions."""
    arrivals, loop = Arrivals(), asyncio.get_running_loop()
    count, hanging = int(spec["count"]), int(spec["hanging"])
    ports: list[int] = []
    for number in range(count):
        hangs = number >= count - hanging
        server = await loop.create_server(
            functools.partial(Endpoint, arrivals, hangs=hangs), "127.0.0.1", 0
        )
        ports.append(server.sockets[0].getsockname()[1])
    tell(ports=ports)
    words: asyncio.Queue[str] = asyncio.Queue()
    threading.Thread(target=_listen, args=(loop, words), daemon=True).start()
    while True:
        word, _, argument = (await words.get()).strip().partition(" ")
        if word == "report":
            _write(argument, arrivals)
        tell(distinct=len(arrivals.first), requests=arrivals.requests)
        if word == "report":
            arrivals.first.clear()
            arrivals.requests = 0


def _write(path: str, arrivals: Arrivals) -> None:
    Path(path).write_text(json.dumps(list(arrivals.first.items())))


def _listen(loop: asyncio.AbstractEventLoop, words: asyncio.Queue[str]) -> None:
    for line in sys.stdin:
        loop.call_soon_threadsafe(words.put_nowait, line)
    os._exit(0)


if __name__ == "__main__":
    many_files()
    uvloop.run(main(json.loads(sys.argv[1])))
