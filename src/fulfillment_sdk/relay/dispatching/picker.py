"""Picking what to do next: due lanes of destinations that have room, the longest due first."""

from __future__ import annotations

import itertools
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa

from fulfillment_sdk.relay.dispatching.desk import Desk
from fulfillment_sdk.relay.dispatching.drift import Drift
from fulfillment_sdk.relay.dispatching.hands import Hands
from fulfillment_sdk.relay.dispatching.lookout import Lookout, due_of
from fulfillment_sdk.relay.dispatching.turn import Plan, Turn
from fulfillment_sdk.relay.doubt import Doubted, closed, next_alone
from fulfillment_sdk.relay.tables import registry
from fulfillment_sdk.relay.tables.alone import claim_alone, in_doubt
from fulfillment_sdk.relay.tables.claim import claim
from fulfillment_sdk.relay.tables.lanes import Claim, Wanted, earliest_due, next_due, shift
from fulfillment_sdk.relay.tables.parked import MOST as MOST_PARKED
from fulfillment_sdk.relay.tables.parked import bring_nearer
from fulfillment_sdk.relay.tables.registry import Registered
from fulfillment_sdk.relay.values import Sink
from fulfillment_sdk.store import Store

log = logging.getLogger("fulfillment_sdk.relay")

EVENTS_PER_LANE = 20  # a killed worker repeats at most so many of a lane
LANES_PER_TURN = 200
DESTINATIONS_PER_TURN = 200
TIMEOUTS_PER_LEASE = 1.5  # a third of a lease may be over when a delivery begins
SWEEP_SECONDS = 60.0  # between looks for destinations that are gone, and lanes put off


