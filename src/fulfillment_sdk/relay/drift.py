"""Noticing that somebody set the clock, so that what waits waits no longer, and no shorter."""

from __future__ import annotations

from collections.abc import Callable

TOLERANCE = 5.0  # seconds


class Drift:
    """Compares a clock that can be set with one that only goes on.

    Args:
        clock: epoch seconds.
        monotonic: seconds since whenever; None to notice nothing.
    """

    def __init__(self, clock: Callable[[], float], monotonic: Callable[[], float] | None) -> None:
        self._clock = clock
        self._monotonic = monotonic or clock
        self._offset = self._clock() - self._monotonic()

    def jump(self) -> float:
        """Return the seconds by which the clock was set since the last jump; mostly 0."""
        offset = self._clock() - self._monotonic()
        jumped = offset - self._offset
        if abs(jumped) < TOLERANCE:
            return 0.0
        self._offset = offset
        return jumped
