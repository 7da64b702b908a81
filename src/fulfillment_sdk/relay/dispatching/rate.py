"""A destination's rate limit: a token bucket that is handed the time."""

from __future__ import annotations

import attrs

BURST_SECONDS = 0.1  # what a pause may save up


@attrs.define
class Bucket:
    """Lets `rate` deliveries a second through, in this process.

    A delivery takes a token also where there is none, and is told how long to wait for it; so
    those who wait get theirs in the order in which they came.

    Args:
        rate: tokens a second, above 0.
    """

    rate: float
    _tokens: float = 1.0
    _at: float | None = None

    def take(self, steady: float) -> float:
        """Take a token; return the seconds after which it may be used.

        Args:
            steady: seconds since whenever, never going back.
        """
        wait = self.wait(steady)
        self._tokens, self._at = self._at_hand(steady) - 1.0, steady
        return wait

    def wait(self, steady: float) -> float:
        """Return the seconds until the next token."""
        at_hand = self._at_hand(steady)
        return 0.0 if at_hand >= 1.0 else (1.0 - at_hand) / self.rate

    def within(self, seconds: float, steady: float) -> int:
        """Return how many tokens there will be in so many seconds."""
        return max(0, int(self._at_hand(steady) + seconds * self.rate))

    def _at_hand(self, steady: float) -> float:
        if self._at is None:
            return self._tokens
        most = max(1.0, BURST_SECONDS * self.rate)
        return min(most, self._tokens + (steady - self._at) * self.rate)
