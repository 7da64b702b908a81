"""A thread with a loop of its own, for hosts that have none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager


class LoopThread:
    """Holds an async context manager open in a thread, from `start` to `stop`.

    Args:
        context: makes the context manager, anew for each start.
        name: the thread's.
    """

    def __init__(
        self, context: Callable[[], AbstractAsyncContextManager[object]], *, name: str
    ) -> None:
        self._context = context
        self._name = name
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()

    def start(self) -> None:
        """Enter the context in a new thread and return once it is entered; again is a no-op.

        Raises:
            whatever entering raised.
        """
        if self._thread is not None and self._thread.is_alive():
            return
        entered = threading.Event()
        failure: list[BaseException] = []

        async def hold() -> None:
            self._loop = asyncio.get_running_loop()
            self._end = asyncio.Event()
            async with self._context():
                entered.set()
                await self._end.wait()

        def run() -> None:
            try:
                asyncio.run(hold())
            except BaseException as error:  # noqa: BLE001  told to whoever called start
                failure.append(error)
            finally:
                entered.set()

        self._thread = threading.Thread(target=run, name=self._name, daemon=True)
        self._thread.start()
        entered.wait()
        if failure:
            self._thread = None
            raise failure[0]

    def stop(self) -> None:
        """Leave the context and wait until the thread has ended."""
        thread, self._thread = self._thread, None
        if thread is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._end.set)
            thread.join()
