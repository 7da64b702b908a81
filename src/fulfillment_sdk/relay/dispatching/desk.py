"""What this process knows and holds of one destination."""

from __future__ import annotations

import logging
from collections import deque

import attrs

from fulfillment_sdk.relay.dispatching.breaker import Breaker
from fulfillment_sdk.relay.dispatching.lease import Lease
from fulfillment_sdk.relay.dispatching.pace import AHEAD_SECONDS, Pace
from fulfillment_sdk.relay.dispatching.rate import Bucket
from fulfillment_sdk.relay.dispatching.runner import DaemonThreads
from fulfillment_sdk.relay.tables.lanes import Claim
from fulfillment_sdk.relay.tables.load import Events
from fulfillment_sdk.relay.tables.registry import Registered
from fulfillment_sdk.relay.tables.words import one_word

SILENT_LANES = 128
"""What all destinations may have under way together from which nothing came back lately."""

SILENT_SECONDS = 5.0  # a failed try that took so long, or half of its time limit, is a silence
UNUSABLE_PAUSE = 60.0  # seconds until something is tried again that could not be worked out

log = logging.getLogger("fulfillment_sdk.relay")


@attrs.frozen(eq=False)
class Held:
    """A claimed lane in memory.

    Args:
        claim: the lane.
        lease: for how long it is ours.
        events: those of its events that were loaded.
        size: their bytes.
        may_hold_more: whether the lane may hold events beside those of the claim.
        wakes: how often this process had been told to look when it was claimed.
        since: when it was claimed; seconds since whenever.
    """

    claim: Claim
    lease: Lease
    events: Events
    size: int
    may_hold_more: bool = False
    wakes: int = 0
    since: float = attrs.field(default=attrs.Factory(lambda self: self.lease.begun, True))


