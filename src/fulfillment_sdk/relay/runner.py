"""Calling a sink: in the loop if it is async, else in a thread; always with a time limit."""

from __future__ import annotations

import asyncio
import inspect
import queue
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from fulfillment_sdk.relay.outcome import Delivered, Outcome, Reject, Retry
from fulfillment_sdk.relay.values import Delivery, Sink


class DaemonThreads:
    """At most `most` threads that run calls for a loop, and never keep a process from ending.

    (The standard pool joins its threads at exit, so that one hanging sink would hang the process.)
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._idle = 0
        self._queued = 0
        self._threads = 0
        self._gate = threading.Lock()

    async def call(self, function: Callable[[], Any]) -> Any:
        """Run `function()` in a thread; cancelling the wait leaves the thread to finish alone."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def settle(result: Any, error: BaseException | None) -> None:
            if future.cancelled():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        def run() -> None:
            if future.cancelled():
                return  # timed out while it queued: the lane is no longer ours to deliver
            result, failure = None, None
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001  also SystemExit: neighbours live on
                failure = error if isinstance(error, Exception) else RuntimeError(repr(type(error)))
            try:
                loop.call_soon_threadsafe(settle, result, failure)
            except RuntimeError:
                return  # the loop is closed: nobody waits any more

        with self._gate:
            # An idle thread is spoken for here and now: two calls must not count on the same one.
            if self._idle > 0:
                self._idle -= 1
            elif self._threads < self._most:
                self._threads += 1
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
            else:
                self._queued += 1
        self._calls.put(run)
        return await future

    def close(self) -> None:
        """Let the threads end after what they are at."""
        for _ in range(self._threads):
            self._calls.put(None)

    def _work(self) -> None:
        while True:
            call = self._calls.get()
            if call is None:
                return
            call()
            with self._gate:
                if self._queued > 0:
                    self._queued -= 1
                else:
                    self._idle += 1


async def call_sink(
    sink: Sink, delivery: Delivery, *, seconds: float, threads: DaemonThreads
) -> Outcome:
    """Deliver once; whatever the sink does, the answer is an outcome.

    A sink's exception is told by its type alone, since its text may quote the event.
    """
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            if inspect.iscoroutinefunction(sink.deliver):
                outcome = await sink.deliver(delivery)
            else:
                outcome = await threads.call(lambda: sink.deliver(delivery))
                if isinstance(outcome, Awaitable):
                    outcome = await outcome
    except Exception as error:  # noqa: BLE001  a stranger's code may raise anything
        if limit.expired():
            return Retry(f"no answer within {seconds:g} s")
        return Retry(f"{type(error).__name__} raised by the sink")
    if isinstance(outcome, Delivered | Retry | Reject):
        return outcome
    return Retry(
        f"the sink returned {type(outcome).__name__} instead of Delivered, Retry or Reject"
    )
