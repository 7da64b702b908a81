"""A stranger who observes attempts, from a thread of his own: he may block, and stops nobody."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from fulfillment_sdk.relay.tables.words import one_word
from fulfillment_sdk.relay.values import Attempt
from fulfillment_sdk.store.threads import begin

MOST_WAITING = 10_000  # attempts of which an observer was not told yet; further ones he misses
IDLE_SECONDS = 1.0  # after which the thread ends

log = logging.getLogger("fulfillment_sdk.relay")


class Aside:
    """Tells an observer of attempts, one after the other.

    Args:
        name: the observer's.
        observer: raises nothing.
        most: attempts that wait for him at most.
        idle: seconds after which the thread ends that has nothing to tell.
    """

    def __init__(
        self,
        name: str,
        observer: Callable[[Attempt], None],
        *,
        most: int = MOST_WAITING,
        idle: float = IDLE_SECONDS,
    ) -> None:
        self._name = name
        self._observer = observer
        self._most = most
        self._idle = idle
        self._waiting: deque[Attempt] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._telling = False
        self._misses = False

    def tell(self, attempt: Attempt) -> None:
        """Have him told; waits for nothing."""
        with self._changed:
            if len(self._waiting) >= self._most:
                if not self._misses:
                    self._misses = True
                    log.error(
                        "observer %s is %d attempts behind, and misses further ones",
                        one_word(self._name),
                        self._most,
                    )
                return
            self._waiting.append(attempt)
            if self._thread is None:
                self._thread = begin(self._work, f"observer-{self._name}")
            else:
                self._changed.notify()

    @property
    def is_through(self) -> bool:
        """Whether he was told of all."""
        with self._changed:
            return not self._waiting and not self._telling

    def _work(self) -> None:
        while (attempt := self._next()) is not None:
            self._observer(attempt)

    def _next(self) -> Attempt | None:
        with self._changed:
            self._telling = False
            if not self._waiting:
                self._misses = False
                self._changed.wait_for(lambda: bool(self._waiting), self._idle)
            if not self._waiting:
                self._thread = None
                return None
            self._telling = True
            return self._waiting.popleft()
