"""One turn of one lane: deliver its events in sequence, and say what became of each."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import attrs

from fulfillment_sdk.relay.lanes import Claim, Place, Settlement, Tried
from fulfillment_sdk.relay.load import Events
from fulfillment_sdk.relay.outcome import Delivered, Outcome
from fulfillment_sdk.relay.policy import Again, Dead, Settle, schedule
from fulfillment_sdk.relay.values import Attempt, AttemptOutcome, Delivery, Destination, Event

UNREADABLE = "its stored bytes can't be opened: look for the storage key"
UNREADABLE_PAUSE = 60.0


@attrs.define
class LaneRun:
    """Delivers what a claim holds, until it is through, must wait, or runs out of time.

    Args:
        claim: the lane.
        destination: where it goes.
        events: what was loaded for it.
        deliver: one try; always ends in an outcome.
        may_go_on: asked before each delivery: time left on the lease, and nobody stopping us.
        clock: epoch seconds.
        random: uniform in [0, 1).
    """

    claim: Claim
    destination: Destination
    events: Events
    deliver: Callable[[Delivery], Awaitable[Outcome]]
    may_go_on: Callable[[], bool]
    clock: Callable[[], float]
    random: Callable[[], float]
    records: list[Attempt] = attrs.field(factory=list)
    _delivered: list[Place] = attrs.field(factory=list)
    _dead: list[tuple[Place, int, str]] = attrs.field(factory=list)
    _tried: list[Tried] = attrs.field(factory=list)
    _tries: int = attrs.field(init=False)
    _why: str = attrs.field(init=False)
    _due_at: float | None = None
    _disable: str | None = None

    def __attrs_post_init__(self) -> None:
        self._tries, self._why = self.claim.tries, self.claim.why

    async def run(self) -> None:
        """Deliver in sequence; `settlement()` then tells the result, also after a cancellation."""
        for place in self.claim.places:
            loaded = self.events.get(place[1])
            if loaded is None or not self.may_go_on():
                return
            if loaded.event is None:
                self._why, self._due_at = UNREADABLE, self.clock() + UNREADABLE_PAUSE
                return
            if not await self._one(place, loaded.event, loaded.accepted_at):
                return

    @property
    def delivered(self) -> bool:
        """Whether anything arrived."""
        return bool(self._delivered)

    @property
    def failures_since(self) -> int:
        """How many tries failed after the last one that did not."""
        outcomes = [one.outcome == "delivered" for one in reversed(self.records)]
        return outcomes.index(True) if True in outcomes else len(outcomes)

    def settlement(self) -> Settlement:
        """Return what is to be recorded of this turn."""
        return Settlement(
            claim=self.claim,
            delivered=tuple(self._delivered),
            dead=tuple(self._dead),
            tried=tuple(self._tried),
            due_at=self._due_at,
            tries=self._tries,
            why=self._why,
            disable=self._disable,
        )

    async def _one(self, place: Place, event: Event, accepted_at: float) -> bool:
        attempt = self._tries + 1
        at, started = self.clock(), time.perf_counter()
        outcome = await self.deliver(
            Delivery(
                event=event,
                destination=self.destination.name,
                attempt=attempt,
                settings=self.destination.settings,
                accepted_at=accepted_at,
            )
        )
        seconds = time.perf_counter() - started
        word: AttemptOutcome
        decision = schedule(
            self.destination.policy, attempt, outcome, self.clock(), random=self.random()
        )
        if isinstance(decision, Settle):
            word, why = "delivered", outcome.note if isinstance(outcome, Delivered) else ""
            self._delivered.append(place)
            self._tries, self._why = 0, ""
        elif isinstance(decision, Dead):
            word, why = "dead", decision.why
            self._dead.append((place, attempt, why))
            self._tries, self._why = 0, ""
        elif isinstance(decision, Again):
            word, why = "retry", decision.why
            self._tries, self._why, self._due_at = attempt, why, decision.at
        else:
            word, why = "disabled", decision.why
            self._tries, self._why, self._disable = attempt, why, why
        self._tried.append(
            Tried(event=place[1], attempt=attempt, at=at, seconds=seconds, outcome=word, why=why)
        )
        self.records.append(
            Attempt(
                destination=self.destination.name,
                event_id=event.id,
                lane=event.lane,
                attempt=attempt,
                at=at,
                seconds=seconds,
                outcome=word,
                why=why,
            )
        )
        return word in ("delivered", "dead")
