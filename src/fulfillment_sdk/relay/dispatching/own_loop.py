"""A stranger's `async def` in a loop of its own: one that blocks it stops nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from typing import Any, TypeVar, cast

from fulfillment_sdk.relay.dispatching.blocked_loop import BlockedLoop
from fulfillment_sdk.relay.dispatching.loop_thread import LoopThread
from fulfillment_sdk.relay.outcome import Outcome
from fulfillment_sdk.relay.values import Delivery, Sink

T = TypeVar("T")

END_SECONDS = 0.9  # for the thread, when its sink is closed


def apart(sinks: Mapping[str, Sink], strangers: Collection[str]) -> dict[str, Sink]:
    """Return the sinks, those of strangers so that what they await is awaited elsewhere."""
    return {kind: _Apart(sink, kind) if kind in strangers else sink for kind, sink in sinks.items()}


class OwnLoop:
    """A loop in a thread, begun with the first thing that is awaited there.

    Args:
        name: whose it is.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = LoopThread(self._held, name=f"loop-{name}", patience=END_SECONDS)

    @contextlib.asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        with BlockedLoop(self._loop, what=f"{self._name} is passed nothing").watched():
            yield

    async def run(self, work: Awaitable[T]) -> T:
        """Await `work` there; whoever is cancelled here waits no longer, and cancels it there.

        A loop that its owner has stopped is begun anew.
        """
        if self._loop is None or self._loop.is_closed():
            self._thread.start()
        assert self._loop is not None
        future = asyncio.run_coroutine_threadsafe(_awaited(work), self._loop)
        return await asyncio.wrap_future(future)

    async def end(self) -> None:
        """End the thread, if there is one; one that does not end is left behind."""
        await self._thread.end()


async def _awaited(work: Awaitable[T]) -> T:
    return await work


class _Apart:
    """Stands before a sink: what that awaits is awaited in its own loop, the rest is as it was."""

    def __init__(self, sink: Sink, name: str) -> None:
        self._sink = sink
        self._own = OwnLoop(name)
        self.deliver: Callable[[Delivery], Outcome | Awaitable[Outcome]] = (
            self._await if inspect.iscoroutinefunction(sink.deliver) else self._call
        )

    async def _await(self, delivery: Delivery) -> Outcome:
        return await self._own.run(cast("Awaitable[Outcome]", self._sink.deliver(delivery)))

    def _call(self, delivery: Delivery) -> Outcome | Awaitable[Outcome]:
        answer = self._sink.deliver(delivery)
        return self._own.run(answer) if isinstance(answer, Awaitable) else answer

    def open(self) -> Awaitable[Any] | None:
        """Open it, if it has anything to open."""
        answer = self._called("open")
        return self._own.run(answer) if inspect.isawaitable(answer) else None

    def close(self) -> Awaitable[None]:
        """Close it, if it has anything to close; its loop ends with it."""
        return self._close(self._called("close"))

    async def _close(self, answer: object) -> None:
        try:
            if inspect.isawaitable(answer):
                await self._own.run(answer)
        finally:
            await self._own.end()

    def _called(self, method: str) -> object:
        function = getattr(self._sink, method, None)
        return None if function is None else function()
