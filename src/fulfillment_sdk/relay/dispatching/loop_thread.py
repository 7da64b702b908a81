"""A thread with a loop of its own, for hosts that have none."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fulfillment_sdk.relay.dispatching.bounded_run import LAST_SECONDS, run
from fulfillment_sdk.relay.dispatching.unawaited import tell_by_kind

log = logging.getLogger("fulfillment_sdk.relay")

LOOK_EVERY = 0.005  # seconds
LONGEST_END = 60.0  # seconds: a dispatcher's grace, its sinks' closing, and some more
LONGEST_START = 15.0  # seconds: its sinks' opening, and some more


class LoopThread:
    """Holds an async context manager open in a thread, from `start` to `stop`.

    Args:
        context: makes the context manager, anew for each start.
        name: the thread's.
        patience: seconds after which `stop` leaves the thread behind.
        last: seconds for tasks that are still there when the context is left.
    """

    def __init__(
        self,
        context: Callable[[], AbstractAsyncContextManager[object]],
        *,
        name: str,
        patience: float = LONGEST_END,
        last: float = LAST_SECONDS,
    ) -> None:
        self._context = context
        self._name = name
        self._patience = patience
        self._last = last
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()

    def start(self, *, patience: float = LONGEST_START) -> None:
        """Enter the context in a new thread and return once it is entered; again is a no-op.

        Args:
            patience: seconds after which nobody waits for that: it goes on by itself, and is left
                as soon as it is entered if `stop` was called meanwhile.

        Raises:
            whatever entering raised within that time.
        """
        if self._thread is not None and self._thread.is_alive():
            return
        begun, entered, late = threading.Event(), threading.Event(), threading.Event()
        failure: list[BaseException] = []

        async def hold() -> None:
            self._loop = asyncio.get_running_loop()
            self._loop.set_exception_handler(tell_by_kind)
            self._end = asyncio.Event()
            begun.set()
            async with self._context():
                entered.set()
                await self._end.wait()

        def work() -> None:
            try:
                run(hold(), patience=self._last)
            except BaseException as error:  # noqa: BLE001  told to whoever called start, or logged
                if entered.is_set() or late.is_set():
                    log.error("thread %s ended with %s", self._name, type(error).__name__)
                failure.append(error)
            finally:
                begun.set()
                entered.set()

        self._thread = threading.Thread(target=work, name=self._name, daemon=True)
        self._thread.start()
        begun.wait()  # from here on it can be stopped
        if not entered.wait(patience):
            late.set()
            log.warning("thread %s has not begun within %g s, and goes on", self._name, patience)
        if failure:
            self._thread = None
            raise failure[0]

    def stop(self) -> None:
        """Leave the context and wait until the thread has ended; raises nothing.

        A thread that does not end is left behind, and does not keep the process from ending.
        """
        thread = self._leave()
        if thread is None or thread is threading.current_thread():
            return  # an observer, say: nobody can wait for himself
        thread.join(self._patience)
        self._ended(thread)

    async def end(self) -> None:
        """Stop, without blocking the loop that this is awaited in; it begins no further thread.

        An interpreter that is ending has none left for `stop`.
        """
        thread = self._leave()
        if thread is None:
            return
        ends = time.monotonic() + self._patience
        while thread.is_alive() and time.monotonic() < ends:  # noqa: ASYNC110  it knows no loop
            await asyncio.sleep(LOOK_EVERY)
        self._ended(thread)

    def _leave(self) -> threading.Thread | None:
        """Have the context left; return the thread that does it, if there is one."""
        thread, self._thread = self._thread, None
        # In a forked child the thread is not there, and the loop's socket is the parent's.
        if thread is None or self._loop is None or not thread.is_alive():
            return None
        with contextlib.suppress(RuntimeError):  # the loop was closed: it ended at this moment
            self._loop.call_soon_threadsafe(self._end.set)
        return thread

    def _ended(self, thread: threading.Thread) -> None:
        if thread.is_alive():
            log.error("thread %s does not end, and is left behind", self._name)
