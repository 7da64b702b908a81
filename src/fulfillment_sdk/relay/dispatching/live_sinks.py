"""Sinks as they live: opened and closed each alone, so that one without its peer stops no other."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Literal

from fulfillment_sdk.relay.cancelling import go_on
from fulfillment_sdk.relay.dispatching.runner import DaemonThreads
from fulfillment_sdk.relay.values import Sink

log = logging.getLogger("fulfillment_sdk.relay")

RETRY_SECONDS = 5.0
PATIENCE_SECONDS = 10.0  # for a sink that opens, or closes
LAST_SECONDS = 1.0  # for one that is cancelled then


class LiveSinks:
    """Opens sinks, goes on trying with those that fail, and closes what was opened.

    All at the same time, so that one that hangs holds up no other, nor its host for ever. What is
    no coroutine function runs in a thread of that sink's own, the one call behind the other: a sink
    that hangs as it opens is closed when it has opened after all, though nobody waits for it.

    Args:
        sinks: kind -> sink.
        on_open: called when a sink opened later than at the start.
        retry: seconds between tries.
        patience: seconds after which nobody waits for a sink that opens or closes.
    """

    def __init__(
        self,
        sinks: Mapping[str, Sink],
        *,
        on_open: Callable[[], None],
        retry: float = RETRY_SECONDS,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self.ready: dict[str, Sink] = {}
        """The sinks that can deliver; what is meant for the others waits."""
        self._sinks = sinks
        self._on_open = on_open
        self._retry = retry
        self._patience = patience
        self._started = False
        self._threads = {kind: DaemonThreads(1, f"sink-{kind}") for kind in sinks}
        self._cancelled: set[asyncio.Task[None]] = set()  # by us, and not by a sink
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Open each sink once; those that fail, or take long, go on in the background."""
        tried = {kind: asyncio.Event() for kind in self._sinks}
        self._tasks = [
            asyncio.create_task(self._see_to(kind, first)) for kind, first in tried.items()
        ]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                for first in tried.values():
                    await first.wait()
        self._started = True
        for kind, first in tried.items():
            if not first.is_set():
                log.error("sink %r has not opened yet, its events wait", kind)

    async def close(self) -> None:
        """Close every sink, also one that did not open all the way."""
        await self._end(self._tasks)
        closing = {kind: asyncio.create_task(self._close(kind)) for kind in self._sinks}
        late = await self._end(closing.values(), patience=self._patience)
        for kind, task in closing.items():
            if task in late:
                log.error("sink %r did not close within %g s", kind, self._patience)
        for threads in self._threads.values():
            threads.close()

    async def _end(
        self, tasks: Collection[asyncio.Task[None]], *, patience: float = 0.0
    ) -> set[asyncio.Task[None]]:
        """Give tasks some seconds, and cancel those that take longer, which are returned."""
        if not tasks:
            return set()
        _, late = await asyncio.wait(tasks, timeout=patience)
        for task in late:
            self._cancelled.add(task)
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=LAST_SECONDS)  # one may not let itself be cancelled
        return late

    async def _see_to(self, kind: str, first: asyncio.Event) -> None:
        while not await self._open(kind):
            first.set()
            await asyncio.sleep(self._retry)
        if self._started or first.is_set():
            log.info("sink %r opened", kind)
            self._on_open()
        first.set()

    async def _open(self, kind: str) -> bool:
        why = await self._call(kind, "open")
        if why is None:
            self.ready[kind] = self._sinks[kind]
            return True
        log.error(
            "sink %r did not open, its events wait: %s; next try in %g s", kind, why, self._retry
        )
        return False

    async def _close(self, kind: str) -> None:
        why = await self._call(kind, "close")
        if why is not None:
            log.error("sink %r did not close: %s", kind, why)

    async def _call(self, kind: str, method: Literal["open", "close"]) -> str | None:
        """Call a sink's method, if it has it; return the type of what it raised, if it did."""
        function = getattr(self._sinks[kind], method, None)
        if function is None:
            return None
        try:
            if inspect.iscoroutinefunction(function):
                await function()
            else:
                last = method == "close"
                result = await self._threads[kind].call(function, even_late=last)
                if inspect.isawaitable(result):
                    await result
        except BaseException as error:  # a stranger's code may raise anything
            if isinstance(error, GeneratorExit) or asyncio.current_task() in self._cancelled:
                raise
            if isinstance(error, asyncio.CancelledError):
                await go_on()
            return type(error).__name__
        return None
