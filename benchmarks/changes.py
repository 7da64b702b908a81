"""The staff of `hops`: asks the portal for changes, at a steady rate or as fast as they arrive.

Told `{"rate": …, "seconds": …}` it asks for so many a second, each when it is due, whatever became
of the others; with `"window"` in place of a rate it asks as soon as fewer than so many changes are
on their way. The record of a stretch, one line a change, goes to a file.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter, deque
from pathlib import Path
from typing import cast

import attrs
import uvloop

from benchmarks import calls, notes
from benchmarks.load import connect, read_answer
from benchmarks.partner import number_of
from benchmarks.processes import Spec, many_files, tell, wait_for_word

ROUND = ("allocated", "in_progress", "pending_allocation")
"""A case goes round and round, by steps of the lifecycle that need nothing but their word."""

LOOK = 0.002


class Line(asyncio.Protocol):
    """One connection: one request under way."""

    def __init__(self) -> None:
        self._buffer = b""
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def send(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send a request; resolves with status and body of its answer."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        """Collect an answer."""
        self._buffer += data
        answer = read_answer(self._buffer)
        if answer is not None and self._waiting is not None:
            self._buffer = b""
            self._waiting.set_result(answer)

    def hang_up(self) -> None:
        """Close the connection, on which nothing is under way."""
        assert self._transport is not None
        self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """A server that hangs up has failed its request."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error or ConnectionError("The server hung up"))


@attrs.define
class Case:
    """A case, its number, and how many events it has had."""

    id: str
    number: int
    sequence: int = 1


@attrs.define
class Change:
    """A change that was asked for: when it was due, and when the portal had answered."""

    case: int
    sequence: int
    asked: float
    answered: float


@attrs.define
class Desk:
    """The staff, with the cases that nobody is at."""

    spec: Spec
    lines: list[Line] = attrs.field(factory=list)
    free: deque[Case] = attrs.field(factory=deque)
    statuses: Counter[int] = attrs.field(factory=Counter)
    changes: list[Change] = attrs.field(factory=list)

    async def create(self, count: int) -> None:
        """Create the cases, as the partner does."""
        indexes = iter(range(count))

        async def partner(line: Line) -> None:
            for index in indexes:
                status, body = await line.send(calls.creation(self.spec["token"], "hops", index))
                if status != 201:
                    raise ValueError(f"a creation was answered {status}")
                made = json.loads(body)
                self.free.append(Case(made["id"], number_of(made["reference_number"])))
            line.hang_up()

        place = {"port": self.spec["gateway"]}
        await asyncio.gather(*[partner(await connect(place, Line)) for _ in range(8)])

    async def begin(self) -> None:
        """Connect anew: a server closes connections on which nothing comes."""
        for line in self.lines:
            line.hang_up()
        place, count = {"port": self.spec["portal"]}, int(self.spec["lines"])
        self.lines = [await connect(place, Line) for _ in range(count)]

    async def ask(self, line: Line, due: float) -> None:
        """Take the case that has waited longest one step on."""
        case = self.free.popleft()
        to = ROUND[(case.sequence - 1) % len(ROUND)]
        worker, token = self.spec["worker"], self.spec["staff_token"]
        # A timer of the loop may be early by a fraction of a millisecond.
        asked = min(due, time.monotonic())
        status, _ = await line.send(calls.step(token, case.id, to, worker))
        answered = time.monotonic()
        self.statuses[status] += 1
        if status == 201:
            case.sequence += 1
            self.changes.append(Change(case.number, case.sequence, asked, answered))
        self.free.append(case)

    async def paced(self, rate: float, seconds: float) -> None:
        """Ask for so many changes a second; one that finds no free line waits for it."""
        begin = time.monotonic() + 0.05
        numbers = iter(range(int(rate * seconds)))

        async def clerk(line: Line) -> None:
            for number in numbers:
                due = begin + number / rate
                if (early := due - time.monotonic()) > 0:
                    await asyncio.sleep(early)
                await self.ask(line, due)

        await asyncio.gather(*map(clerk, self.lines))

    async def windowed(self, window: int, seconds: float) -> None:
        """Ask for as many as arrive: never are more than so many on their way."""
        path, turns = Path(self.spec["notes"]), asyncio.Semaphore(window)
        end = time.monotonic() + seconds

        async def watch() -> None:
            seen = notes.count_in(path)
            while True:
                await asyncio.sleep(LOOK)
                now = notes.count_in(path)
                for _ in range(now - seen):
                    turns.release()
                seen = now

        async def clerk(line: Line) -> None:
            while (left := end - time.monotonic()) > 0:
                try:
                    await asyncio.wait_for(turns.acquire(), left)
                except TimeoutError:
                    return
                await self.ask(line, time.monotonic())

        watching = asyncio.create_task(watch())
        await asyncio.gather(*map(clerk, self.lines))
        watching.cancel()

    def write(self, path: str) -> None:
        """Write the record, and begin a new one."""
        rows = [attrs.astuple(change) for change in self.changes]
        Path(path).write_text(json.dumps(rows))
        self.changes.clear()
        self.statuses.clear()


async def main(spec: Spec) -> None:
    """Create the cases, then do as told, again and again."""
    desk = Desk(spec)
    await desk.create(int(spec["cases"]))
    tell(cases=[case.number for case in desk.free])
    while True:
        word = json.loads(await asyncio.to_thread(wait_for_word))
        await desk.begin()
        if "window" in word:
            await desk.windowed(word["window"], word["seconds"])
        else:
            await desk.paced(word["rate"], word["seconds"])
        statuses = {str(status): count for status, count in desk.statuses.items()}
        desk.write(word["out"])
        tell(statuses=statuses)


def read(path: Path) -> list[Change]:
    """Read the record of a stretch."""
    return [Change(*row) for row in json.loads(path.read_text())]


if __name__ == "__main__":
    many_files()
    uvloop.run(main(json.loads(sys.argv[1])))
