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
        """Return the seconds by which the clock was set and not made up for; mostly 0."""
        jumped = self._clock() - self._monotonic() - self._offset
        return 0.0 if abs(jumped) < TOLERANCE else jumped

    def made_up_for(self, seconds: float) -> None:
        """Note that what waits was moved along by so many seconds."""
        self._offset += seconds
