"""How a command that runs until it is told to end is told: a first signal, and a second one."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from typing import Final

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

APART_SECONDS: Final = 0.5
"""What comes sooner after the first signal is the same wish: a wrapper signals its child and the
group that this is in, and so does a shell in which somebody presses Ctrl-C."""


def is_another(first: float, now: float) -> bool:
    """Tell whether a signal counts as a second one, by when both came (steady seconds)."""
    return now - first >= APART_SECONDS


class Endings:
    """Takes signals: the first one ends in good order, a second one at once.

    Args:
        end: called with the first one, between two steps of whatever the main thread is doing.
        at_once: called with the number of the second one.
        monotonic: seconds since whenever.
    """

    def __init__(
        self,
        end: Callable[[], object],
        *,
        at_once: Callable[[int], object] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._end = end
        self._at_once = at_once or _end_at_once
        self._monotonic = monotonic
        self._first: float | None = None

    def __call__(self, number: int, _frame: object = None) -> None:
        """Take one signal."""
        now = self._monotonic()
        if self._first is None:
            self._first = now
            self._end()
        elif is_another(self._first, now):
            self._at_once(number)

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Take the process's signals for as long as the block runs; only in the main thread."""
        before = {number: signal.signal(number, self) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _end_at_once(number: int) -> None:
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
