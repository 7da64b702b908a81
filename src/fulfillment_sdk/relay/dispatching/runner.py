"""Calling a sink: in the loop if it is async, else in a thread; always with a time limit."""

from __future__ import annotations

import asyncio
import inspect
import queue
import threading
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, cast

from fulfillment_sdk.relay.cancelling import go_on, is_asked_to_end
from fulfillment_sdk.relay.dispatching.descriptors import none_left
from fulfillment_sdk.relay.outcome import Delivered, Outcome, Reject, Retry, tidied
from fulfillment_sdk.relay.values import Delivery, Sink
from fulfillment_sdk.store.threads import begin

IDLE_SECONDS = 10.0


class NoThread(Exception):
    """This process has no thread left."""


class DaemonThreads:
    """At most `most` threads that run calls for a loop, and never keep a process from ending.

    (The standard pool joins its threads at exit, so that one hanging sink would hang the process.)
    A thread ends when it had nothing to do for `idle` seconds: thousands of destinations that were
    busy once leave none behind.
    """

    def __init__(self, most: int, name: str, *, idle: float = IDLE_SECONDS) -> None:
        self.most = most
        self._name = name
        self._longest_idle = idle
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._idle = 0
        self._queued = 0
        self._threads = 0
        self._gate = threading.Lock()

    async def call(self, function: Callable[[], Any], *, even_late: bool = False) -> Any:
        """Run `function()` in a thread; cancelling the wait leaves the thread to finish alone.

        Args:
            function: what to run.
            even_late: run it also if nobody waits for it any more when its turn comes.

        Raises:
            NoThread: none is there, and none can be begun.
        """
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
            if future.cancelled() and not even_late:
                return  # timed out while it queued: the lane is no longer ours to deliver
            result, failure = None, None
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001  also SystemExit: neighbours live on
                failure = holdable(error)
            try:
                loop.call_soon_threadsafe(settle, result, failure)
            except RuntimeError:
                return  # the loop is closed: nobody waits any more

        with self._gate:
            # An idle thread is spoken for here and now: two calls must not count on the same one.
            if self._idle > 0:
                self._idle -= 1
            elif self._threads < self.most and begin(self._work, self._name) is not None:
                self._threads += 1
            elif self._threads == 0:
                raise NoThread
            else:
                self._queued += 1
        self._calls.put(run)
        return await future

    @property
    def count(self) -> int:
        """How many threads there are."""
        return self._threads

    @property
    def has_room(self) -> bool:
        """Whether a call would not have to wait for another one to end."""
        with self._gate:
            return self._idle > 0 or self._threads < self.most

    def close(self) -> None:
        """Let the threads end after what they are at."""
        with self._gate:
            for _ in range(self._threads):
                self._calls.put(None)

    def _work(self) -> None:
        while True:
            try:
                call = self._calls.get(timeout=self._longest_idle)
            except queue.Empty:
                if self._leave():
                    return
                continue
            if call is None:
                return
            call()
            with self._gate:
                if self._queued > 0:
                    self._queued -= 1
                else:
                    self._idle += 1

    def _leave(self) -> bool:
        with self._gate:
            if self._idle == 0:
                return False  # a call counts on this thread, and is about to be queued
            self._idle -= 1
            self._threads -= 1
            return True


def holdable(error: BaseException) -> Exception:
    """Return what a future can hold and no loop ends by, under the name of what was raised."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    alike = type(type(error).__name__, (RuntimeError,), {})(*error.args)
    return cast("Exception", alike.with_traceback(error.__traceback__))


class NoDescriptor(Exception):
    """A sink could not even try: this process has no file descriptor left, or no thread."""


async def call_sink(
    sink: Sink,
    delivery: Delivery,
    *,
    seconds: float,
    threads: DaemonThreads,
    is_over: Callable[[], bool],
) -> Outcome:
    """Deliver once; whatever the sink does, the answer is an outcome.

    A sink's exception is told by its type alone, since its text may quote the event.

    Args:
        sink: what delivers.
        delivery: what it is given.
        seconds: its time limit.
        threads: where it runs if it is no coroutine function.
        is_over: whether our own side has cancelled this task. Any other cancellation is the
            sink's doing: a failed try, of which nothing is left behind.

    Raises:
        asyncio.CancelledError: it is over.
        NoDescriptor: the trouble is our own, and says nothing about the destination.
    """
    limit = asyncio.timeout_at(asyncio.get_running_loop().time() + seconds)
    try:
        outcome = _checked(await _call(sink, delivery, limit, threads))
    except BaseException as error:  # a stranger's code may raise anything
        if isinstance(error, GeneratorExit):
            raise
        if isinstance(error, asyncio.CancelledError) and is_over():
            raise
        if none_left(error) or isinstance(error, NoThread):
            raise NoDescriptor from None
        if limit.expired():
            outcome = Retry(f"no answer within {seconds:g} s")
        else:
            outcome = Retry(f"{type(error).__name__} raised by the sink")
    if is_asked_to_end() and not is_over():
        await go_on()
    return outcome


async def _call(
    sink: Sink, delivery: Delivery, limit: asyncio.Timeout, threads: DaemonThreads
) -> object:
    if inspect.iscoroutinefunction(sink.deliver):
        return await _answer(sink.deliver(delivery), limit)
    async with limit:
        answer = await threads.call(lambda: sink.deliver(delivery))
        return await answer if isinstance(answer, Awaitable) else answer


def _checked(answer: object) -> Outcome:
    if isinstance(answer, Delivered | Retry | Reject):
        return tidied(answer)
    return Retry(f"the sink returned {type(answer).__name__} instead of Delivered, Retry or Reject")


async def _answer(deliver: Coroutine[Any, Any, Any], limit: asyncio.Timeout) -> Any:
    """Return what a delivery returns, within the limit.

    The first step is taken here: a sink that answers at once, a queue in memory say, needs no
    timer, whose making and undoing cost 6 microseconds of the 30 that such an event takes.
    """
    try:
        waits_for = deliver.send(None)
    except StopIteration as end:
        return end.value
    async with limit:
        return await _others(deliver, waits_for)


@types.coroutine
def _others(deliver: Coroutine[Any, Any, Any], waits_for: Any) -> Generator[Any, Any, Any]:
    """Take all steps but the first, which showed what the delivery waits for (PEP 380)."""
    try:
        while True:
            try:
                answer = yield waits_for
            except BaseException as error:  # noqa: BLE001  a cancellation is the sink's to handle
                waits_for = deliver.throw(error)
            else:
                waits_for = deliver.send(answer)
    except StopIteration as end:
        return end.value
