"""Writing many deliveries with one effort: one fsync, one transaction, one request.

Nothing waits for a batch to fill. What is delivered while the previous batch is being written is
the next one: a single event goes out at once, and a flood in as many batches as the peer can take.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import attrs

from fulfillment_sdk.relay import Delivery, Outcome
from fulfillment_sdk.relay.dispatching.runner import DaemonThreads

MOST = 500
MOST_BYTES = 8 * 1024 * 1024

Write = Callable[[Sequence[Delivery]], Sequence[Outcome] | Awaitable[Sequence[Outcome]]]
"""Writes deliveries and returns an outcome for each, in their order; a plain one in a thread."""


@attrs.define(eq=False)
class _Waiting:
    delivery: Delivery
    outcome: asyncio.Future[Outcome]


class Batcher:
    """Gathers what a sink is to deliver at the same time, and has it written together.

    A sink that has one says `async def deliver(self, delivery): return await
    self._batcher.deliver(delivery)`, and calls `close` when it is closed. It is given as much at
    once as its destination's `concurrency` allows, so its kind should register a large one.

    Args:
        write: writes a batch, never two at the same time. A plain `def` runs in a thread of the
            batcher's own, `async def` in the loop.
        most: deliveries of a batch at most.
        most_bytes: bytes of their bodies at most; a delivery that is larger goes alone.
        name: of the thread.
    """

    def __init__(
        self, write: Write, *, most: int = MOST, most_bytes: int = MOST_BYTES, name: str = "sink"
    ) -> None:
        self._write = write
        self._most = most
        self._most_bytes = most_bytes
        self._name = name
        self._threads: DaemonThreads | None = None
        self._queue: deque[_Waiting] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def deliver(self, delivery: Delivery) -> Outcome:
        """Have one delivery written with those beside it, and return its own outcome.

        Where it is cancelled before its batch is begun, it is not written. Raises what `write`
        raised, which then holds for the whole batch.
        """
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # the relay was started anew; nobody waits in the old loop
            self._loop, self._worker, self._queue = loop, None, deque()
        waiting = _Waiting(delivery, loop.create_future())
        self._queue.append(waiting)
        if self._worker is None:
            self._worker = loop.create_task(self._work())
        return await waiting.outcome

    async def in_thread(self, function: Callable[[], Any]) -> Any:
        """Run a call between two batches, in the thread that writes them: to open, or to close.

        It is run even if nobody waits for it any more.
        """
        if self._threads is None:
            self._threads = DaemonThreads(1, self._name)
        return await self._threads.call(function, even_late=True)

    def close(self) -> None:
        """Let the thread end, once it is through; the next call starts another one."""
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.close()

    async def _work(self) -> None:
        batch: Sequence[_Waiting] = ()
        try:
            while batch := self._take():
                await self._settle(batch)
            self._worker = None
        except BaseException:  # the loop is being ended
            for waiting in (*batch, *self._queue):
                waiting.outcome.cancel()
            self._queue.clear()
            self._worker = None
            raise

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        while self._queue and len(batch) < self._most:
            waiting = self._queue[0]
            if not waiting.outcome.done():
                size += len(waiting.delivery.body)
                if batch and size > self._most_bytes:
                    break
                batch.append(waiting)
            self._queue.popleft()
        return batch

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        deliveries = [waiting.delivery for waiting in batch]
        try:
            outcomes = await self._written(deliveries)
            settled = list(zip(batch, outcomes, strict=True))
        except Exception as error:  # noqa: BLE001  each of them is told, and the next batch goes on
            for waiting in batch:
                if not waiting.outcome.done():
                    waiting.outcome.set_exception(error)
            return
        for waiting, outcome in settled:
            if not waiting.outcome.done():
                waiting.outcome.set_result(outcome)

    async def _written(self, deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
        answer: Sequence[Outcome] | Awaitable[Sequence[Outcome]]
        if inspect.iscoroutinefunction(self._write):
            answer = self._write(deliveries)
        else:
            answer = await self.in_thread(lambda: self._write(deliveries))
        return await answer if isinstance(answer, Awaitable) else answer
