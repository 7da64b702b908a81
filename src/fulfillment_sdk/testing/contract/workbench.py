"""A sink on the bench: opened, handed deliveries and closed as a dispatcher does it."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NoReturn, Self, TypeVar

import pytest

from fulfillment_sdk.relay import Delivered, Delivery, Outcome, Reject, Retry, Sink
from fulfillment_sdk.relay.dispatching.runner import DaemonThreads, holdable
from fulfillment_sdk.relay.remarks import LONGEST

T = TypeVar("T")


def fail(*sentences: str) -> NoReturn:
    """End a test with what is wrong, and what to do about it."""
    pytest.fail("\n".join(sentences), pytrace=False)


class Workbench:
    """Has a loop of its own, and in it whatever of a sink is `async`; the rest runs in threads.

    Args:
        seconds: how long one call may take.
    """

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.new_event_loop()
        self._threads = DaemonThreads(8, "sink")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._threads.close()
        self._loop.run_until_complete(_end_the_others())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def ask(self, function: Callable[[], Any]) -> Any:
        """Call a function of the test's own, in the loop; one that is `async` is awaited."""

        async def asked() -> Any:
            answer = function()
            return await answer if inspect.isawaitable(answer) else answer

        return self._loop.run_until_complete(asked())

    def open(self, sink: Sink) -> None:
        """Open the sink, if it wants to be."""
        self._do(sink, "open")

    def close(self, sink: Sink) -> None:
        """Close the sink, if it wants to be."""
        self._do(sink, "close")

    def deliver(self, sink: Sink, *deliveries: Delivery) -> list[Outcome]:
        """Hand it deliveries, all at the same time; whatever it does but answer ends the test."""
        return [
            _fail_of(answer) if isinstance(answer, Exception) else answer
            for answer in self.attempt(sink, *deliveries)
        ]

    def attempt(self, sink: Sink, *deliveries: Delivery) -> list[Outcome | Exception]:
        """Hand it deliveries, all at the same time, and return what it answers or raises."""
        return self._loop.run_until_complete(self._all(sink, deliveries))

    def break_off(self, sink: Sink, delivery: Delivery) -> None:
        """Begin a delivery, and cancel it a moment later."""

        async def begun() -> None:
            task = asyncio.ensure_future(self._call(lambda: sink.deliver(delivery), sink.deliver))
            for _ in range(3):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task], timeout=self._seconds)
            if not task.done():
                fail("deliver goes on when it is cancelled. Let CancelledError pass.")
            task.cancelled() or task.exception()

        self._loop.run_until_complete(begun())

    def tasks_left(self) -> list[str]:
        """Return the tasks that still run in the loop, once it had time to end them."""

        async def settle() -> None:
            for _ in range(20):
                await asyncio.sleep(0)

        self._loop.run_until_complete(settle())
        return [str(task.get_coro()) for task in asyncio.all_tasks(self._loop)]

    async def _all(self, sink: Sink, deliveries: Iterable[Delivery]) -> list[Outcome | Exception]:
        calls = [self._one(sink, delivery) for delivery in deliveries]
        return list(await asyncio.gather(*calls))

    async def _one(self, sink: Sink, delivery: Delivery) -> Outcome | Exception:
        try:
            answer = await self._in_time(
                self._call(lambda: sink.deliver(delivery), sink.deliver), "deliver"
            )
        except Exception as error:  # noqa: BLE001  the answer may be that it raised
            return error
        return _checked(answer)

    def _do(self, sink: Sink, method: Literal["open", "close"]) -> None:
        function = getattr(sink, method, None)
        if function is None:
            return
        try:
            call = self._in_time(self._call(function, function), method)
            self._loop.run_until_complete(call)
        except Exception as error:  # noqa: BLE001  told in the sink's own words
            fail(
                f"{method}() raised {_told(error)}.",
                "A dispatcher tries again later, and the events wait meanwhile.",
            )

    async def _call(self, call: Callable[[], Any], function: Callable[..., Any]) -> Any:
        try:
            if inspect.iscoroutinefunction(function):
                return await call()
            answer = await self._threads.call(call)
            return await answer if inspect.isawaitable(answer) else answer
        except SystemExit as error:  # it would end the loop, and the tests with it
            raise holdable(error) from None

    async def _in_time(self, call: Coroutine[Any, Any, T], name: str) -> T:
        task = asyncio.ensure_future(call)
        done, _ = await asyncio.wait([task], timeout=self._seconds)
        if not done:
            task.cancel()
            fail(
                f"{name}() did not return within {self._seconds:g} s.",
                "Give whatever it waits for a time limit: until then its place is taken.",
            )
        return task.result()


async def _end_the_others() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def _checked(answer: object) -> Outcome:
    if not isinstance(answer, Delivered | Retry | Reject):
        fail(
            f"deliver returned {answer!r}, which says nothing about the event.",
            "Return Delivered(), Retry(why) or Reject(why), from fulfillment_sdk.relay.",
        )
    why: object = answer.note if isinstance(answer, Delivered) else answer.why
    if not isinstance(why, str) or len(why) > LONGEST or "\n" in why:
        fail(
            f"{type(answer).__name__} comes with {why!r:.80}.",
            f"Say it in one line of at most {LONGEST} characters: it is for records and logs.",
        )
    if not isinstance(answer, Delivered) and not why.strip():
        fail(f"{type(answer).__name__} does not say why.", "Whoever looks after it has to know.")
    return answer


def _fail_of(error: Exception) -> NoReturn:
    fail(
        f"deliver raised {_told(error)}.",
        "What a sink raises is tried again later: return Retry(why) for what may pass, and "
        "Reject(why) for what won't.",
    )


def _told(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {error}{where}"
