"""Reader threads, which work until the very end of the process.

(The standard pool is shut down by the interpreter before anybody's exit handlers run, and what is
in hand at the end still has to be read.)
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.store.threads import begin


class Readers:
    """Runs calls in up to `most` threads, made as they are needed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._waiting = 0
        self._gate = threading.Lock()

    def submit(self, call: Callable[[], None]) -> None:
        """Queue a call, which must not raise.

        Raises:
            StoreUnavailable: there is no thread for it.
        """
        with self._gate:
            self._waiting += 1
            if self._waiting > len(self._threads) < self._most:
                thread = begin(self._work, f"fulfillment-reader-{len(self._threads)}")
                if thread is not None:
                    self._threads.append(thread)
                elif not self._threads:
                    self._waiting -= 1
                    raise StoreUnavailable("no thread is free to read the database in")
        self._calls.put(call)

    def close(self) -> None:
        """Finish what is queued, then end the threads."""
        with self._gate:
            threads = list(self._threads)
        for _ in threads:
            self._calls.put(None)
        for thread in threads:
            thread.join()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            with self._gate:
                self._waiting -= 1
