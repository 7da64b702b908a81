"""The crew: takes lanes from the desks' queues and delivers them, so many at once as is allowed."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Callable, Mapping

from fulfillment_sdk.relay.dispatching.desk import Desk, Held
from fulfillment_sdk.relay.dispatching.hands import Hands
from fulfillment_sdk.relay.dispatching.lane_run import LaneRun
from fulfillment_sdk.relay.dispatching.runner import NoDescriptor, call_sink
from fulfillment_sdk.relay.dispatching.settling import Done
from fulfillment_sdk.relay.outcome import Delivered, Outcome, Retry
from fulfillment_sdk.relay.tables.registry import Registered
from fulfillment_sdk.relay.tables.words import one_word
from fulfillment_sdk.relay.values import Delivery, Sink

log = logging.getLogger("fulfillment_sdk.relay")

SLICE_SECONDS = 0.001  # of deliveries on end; then others get their turn in the loop
NO_DESCRIPTOR_PAUSE = 2.0  # seconds; then some may have been closed
TOLD_EVERY = 60.0  # seconds between log lines about that
LONGEST_WAIT = 1.0  # seconds that a lane under way waits for its rate; for more it is put back


class Crew:
    """Works off the desks' queues: a worker is a task that ends when its queue is empty.

    Args:
        hands: the desks.
        sinks: kind -> sink.
        settle: takes each lane whose turn is over.
        clock: epoch seconds.
        random: uniform in [0, 1), for jitter.
    """

    def __init__(
        self,
        hands: Hands,
        sinks: Mapping[str, Sink],
        settle: Callable[[Done], None],
        *,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self._hands = hands
        self._sinks = sinks
        self._settle = settle
        self._clock = clock
        self._random = random
        self._tasks: set[asyncio.Task[None]] = set()
        self._leaving = False
        self._broken_off = False
        self._slice_ends = 0.0
        self._tell_again = 0.0

    def serve(self, desk: Desk) -> None:
        """See that a desk has workers for what it queues."""
        most = desk.at_once
        while desk.workers < most and desk.workers < len(desk.queue) + len(desk.under_way):
            desk.workers += 1
            task = asyncio.get_running_loop().create_task(self._work(desk))
            self._tasks.add(task)
            task.add_done_callback(functools.partial(self._ended, desk))

    def leave(self) -> None:
        """Begin nothing more: what is queued is handed back, what is under way ends."""
        self._leaving = True
        for desk in self._hands.desks.values():
            self.hand_back_all(desk)

    @property
    def size(self) -> int:
        """How many lanes are being delivered."""
        return len(self._tasks)

    def cancel(self) -> None:
        """Break off what is under way, having left."""
        self._broken_off = True
        for task in self._tasks:
            task.cancel()

    def hand_back(self, desk: Desk, held: Held, *, due_at: float | None = None) -> None:
        """Put a lane from a desk's queue back into the store, due at once or at `due_at`."""
        desk.queue.remove(held)
        self._end(desk, held, self._run(desk, held, due_at))

    def hand_back_all(self, desk: Desk) -> None:
        """Empty a desk's queue."""
        for held in list(desk.queue):
            self.hand_back(desk, held)

    def hand_back_late(self, desk: Desk) -> None:
        """Take from a desk's queue what may not be delivered any more."""
        steady = asyncio.get_running_loop().time()
        for held in list(desk.queue):
            if not desk.admits(held, steady):
                self.hand_back(desk, held)

    def _ended(self, desk: Desk, task: asyncio.Task[None]) -> None:
        """Replace a worker that somebody else cancelled: its queue must not wait for a claim."""
        self._tasks.discard(task)
        if not self._leaving:
            self.serve(desk)

    async def _work(self, desk: Desk) -> None:
        steady = asyncio.get_running_loop().time
        try:
            while len(desk.under_way) < desk.at_once:
                held = desk.begin()
                if held is None:
                    return
                run = self._run(desk, held)
                began = time.perf_counter()
                try:
                    if not self._leaving and desk.admits(held, steady()):
                        await self._see_through(desk, run)
                finally:
                    seconds = time.perf_counter() - began
                    desk.pace.ran(events=len(run.records), seconds=seconds, size=held.size)
                    self._end(desk, held, run)
                if steady() >= self._slice_ends:
                    await asyncio.sleep(0)  # others share this loop: a server's requests, say
                    self._slice_ends = steady() + SLICE_SECONDS
        finally:
            desk.workers -= 1

    async def _see_through(self, desk: Desk, run: LaneRun) -> None:
        try:
            await run.run()
        except NoDescriptor:
            # Nothing was tried: the lane waits as it is, and so does all else of this destination.
            run.due_at = self._clock() + NO_DESCRIPTOR_PAUSE
            steady = asyncio.get_running_loop().time()
            desk.refrain(steady + NO_DESCRIPTOR_PAUSE)
            if steady >= self._tell_again:
                self._tell_again = steady + TOLD_EVERY
                log.error(
                    "no file descriptor or thread is free, what finds none waits: raise the limit"
                )
        except BaseException as error:
            if self._leaving and isinstance(error, asyncio.CancelledError):
                log.info("lane handed back destination=%s", one_word(run.destination.name))
                raise
            # What was delivered must be settled, and what went wrong must not be tried at once.
            name = type(error).__name__
            log.error("lane of %s broken off by %s", one_word(run.destination.name), name)
            run.break_off(f"broken off by {name}")
            if not isinstance(error, Exception):
                raise

    def _end(self, desk: Desk, held: Held, run: LaneRun) -> None:
        self._hands.end(desk, held)
        self._settle(Done(run.tally(), held, run.settlement(), run.records))

    def _run(self, desk: Desk, held: Held, due_at: float | None = None) -> LaneRun:
        steady, registered = asyncio.get_running_loop().time, desk.registered

        def may_go_on() -> bool:
            now = steady()
            return not self._leaving and held.lease.allows(now) and desk.serves(registered, now)

        return LaneRun(
            claim=held.claim,
            registered=registered,
            events=held.events,
            deliver=functools.partial(self._deliver, desk, registered, held),
            may_go_on=may_go_on,
            clock=self._clock,
            random=self._random,
            due_at=due_at,
            turn_to_come=None if desk.bucket is None else functools.partial(_turn, desk),
        )

    async def _deliver(
        self, desk: Desk, registered: Registered, held: Held, delivery: Delivery
    ) -> Outcome:
        destination = registered.destination
        sink = self._sinks[destination.sink]
        began = time.perf_counter()
        outcome = await call_sink(
            sink,
            delivery,
            seconds=destination.timeout,
            threads=desk.threads,
            is_over=lambda: self._broken_off,
        )
        seconds = time.perf_counter() - began
        if desk.came_back(failed=isinstance(outcome, Retry), seconds=seconds):
            self.serve(desk)  # what was queued while nothing came back
        # What is refused says something about the event, not about the destination.
        if isinstance(outcome, Retry):
            desk.breaker.failed(held.claim.lane, destination.policy, self._clock())
        elif isinstance(outcome, Delivered):
            desk.breaker.succeeded()
        elif outcome.disable and desk.registered.version == registered.version:
            desk.refused(held)
        return outcome


async def _turn(desk: Desk) -> float:
    """Wait for the destination's rate, if that is short; else return the seconds to wait."""
    bucket, steady = desk.bucket, asyncio.get_running_loop().time()
    if bucket is None:
        return 0.0
    wait = bucket.wait(steady)
    if wait > LONGEST_WAIT:
        return wait
    bucket.take(steady)
    if wait > 0:
        await asyncio.sleep(wait)
    return 0.0
