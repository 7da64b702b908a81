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
    that success closes it, that failure begins the next pause.
    """

    failures: int = 0
    probe_at: float = 0.0
    probing: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the destination counts as down."""
        return self.failures >= OPENS_AFTER

    def admits(self, free: int, now: float) -> int:
        """Return how many of `free` lanes may be claimed at `now`."""
        if not self.is_open:
            return free
        return 1 if free > 0 and not self.probing and now >= self.probe_at else 0

    def claimed(self, lanes: int) -> None:
        """Note that lanes were claimed: the probe is under way."""
        self.probing = self.is_open and lanes > 0

    def succeeded(self) -> None:
        """Note a delivery: the destination is up."""
        self.failures, self.probing = 0, False

    def failed(self, policy: RetryPolicy, now: float) -> None:
        """Note a failure that says something about the destination, at `now`."""
        self.failures += 1
        self.probing = False
        if self.is_open:
            step = policy.delay_before(2 + self.failures - OPENS_AFTER)
            self.probe_at = now + min(step, LONGEST_PAUSE)

    def ended(self) -> None:
        """Note that a claimed lane was handed back without a word on the destination."""
        self.probing = False
