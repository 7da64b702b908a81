"""The load: requests over keep-alive connections, each waiting for its answer.

A process of its own. Requests are written and signed before the clock starts, and answers are read
by a parser that knows just what it needs, so that the server is what is measured.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import attrs
import uvloop

from benchmarks import calls, events
from benchmarks.processes import Spec, many_files, tell, wait_for_word

P = TypeVar("P", bound=asyncio.Protocol)

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@attrs.define
class Run:
    """One stretch of load: what is to be sent, and what came back; `keeps` the answers' bodies."""

    requests: list[bytes]
    keeps: bool = False
    until: float = 0.0
    next: int = 0
    statuses: Counter[int] = attrs.field(factory=Counter)
    acknowledged: list[int] = attrs.field(factory=list)
    bodies: list[bytes] = attrs.field(factory=list)
    seconds: list[float] = attrs.field(factory=list)
    last: float = 0.0

    def take(self) -> int | None:
        """Return the number of the next request; None once time or requests are used up."""
        if time.perf_counter() >= self.until or self.next >= len(self.requests):
            return None
        self.next += 1
        return self.next - 1

    def answered(self, index: int, status: int, body: bytes, sent: float, now: float) -> None:
        """Note an answer."""
        self.statuses[status] += 1
        self.seconds.append(now - sent)
        self.last = now
        if 200 <= status < 300:
            self.acknowledged.append(index)
            if self.keeps:
                self.bodies.append(body)


def read_answer(buffer: bytes) -> tuple[int, bytes] | None:
    """Return status and body of the answer that has come; None while some of it is missing."""
    head = buffer.find(b"\r\n\r\n")
    if head < 0:
        return None
    length = _LENGTH.search(buffer, 0, head)
    if length is None:
        raise ValueError("An answer without a content-length")
    if len(buffer) < head + 4 + int(length.group(1)):
        return None
    return int(buffer[9:12]), buffer[head + 4 :]


class Connection(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self) -> None:
        self._run: Run | None = None
        self._done: asyncio.Future[None] | None = None
        self._buffer = b""
        self._index, self._sent = 0, 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (uvloop has set TCP_NODELAY on it)."""
        self._transport = cast(asyncio.Transport, transport)

    def start(self, run: Run) -> asyncio.Future[None]:
        """Send until the run is over; resolves with the last answer."""
        self._run, self._done = run, asyncio.get_running_loop().create_future()
        self._send()
        return self._done

    def data_received(self, data: bytes) -> None:
        """Collect an answer, note it, and go on."""
        self._buffer += data
        answer = None if self._run is None else read_answer(self._buffer)
        if answer is None or self._run is None:
            return
        self._buffer = b""
        self._run.answered(self._index, *answer, self._sent, time.perf_counter())
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        """A server that hangs up has failed its request."""
        if self._done is not None and not self._done.done():
            self._done.set_exception(error or ConnectionError("The server hung up"))

    def _send(self) -> None:
        assert self._run is not None
        assert self._done is not None
        assert self._transport is not None
        index = self._run.take()
        if index is None:
            self._done.set_result(None)
            return
        self._index, self._sent = index, time.perf_counter()
        self._transport.write(self._run.requests[index])


async def connect(place: Mapping[str, Any], make: type[P]) -> P:
    """Open a connection to `{"port": …}` on loopback, or to `{"unix": path}`."""
    connection = _connected(place)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    if connection.family == socket.AF_UNIX:
        return (await loop.create_unix_connection(make, sock=connection))[1]
    return (await loop.create_connection(make, sock=connection))[1]


def _connected(place: Mapping[str, Any], seconds: float = 20.0) -> socket.socket:
    """Connect, and wait for a server that is not listening yet."""
    end = time.monotonic() + seconds
    while True:
        unix = "unix" in place
        connection = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        try:
            connection.connect(place["unix"] if unix else ("127.0.0.1", place["port"]))
        except OSError:
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return connection


async def drive(connections: list[Connection], run: Run, seconds: float) -> float:
    """Send on all connections at once; return the seconds from the first to the last answer."""
    begin = time.perf_counter()
    run.until = begin + seconds
    await asyncio.gather(*(connection.start(run) for connection in connections))
    return run.last - begin


def percentile(values: list[float], share: float) -> float:
    """Return the value that this share of the sorted values does not exceed."""
    return values[min(len(values) - 1, int(share * len(values)))]


def _events(spec: Spec) -> Write:
    path, now = str(spec["path"]), int(time.time())
    if spec["signed_as"] == "hookspool":
        return lambda run, many: [
            events.hub_request(path, run, index, many) for index in range(many)
        ]
    return lambda run, many: [
        events.signed_request(path, run, index, many, now=now) for index in range(many)
    ]


def _cases(spec: Spec) -> Write:
    token = str(spec["token"])
    return lambda run, many: [calls.creation(token, run, index) for index in range(many)]


def _asking(spec: Spec) -> Write:
    one = calls.asking(spec["path"], spec["token"])
    return lambda _run, many: [one] * many


Write = Callable[[str, int], list[bytes]]

WRITERS: dict[str, Callable[[Spec], Write]] = {
    "events": _events,
    "cases": _cases,
    "asking": _asking,
}


async def main(spec: Spec) -> None:
    """Warm up, load, and tell what was answered; the acknowledged ids go to a file."""
    count, name = int(spec["events"]), str(spec["run"])
    write = WRITERS[spec.get("what", "events")](spec)
    keeps = spec.get("what") == "cases" and bool(spec["ids"])
    warm = max(200, count // 20)
    warming, run = Run(write(f"{name}w", warm), keeps), Run(write(name, count), keeps)
    connections = [
        await connect(spec["place"], Connection) for _ in range(int(spec["connections"]))
    ]
    tell(ready=True)
    wait_for_word()
    await drive(connections, warming, float(spec["warm_up"]))
    elapsed = await drive(connections, run, float(spec["seconds"]))
    if spec["ids"]:
        _write(spec["ids"], _ids(name, run) + _ids(f"{name}w", warming))
    taken = sorted(run.seconds)
    tell(
        answers=len(taken),
        acknowledged=len(run.acknowledged),
        per_second=len(run.acknowledged) / elapsed,
        p50_ms=percentile(taken, 0.50) * 1000,
        p99_ms=percentile(taken, 0.99) * 1000,
        statuses={str(status): n for status, n in (run.statuses + warming.statuses).items()},
        ran_out=run.next >= count,
    )


def _write(path: str, ids: list[str]) -> None:
    Path(path).write_text("\n".join(ids))


def _ids(name: str, run: Run) -> list[str]:
    """Return the ids that were acknowledged: those that we gave, or those that the answers told."""
    if run.keeps:
        return [str(json.loads(body)["id"]) for body in run.bodies]
    return [events.event_id(name, index) for index in run.acknowledged]


if __name__ == "__main__":
    many_files()
    uvloop.run(main(json.loads(sys.argv[1])))
