"""How fast a destination takes what it is sent, and how much to keep in hand for it."""

from __future__ import annotations

import math

import attrs

AHEAD_SECONDS = 0.5  # of work kept in hand, so that nobody waits for the store
MOST_AHEAD = 200  # lanes
WEIGHT = 0.2  # of the newest turn in the averages


@attrs.define
class Pace:
    """Running averages over the turns of a destination's lanes.

    Nothing is kept in hand for a destination that was not measured yet, and next to nothing for a
    slow one: what waits here can't be delivered by another process.
    """

    _seconds: float | None = None  # for one event
    _events: float = 1.0  # of one lane
    _bytes: float = 0.0  # of one lane

    def ran(self, *, events: int, seconds: float, size: int) -> None:
        """Note a lane's turn: so many events were tried, in so many seconds, of so many bytes."""
        if events < 1:
            return
        each = seconds / events
        if self._seconds is None:
            self._seconds, self._events, self._bytes = each, float(events), float(size)
            return
        self._seconds += WEIGHT * (each - self._seconds)
        self._events += WEIGHT * (events - self._events)
        self._bytes += WEIGHT * (size - self._bytes)

    def lanes_ahead(self, concurrency: int) -> int:
        """Return how many lanes to keep in hand beside the `concurrency` that are under way."""
        if self._seconds is None:
            return 0
        turn = self._seconds * self._events
        if turn * MOST_AHEAD <= AHEAD_SECONDS * concurrency:
            return MOST_AHEAD
        return int(AHEAD_SECONDS * concurrency / turn)

    def events_ahead(self, most: int) -> int:
        """Return how many events of a lane are worth having in memory, 1 to `most`."""
        if self._seconds is None or self._seconds * most <= AHEAD_SECONDS:
            return most
        return max(1, math.ceil(AHEAD_SECONDS / self._seconds))

    def lanes_within(self, budget: int) -> int:
        """Return how many lanes `budget` bytes have room for, one at least."""
        return MOST_AHEAD if self._bytes < 1 else max(1, int(budget / self._bytes))
