"""Taking in: lanes are claimed, their events loaded, and both put into the desks' queues."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.dispatching.crew import Crew
from fulfillment_sdk.relay.dispatching.desk import Held
from fulfillment_sdk.relay.dispatching.hands import Hands
from fulfillment_sdk.relay.dispatching.lease import Lease
from fulfillment_sdk.relay.dispatching.picker import EVENTS_PER_LANE, Picker
from fulfillment_sdk.relay.dispatching.turn import Plan, Turn
from fulfillment_sdk.relay.tables.lanes import Claim
from fulfillment_sdk.relay.tables.load import Events, load
from fulfillment_sdk.store import Store


@attrs.frozen
class Claimed:
    """What a turn claimed, in the order of its claims.

    Args:
        turn: with the claims as they were made.
        heads: the claims, with no more events than are worth having in memory.
        events: those of them that are loaded, by number.
    """

    turn: Turn
    heads: Sequence[Claim]
    events: Events


class Intake:
    """Brings lanes from the store to the crew.

    Args:
        store: where they are.
        picker: says which.
        hands: what this process holds.
        crew: delivers them.
        poll: seconds until a lane is tried again of which the events could not be loaded.
    """

    def __init__(
        self, store: Store, picker: Picker, hands: Hands, crew: Crew, *, poll: float
    ) -> None:
        self._store = store
        self._picker = picker
        self._hands = hands
        self._crew = crew
        self._poll = poll

    def claim(self, connection: sa.Connection, plan: Plan, budget: int) -> Claimed:
        """Claim lanes and load what is small of them, at once: a read wakes the loop once more."""
        turn = self._picker.pick(connection, plan)
        heads: list[Claim] = []
        for registered, claimed in turn.claims:
            desk = self._hands.desks.get(registered.no)
            head = claimed if desk is None else desk.head_of(claimed)
            if head.lost:  # what arrives before the process ends again must not be to blame
                head = attrs.evolve(head, places=head.places[:1])
            heads.append(head)
        sealer = self._store.sealer
        events = load(connection, sealer, heads, budget=budget, small_only=True)
        return Claimed(turn, heads, events)

    async def begin(self, claimed: Claimed, *, steady: float, wakes: int) -> None:
        """Load what is large, put all that was claimed into the queues, and have it delivered.

        Args:
            claimed: by a turn.
            steady: when that began; seconds since whenever.
            wakes: how often this process had been told to look by then.
        """
        turn, heads, events = claimed.turn, claimed.heads, claimed.events
        desks = {registered.no: self._hands.desk(registered) for registered, _ in turn.claims}
        failed = False
        try:
            if any(number not in events for head in heads for _, number in head.places):
                budget, failed = self._hands.budget, True
                events = await self._store.read(
                    lambda c: load(
                        c, self._store.sealer, heads, budget=budget, known=claimed.events
                    )
                )
                failed = False
        finally:
            for (registered, whole), head in zip(turn.claims, heads, strict=True):
                numbers = () if failed else [number for _, number in head.places]
                its = {number: events[number] for number in numbers if number in events}
                held = Held(
                    head,
                    Lease(steady, self._picker.lease_of(registered)),
                    its,
                    sum(one.size for one in its.values()),
                    may_hold_more=len(whole.places) > len(head.places)
                    or len(whole.places) >= EVENTS_PER_LANE,
                    wakes=wakes,
                )
                desk = desks[registered.no]
                self._hands.take(desk, held)
                if failed:
                    self._crew.hand_back(desk, held, due_at=self._picker.now() + self._poll)
        for desk in desks.values():
            self._crew.serve(desk)
