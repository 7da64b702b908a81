"""One turn of one lane: deliver its events in sequence, and say what became of each."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping

import attrs

from fulfillment_sdk.relay.doubt import ALONE, COUNTED, ENDED, pause_after
from fulfillment_sdk.relay.outcome import Delivered, Outcome, Retry
from fulfillment_sdk.relay.policy import Again, Dead, Decision, Disable, Settle, schedule
from fulfillment_sdk.relay.tables.lanes import Claim, Place, Settlement, Tried
from fulfillment_sdk.relay.tables.load import Events
from fulfillment_sdk.relay.tables.registry import Registered
from fulfillment_sdk.relay.tables.tally import Tally
from fulfillment_sdk.relay.values import Attempt, AttemptOutcome, Delivery, Destination, Event

UNREADABLE_PAUSE = 60.0
NOT_LOADED_PAUSE = 0.1  # until a lane is claimed again whose head had no room in memory
BROKEN_OFF_PAUSE = 1.0
LONGEST_REMARK = 500  # characters


@attrs.define
class LaneRun:
    """Delivers what a claim holds, until it is through, must wait, or runs out of time.

    Args:
        claim: the lane.
        registered: where it goes, as that was when the turn began.
        events: what was loaded for it.
        deliver: one try; always ends in an outcome.
        may_go_on: asked before each delivery: time left on the lease, and nobody stopping us.
        clock: epoch seconds.
        random: uniform in [0, 1).
        turn_to_come: awaited before each delivery, where these are limited; returns the seconds
            after which it may be made, if that is not now.
        due_at: when the lane is to go on, if it is not at once.
    """

    claim: Claim
    registered: Registered
    events: Events
    deliver: Callable[[Delivery], Awaitable[Outcome]]
    may_go_on: Callable[[], bool]
    clock: Callable[[], float]
    random: Callable[[], float]
    turn_to_come: Callable[[], Awaitable[float]] | None = None
    due_at: float | None = None
    records: list[Attempt] = attrs.field(factory=list)
    _delivered: list[Place] = attrs.field(factory=list)
    _dead: list[tuple[Place, int, str]] = attrs.field(factory=list)
    _tried: list[Tried] = attrs.field(factory=list)
    _tries: int = attrs.field(init=False)
    _why: str = attrs.field(init=False)
    _tries_of: int | None = attrs.field(init=False)
    _lost: int = attrs.field(init=False)
    _refused: str | None = None
    _under_way: _Try | None = None

    def __attrs_post_init__(self) -> None:
        claim = self.claim
        self._tries, self._why, self._tries_of = claim.tries, claim.why, claim.tried
        self._lost = claim.lost

    async def run(self) -> None:
        """Deliver in sequence; `settlement()` then tells the result, also after a cancellation."""
        for place in self.claim.places:
            loaded = self.events.get(place[1])
            if loaded is None:
                break
            if not self.may_go_on():
                return
            if loaded.event is None:
                self._count(place[1], self._tries_before(place[1]), loaded.why)
                self.due_at = self.clock() + UNREADABLE_PAUSE
                self._lost = 0  # no sink was asked, and this process goes on
                return
            if self.claim.lost >= COUNTED:
                self._count_ended(place, loaded.event, loaded.accepted_at)
                return
            if self.turn_to_come is not None:
                if wait := await self.turn_to_come():
                    self.due_at = self.clock() + wait
                    return
                if not self.may_go_on():
                    return
            if not await self._one(place, loaded.event, loaded.accepted_at):
                return
        if not self._tried:
            # Nothing was done: at once it would be claimed again, and again.
            self.due_at = self.clock() + NOT_LOADED_PAUSE

    def break_off(self, why: str) -> None:
        """Count the try that is under way, if there is one, as failed; then wait."""
        self.due_at = self.clock() + BROKEN_OFF_PAUSE
        if self._under_way is not None:
            self._note(self._under_way, Retry(why))

    @property
    def destination(self) -> Destination:
        """Where the lane goes."""
        return self.registered.destination

    def tally(self) -> Tally:
        """Return what this turn says of its destination."""
        outcomes = [one.outcome == "delivered" for one in reversed(self.records)]
        failed = outcomes.index(True) if True in outcomes else len(outcomes)
        return Tally(self.registered, bool(self._delivered), failed, self._refused)

    def settlement(self) -> Settlement:
        """Return what is to be recorded of this turn."""
        return Settlement(
            claim=self.claim,
            delivered=tuple(self._delivered),
            dead=tuple(self._dead),
            tried=tuple(self._tried),
            due_at=self.due_at,
            tries=self._tries,
            why=self._why,
            tries_of=self._tries_of,
            lost=self._lost,
        )

    def _tries_before(self, number: int) -> int:
        """Return how often an event has failed: tries are of one event, and not of its lane."""
        return self._tries if self._tries_of in (None, number) else 0

    def _count(self, number: int, tries: int, why: str) -> None:
        self._tries, self._tries_of, self._why = tries, number, why

    def _forget(self, number: int) -> None:
        """Stop counting an event's tries; those of one behind it, tried earlier, are kept."""
        if self._tries_of in (None, number):
            self._tries, self._tries_of, self._why = 0, None, ""

    def _count_ended(self, place: Place, event: Event, accepted_at: float) -> None:
        """Count the try that was the last thing its process did as failed; then wait."""
        one = self._try(place, event, accepted_at)
        if not self._note(one, Retry(ENDED)) and self.due_at is not None:
            self._lost = ALONE
            self.due_at = max(self.due_at, self.clock() + pause_after(one.attempt))

    def _try(self, place: Place, event: Event, accepted_at: float) -> _Try:
        attempt = self._tries_before(place[1]) + 1
        return _Try(place, event, accepted_at, attempt, self.clock(), time.perf_counter())

    async def _one(self, place: Place, event: Event, accepted_at: float) -> bool:
        one = self._under_way = self._try(place, event, accepted_at)
        outcome = await self.deliver(
            Delivery(
                event=event,
                destination=self.destination.name,
                attempt=one.attempt,
                settings=self.registered.settings,
                accepted_at=accepted_at,
            )
        )
        return self._note(one, outcome)

    def _note(self, one: _Try, outcome: Outcome) -> bool:
        """Take in what became of a try; return whether its event is out of the way."""
        self._under_way, self._lost = None, 0
        seconds = time.perf_counter() - one.started
        decision = schedule(
            self.destination.policy, one.attempt, outcome, self.clock(), random=self.random()
        )
        why = storable(outcome.note if isinstance(outcome, Delivered) else outcome.why)
        number, word = one.place[1], _WORDS[type(decision)]
        if isinstance(decision, Settle):
            self._delivered.append(one.place)
            self._forget(number)
        elif isinstance(decision, Dead):
            self._dead.append((one.place, one.attempt, why))
            self._forget(number)
        else:
            self._count(number, one.attempt, why)
            if isinstance(decision, Again):
                self.due_at = decision.at
            else:
                self._refused = why
        self._tried.append(
            Tried(
                event=number,
                attempt=one.attempt,
                at=one.at,
                seconds=seconds,
                outcome=word,
                why=why,
            )
        )
        self.records.append(
            Attempt(
                destination=self.destination.name,
                sink=self.destination.sink,
                event_id=one.event.id,
                type=one.event.type,
                accepted_at=one.accepted_at,
                lane=one.event.lane,
                attempt=one.attempt,
                at=one.at,
                seconds=seconds,
                outcome=word,
                why=why,
            )
        )
        return word in ("delivered", "dead")


@attrs.frozen
class _Try:
    """A delivery that has begun, for the `attempt`-th time, at `at` (epoch seconds)."""

    place: Place
    event: Event
    accepted_at: float
    attempt: int
    at: float
    started: float


_WORDS: Mapping[type[Decision], AttemptOutcome] = {
    Settle: "delivered",
    Dead: "dead",
    Again: "retry",
    Disable: "disabled",
}


def storable(text: str) -> str:
    """Return a sink's remark as every database takes it: a settlement must not fail for it."""
    if text.isascii() and text.isprintable() and len(text) <= LONGEST_REMARK:
        return text
    return text[:LONGEST_REMARK].replace("\0", "").encode(errors="replace").decode()
