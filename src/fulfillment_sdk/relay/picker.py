"""Picking what to do next: due lanes of destinations that have room, the longest due first."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay import registry
from fulfillment_sdk.relay.breaker import Breaker
from fulfillment_sdk.relay.drift import Drift
from fulfillment_sdk.relay.lanes import Claim, claim, earliest_due, shift
from fulfillment_sdk.relay.registry import Registered
from fulfillment_sdk.relay.values import Sink
from fulfillment_sdk.store import Store

log = logging.getLogger("fulfillment_sdk.relay")

EVENTS_PER_LANE = 20  # a killed worker repeats at most so many of a lane
LANES_PER_TURN = 200
DESTINATIONS_PER_TURN = 64


@attrs.frozen
class Turn:
    """What was claimed, and when there will be more where it was nothing."""

    claims: tuple[tuple[Registered, Claim], ...] = ()
    next_due: float | None = None
    now: float = 0.0


@attrs.define
class Picker:
    """Knows what is under way in this process, and claims what may go beside it.

    Args:
        store: where the lanes are.
        sinks: kind -> sink; a destination of another kind waits.
        lease: seconds for which a claimed lane is ours, at least twice the time limit of its sink.
        drift: notices a clock that was set.
        alone: no other process claims lanes here, so that all leases are ours.
    """

    store: Store
    sinks: Mapping[str, Sink]
    lease: float
    drift: Drift
    alone: bool = False
    in_flight: Counter[int] = attrs.field(factory=Counter)
    breakers: defaultdict[int, Breaker] = attrs.field(factory=lambda: defaultdict(Breaker))
    _seen: dict[int, Registered] = attrs.field(factory=dict)

    def pick(self, connection: sa.Connection) -> Turn:
        """Claim due lanes, within the limits of a turn and of each destination."""
        jump = self.drift.jump() if self.alone else 0.0
        now = self.store.now(connection)
        if jump:
            log.warning("the clock was set by %.0f s: what waits is moved along", jump)
            shift(connection, jump, now=now)
        earliest = earliest_due(connection)
        due = [no for due_at, no in sorted((at, no) for no, at in earliest) if due_at <= now]
        chosen = [no for no in due if self._room(self._seen.get(no), now)][:DESTINATIONS_PER_TURN]
        found = registry.by_number(connection, self.store.sealer, chosen)
        self._seen |= found
        claims: list[tuple[Registered, Claim]] = []
        for registered in (found[no] for no in chosen if no in found):
            most = min(self._room(registered, now), LANES_PER_TURN - len(claims))
            if most <= 0:
                continue
            claimed = claim(
                connection,
                registered.no,
                now=now,
                lease=self.lease_of(registered),
                most=most,
                events_per_lane=EVENTS_PER_LANE,
            )
            claims += [(registered, one) for one in claimed]
        upcoming = min((at for _, at in earliest if at > now), default=None)
        return Turn(tuple(claims), upcoming, now)

    def begin(self, registered: Registered, claimed: Claim) -> None:
        """Note that a lane is under way."""
        self.in_flight[registered.no] += 1
        self.breakers[registered.no].begins(claimed.lane)

    def end(self, registered: Registered, claimed: Claim) -> None:
        """Note that a lane is no longer under way."""
        self.in_flight[registered.no] -= 1
        self.breakers[registered.no].ended(claimed.lane)

    def lease_of(self, registered: Registered) -> float:
        """Return for how long a destination's lanes are claimed, in seconds."""
        return max(self.lease, 2 * registered.destination.timeout)

    def _room(self, registered: Registered | None, now: float) -> int:
        """How many more lanes may go, as far as is known before looking."""
        if registered is None:
            return 1
        if registered.destination.sink not in self.sinks:
            return 0
        free = registered.destination.concurrency - self.in_flight[registered.no]
        return self.breakers[registered.no].admits(free, now)