@attrs.define(eq=False)
class Desk:
    """A destination's queue of claimed lanes, those under way, and what its answers taught us.

    Args:
        registered: the destination as it was last read.
        silent: the desks with something in hand from whose destinations nothing came back lately.
    """

    registered: Registered
    silent: set[Desk] = attrs.field(factory=set, repr=False)
    breaker: Breaker = attrs.field(factory=Breaker)
    pace: Pace = attrs.field(factory=Pace)
    bucket: Bucket | None = None
    queue: deque[Held] = attrs.field(factory=deque)
    under_way: set[Held] = attrs.field(factory=set)
    workers: int = 0
    held_bytes: int = 0
    _answers: bool | None = None  # not known yet
    _paused_until: float = 0.0
    _threads: DaemonThreads | None = None

    def __attrs_post_init__(self) -> None:
        self._go_on_with(self.registered)

    @property
    def is_empty(self) -> bool:
        """Whether no lane of it is in hand."""
        return not self.queue and not self.under_way

    @property
    def at_once(self) -> int:
        """How many lanes may be under way: the silent share what they could all keep for long."""
        most = self.registered.destination.concurrency
        if self._answers:
            return most
        others = len(self.silent) - (self in self.silent)
        return min(most, max(1, SILENT_LANES // (1 + others)))

    def came_back(self, *, failed: bool, seconds: float) -> bool:
        """Note how a try ended; tell whether this shows that the destination answers again."""
        limit = min(SILENT_SECONDS, self.registered.destination.timeout / 2)
        answered = self._answers
        self._answers = answers = not (failed and seconds >= limit)
        self._mind_silence()
        return answers and not answered

    def _mind_silence(self) -> None:
        if self._answers or self.is_empty:
            self.silent.discard(self)
        else:
            self.silent.add(self)

    @property
    def threads(self) -> DaemonThreads:
        """The threads of its sink, made when the first call needs one."""
        if self._threads is None:
            its = self.registered.destination
            self._threads = DaemonThreads(its.concurrency, f"sink-{its.name}")
        return self._threads

    def is_paused(self, steady: float) -> bool:
        """Whether it was told lately that nothing more is wanted, and nobody changed it since."""
        return steady < self._paused_until

    def update(self, registered: Registered) -> None:
        """Go on with the destination as somebody changed it; what is older is known already."""
        if registered.version > self.registered.version:
            self._go_on_with(registered)

    def _go_on_with(self, registered: Registered) -> None:
        self.registered = registered
        self._paused_until = 0.0
        its = registered.destination
        if its.rate is None:
            self.bucket = None
        elif self.bucket is None:
            self.bucket = Bucket(its.rate)
        else:
            self.bucket.rate = its.rate
        if self._threads is not None:
            self._threads.most = its.concurrency

    def room(self, now: float, steady: float, *, budget: int) -> int:
        """Return how many more lanes to claim.

        A queue is filled up when it is half empty: a claim costs the same for one lane or many.

        Args:
            now: epoch seconds.
            steady: seconds since whenever, never going back.
            budget: bytes that it may hold.
        """
        if self.is_paused(steady):
            return 0
        try:
            return self._room(now, steady, budget)
        except (ArithmeticError, ValueError) as error:  # of settings that nobody thought of
            name, why = one_word(self.registered.destination.name), type(error).__name__
            log.error("no room can be worked out destination=%s why=%s", name, why)
            self.refrain(steady + UNUSABLE_PAUSE)
            return 0

    def _room(self, now: float, steady: float, budget: int) -> int:
        concurrency = self.at_once
        # One that fell silent may have been quick before.
        ahead = 0 if self._answers is False else self.pace.lanes_ahead(concurrency)
        if len(self.queue) > ahead // 2 or self.held_bytes >= budget:
            return 0
        free = concurrency + ahead - len(self.under_way) - len(self.queue)
        free = min(free, self.pace.lanes_within(budget - self.held_bytes))
        if self.bucket is not None:
            tokens = self.bucket.within(AHEAD_SECONDS, steady)
            free = min(free, tokens - len(self.queue) - len(self.under_way))
        return self.breaker.admits(free, now) if free > 0 else 0

    def free_in(self, now: float, steady: float) -> float | None:
        """Return the seconds until there is room by the passing of time alone, if so."""
        if self.is_paused(steady):
            return self._paused_until - steady
        if self.breaker.is_open:
            return max(0.0, self.breaker.probe_at - now) if self.breaker.probe is None else None
        if self.bucket is not None and self.is_empty:
            return max(0.0, self.bucket.wait(steady) - AHEAD_SECONDS)
        return None

    def head_of(self, claimed: Claim) -> Claim:
        """Return a claim with no more of its lane's events than are worth having in memory."""
        most = self.pace.events_ahead(len(claimed.places))
        short = len(claimed.places) <= most
        return claimed if short else attrs.evolve(claimed, places=claimed.places[:most])

    def take(self, held: Held) -> None:
        """Queue a claimed lane; of an open breaker, it is the probe."""
        self.queue.append(held)
        self.held_bytes += held.size
        self._mind_silence()
        self.breaker.begins(held.claim.lane)

    def begin(self) -> Held | None:
        """Take the next lane from the queue; it is then under way."""
        if not self.queue:
            return None
        held = self.queue.popleft()
        self.under_way.add(held)
        return held

    def end(self, held: Held) -> None:
        """Note that a lane that was begun is no longer under way."""
        self.under_way.discard(held)
        self.held_bytes -= held.size
        self._mind_silence()
        self.breaker.ended(held.claim.lane)

    def admits(self, held: Held, steady: float) -> bool:
        """Tell whether a lane from the queue may still be delivered."""
        if self.breaker.is_open and self.breaker.probe != held.claim.lane:
            return False  # it opened while the lane was waiting
        return self.serves(self.registered, steady) and held.lease.allows(steady)

    def serves(self, registered: Registered, steady: float) -> bool:
        """Tell whether a destination still is what it was when a lane of it was begun."""
        return (
            self.registered.version == registered.version
            and self.registered.destination.enabled
            and not self.is_paused(steady)
        )

    def refused(self, held: Held) -> None:
        """Begin nothing more for now: a lane was told that nothing more is wanted here.

        By the time that lane's lease is over this is recorded, and the destination disabled; or
        it could not be, and another delivery has to ask again.
        """
        self.refrain(held.lease.until)

    def refrain(self, until: float) -> None:
        """Begin nothing more before `until` (seconds since whenever), unless it is changed."""
        self._paused_until = until

    def disable(self, registered: Registered | None = None) -> bool:
        """Deliver nothing of what is queued; False if that was known already.

        Args:
            registered: the destination as it is since then; None if it is gone.
        """
        its = self.registered.destination
        if registered is not None:
            self.update(registered)
        elif its.enabled:
            disabled = attrs.evolve(its, enabled=False)
            self.registered = attrs.evolve(self.registered, destination=disabled)
        return its.enabled

    def close(self) -> None:
        """Let its threads end."""
        if self._threads is not None:
            self._threads.close()
