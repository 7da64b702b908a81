"""For how long a claimed lane is ours, by a clock that nobody can set."""

from __future__ import annotations

import attrs

SHARE_OF_LEASE = 0.8  # no delivery begins later in a lease than this
RENEWED_AFTER = 1 / 3  # of it; so a renewal may fail once, and come late once
MISSES = 2  # renewals in a row that don't find the lane, after which it is taken for lost


@attrs.define
class Lease:
    """A lease as its holder sees it: over somewhat earlier than the store thinks.

    Args:
        begun: taken before the claim was written, or the renewal; seconds since whenever.
        seconds: its length.
    """

    begun: float
    seconds: float
    _misses: int = 0

    @property
    def until(self) -> float:
        """When somebody else may have the lane."""
        return self.begun + self.seconds

    @property
    def is_lost(self) -> bool:
        """Whether the lane is somebody else's, as far as renewing it has shown."""
        return self._misses >= MISSES

    def allows(self, steady: float) -> bool:
        """Tell whether a delivery may begin."""
        return not self.is_lost and steady < self.begun + SHARE_OF_LEASE * self.seconds

    def wants_renewal(self, steady: float) -> bool:
        """Tell whether it is time to renew."""
        return not self.is_lost and steady >= self.begun + RENEWED_AFTER * self.seconds

    def renewed(self, steady: float) -> None:
        """Note that it begins anew, from `steady`."""
        self.begun, self._misses = steady, 0

    def missed(self) -> None:
        """Note that a renewal did not find the lane: it is lost, or locked at this moment."""
        self._misses += 1