class Picker:
    """Claims what may go beside what is under way.

    `plan`, `learn` and `pause` belong to the dispatcher's loop, `pick` to a transaction.

    Args:
        store: where the lanes are.
        sinks: kind -> sink; a destination of another kind waits.
        hands: what this process holds.
        lease: seconds for which a claimed lane is ours; longer where a sink may take longer.
        poll: seconds after which the store is asked for lanes, however much is known.
        monotonic: seconds since whenever, to notice a clock that was set; None to trust it.
    """

    def __init__(
        self,
        store: Store,
        sinks: Mapping[str, Sink],
        hands: Hands,
        *,
        lease: float,
        poll: float,
        monotonic: Callable[[], float] | None = None,
    ) -> None:
        self._store = store
        self._sinks = sinks
        self._hands = hands
        self._lease = lease
        self._drift = Drift(store.clock, monotonic)
        self._lookout = Lookout(every=poll)
        self._doubted: Sequence[Doubted] = ()
        self._next_sweep = 0.0
        self._skew = 0.0  # of the clock that leases go by, against this process's
        self.alone = False

    def now(self) -> float:
        """Return epoch seconds, by the clock that leases go by."""
        return self._store.clock() + self._skew

    def lease_of(self, registered: Registered) -> float:
        """Return for how long a destination's lanes are claimed, in seconds.

        One delivery ends within the lease that was renewed last, even if no other renewal works.
        """
        return max(self._lease, TIMEOUTS_PER_LEASE * registered.destination.timeout)

    def expect(self, no: int, at: float | None) -> None:
        """Note that a lane was put back, due at `at` (epoch seconds), or at once."""
        self._lookout.expect(no, self.now() if at is None else at)

    def plan(self, steady: float, *, look: bool) -> Plan | None:
        """Say what the next turn is to do; None if it had nothing to do.

        Args:
            steady: seconds since whenever.
            look: whether others than those that are known may have lanes due. They may anyhow when
                the last look was too long ago.
        """
        now = self.now()
        roomy = (no for no in self._lookout.due(now) if self._room(no, now, steady) > 0)
        due = list(itertools.islice(roomy, DESTINATIONS_PER_TURN))
        jump = self._drift.jump() if self.alone else 0.0
        look = (look or self._lookout.is_stale(steady)) and self._lookout.may_look(steady)
        if not (due or jump or look):
            return None
        idle: Sequence[int] = ()
        sweep = steady >= self._next_sweep
        if sweep:
            self._next_sweep = steady + SWEEP_SECONDS
            idle = self._hands.idle()
        held = [
            no
            for no, desk in self._hands.desks.items()
            if look and (desk.is_paused(steady) or not desk.is_empty)
        ]
        doubting, waits = self._hands.doubting(steady)
        return Plan(due, look, idle, held, jump, steady, sweep, doubting, waits)

    def pick(self, connection: sa.Connection, plan: Plan) -> Turn:
        """Claim due lanes, within the limits of a turn and of each destination."""
        now = self._store.now(connection)
        if plan.jump:
            log.warning("the clock was set by %.0f s: what waits is moved along", plan.jump)
            shift(connection, plan.jump, now=now)
        parked = bring_nearer(connection, now=now) if plan.sweep else 0
        if parked:
            log.warning("%d lanes were due later than any retry, by a clock that was wrong", parked)
        due, found, began = plan.due, None, time.monotonic()
        if plan.look:
            found = dict(earliest_due(connection, list(self._sinks)))
            roomy = (no for no in due_of(found, now) if self._room(no, now, plan.steady) > 0)
            due = list(itertools.islice(roomy, DESTINATIONS_PER_TURN))
        took = time.monotonic() - began
        desks = self._hands.desks
        known = {no: desks[no].registered for no in (*due, *plan.idle, *plan.held) if no in desks}
        doubted = in_doubt(connection) if plan.look else self._doubted
        numbers = list(dict.fromkeys((*due, *plan.idle, *plan.held, *(one.no for one in doubted))))
        read = registry.by_number(connection, self._store.sealer, numbers, known)
        shut = closed(doubted)
        able = [no for no in due if no in read and no not in shut and self._takes(read[no])]
        wanted = self._wanted([read[no] for no in able], now, plan.steady)
        claims = claim(connection, wanted, now=now, events_per_lane=EVENTS_PER_LANE)
        brought = Counter(one.destination_no for one in claims)
        short = [one.no for one in wanted if brought[one.no] < one.most]
        if doubted and plan.look and not plan.waits:
            claims += self._alone(connection, doubted, read, now, plan)
        return Turn(
            claims=[(read[one.destination_no], one) for one in claims],
            now=now,
            found=found,
            took=took,
            exhausted=[*short, *(no for no in due if no not in able)],
            later=next_due(connection, short, now=now),
            gone=[no for no in (*plan.idle, *plan.held) if no not in read],
            changed=[read[no] for no in plan.held if no in read and read[no] is not known.get(no)],
            sweeps_on=parked >= MOST_PARKED,
            doubted=doubted,
        )

    def learn(self, plan: Plan, turn: Turn, steady: float) -> None:
        """Take in what a turn showed."""
        self._skew = turn.now - self._store.clock()
        if len(turn.doubted) > len(self._doubted):
            log.error(
                "%d cases go one after the other: what delivered them ended again and again",
                len(turn.doubted),
            )
        self._doubted = turn.doubted
        if turn.sweeps_on:
            self._next_sweep = steady
        if plan.jump:
            self._drift.made_up_for(plan.jump)
            self._lookout.shift(plan.jump)
            for desk in self._hands.desks.values():
                desk.breaker.shift(plan.jump)
        self._lookout.learn(
            found=turn.found,
            took=turn.took,
            exhausted=turn.exhausted,
            later=turn.later,
            steady=steady,
        )
        for registered in turn.changed:
            self._hands.desks[registered.no].update(registered)
        idle = set(self._hands.idle())
        for no in turn.gone:
            if no not in idle:
                self._hands.desks[no].disable()  # what is in hand of it goes nowhere
        self._hands.forget([no for no in turn.gone if no in idle])

    def pause(self, steady: float, *, look: bool) -> float:
        """Return the seconds until the passing of time alone may bring something.

        Args:
            steady: seconds since whenever.
            look: whether a look is still to be taken, as soon as it is affordable.
        """
        now = self.now()
        waits = [max(0.0, self._lookout.next_look(wanted=look) - steady)]
        upcoming = self._lookout.next_due(now)
        if upcoming is not None:
            waits.append(upcoming - now)
        for no in self._lookout.due(now):
            if self._room(no, now, steady) > 0:
                return 0.0
            wait = self._hands.desks[no].free_in(now, steady)
            if wait is not None:
                waits.append(wait)
        return min(waits)

    def _wanted(
        self, destinations: Sequence[Registered], now: float, steady: float
    ) -> list[Wanted]:
        """Share a turn's lanes out: one with a long backlog leaves room for those behind it."""
        wanted: list[Wanted] = []
        left = LANES_PER_TURN
        for others, registered in zip(range(len(destinations), 0, -1), destinations, strict=True):
            most = min(self._room(registered.no, now, steady, registered), max(1, left // others))
            if most > 0 and left > 0:
                wanted.append(Wanted(registered.no, most, self.lease_of(registered)))
                left -= most
        return wanted

    def _alone(
        self,
        connection: sa.Connection,
        doubted: Sequence[Doubted],
        read: Mapping[int, Registered],
        now: float,
        plan: Plan,
    ) -> list[Claim]:
        """Claim a lane in doubt, if one may go."""
        its = [read[no] for no in {one.no for one in doubted} - plan.doubting if no in read]
        steady, beside = plan.steady, bool(plan.doubting)
        able = [one.no for one in its if self._takes(one) and self._room(one.no, now, steady, one)]
        if (one := next_alone(doubted, now, able, beside=beside)) is None:
            return []
        lease = self.lease_of(read[one.no])
        return claim_alone(connection, one, now, lease, EVENTS_PER_LANE, beside=beside)

    def _takes(self, registered: Registered) -> bool:
        return registered.destination.enabled and registered.destination.sink in self._sinks

    def _room(
        self, no: int, now: float, steady: float, registered: Registered | None = None
    ) -> int:
        """How many more lanes may go; 1 where that is not known before it is read."""
        desk = self._hands.desks.get(no)
        if desk is None:
            if registered is None:
                return 1
            desk = Desk(registered)
        return desk.room(now, steady, budget=self._hands.share)
