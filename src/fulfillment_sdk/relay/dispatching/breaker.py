"""A circuit breaker per destination: who fails again and again is asked once in a while only."""

from __future__ import annotations

import attrs

from fulfillment_sdk.relay.policy import RetryPolicy

OPENS_AFTER = 5  # failures in a row (contract, section 4)
LONGEST_PAUSE = 60.0  # seconds between probes


@attrs.define
class Breaker:
    """Counts a destination's failures in a row, in this process.

    Closed, it lets everything through. Open, it lets one lane through when a pause has passed:
    that success closes it, that failure begins the next, longer pause.

    The failures of one lane alone do not open it. They spare the destination by that lane's own
    back-off, and may speak of one case only, which holds up no other.
    """

    failures: int = 0
    probe_at: float = 0.0
    probe: int | None = None
    _last: int | None = None
    _several: bool = False
    _failed_probes: int = 0

    @property
    def is_open(self) -> bool:
        """Whether the destination counts as down."""
        return self.failures >= OPENS_AFTER and self._several

    def admits(self, free: int, now: float) -> int:
        """Return how many of `free` lanes may be claimed at `now`."""
        if not self.is_open:
            return free
        return 1 if free > 0 and self.probe is None and now >= self.probe_at else 0

    def begins(self, lane: int) -> None:
        """Note that a claimed lane is under way: of an open breaker, the probe."""
        if self.is_open and self.probe is None:
            self.probe = lane

    def succeeded(self) -> None:
        """Note a delivery: the destination is up."""
        self.failures, self.probe, self._last, self._several = 0, None, None, False

    def failed(self, lane: int, policy: RetryPolicy, now: float) -> None:
        """Note a failure that says something about the destination, at `now`."""
        was_open = self.is_open
        self.failures += 1
        self._several = self._several or self._last not in (None, lane)
        self._last = lane
        if not self.is_open or (was_open and lane != self.probe):
            return  # what was under way when it opened tells nothing new
        self._failed_probes = self._failed_probes + 1 if was_open else 0
        self.probe = None
        pause = policy.delay_before(2 + self._failed_probes)
        self.probe_at = now + min(pause, LONGEST_PAUSE)

    def ended(self, lane: int) -> None:
        """Note that a lane is no longer under way; a probe may have ended without a word."""
        if self.probe == lane:
            self.probe = None

    def shift(self, seconds: float) -> None:
        """Move along with a clock that was set by so many seconds."""
        self.probe_at += seconds
