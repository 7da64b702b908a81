"""The dispatcher: an asyncio task that claims due lanes, runs them, and settles them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import random as random_numbers
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError, StoreUnavailable
from fulfillment_sdk.relay import registry
from fulfillment_sdk.relay.drift import Drift
from fulfillment_sdk.relay.lane_run import LaneRun
from fulfillment_sdk.relay.lanes import Claim, Settlement, end_leases, settle
from fulfillment_sdk.relay.load import Events, load
from fulfillment_sdk.relay.outcome import Delivered, Outcome, Retry
from fulfillment_sdk.relay.picker import Picker
from fulfillment_sdk.relay.registry import Registered
from fulfillment_sdk.relay.runner import DaemonThreads, call_sink
from fulfillment_sdk.relay.values import Delivery, Sink
from fulfillment_sdk.relay.watch import Watch
from fulfillment_sdk.store import Store

T = TypeVar("T")

log = logging.getLogger("fulfillment_sdk.relay")

SHARE_OF_LEASE = 0.8  # no delivery begins later in a lease than this
BUDGET_BYTES = 32 * 1024 * 1024  # of events in memory: completions are large


class Dispatcher:
    """Passes on what is pending in `store`, as long as `run` runs.

    Args:
        store: where the relay's tables are.
        sinks: kind -> sink; a destination of another kind waits.
        random: uniform in [0, 1), for jitter.
        monotonic: seconds since whenever, to notice a clock that was set; None to trust it.
        watch: told of what was recorded.
        poll: seconds between looks where nothing woke us; the safety net.
        lease: seconds for which a claimed lane is ours, at least twice the time limit of its sink.
    """

    def __init__(
        self,
        store: Store,
        sinks: Mapping[str, Sink],
        *,
        random: Callable[[], float] = random_numbers.random,
        monotonic: Callable[[], float] | None = None,
        watch: Watch | None = None,
        poll: float = 1.0,
        lease: float = 60.0,
    ) -> None:
        self._store = store
        self._sinks = sinks
        self._picker = Picker(store, sinks, lease, Drift(store.clock, monotonic))
        self._random = random
        self._watch = watch or Watch()
        self._poll = poll
        self._held_bytes = 0
        self._threads: dict[int, DaemonThreads] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._ended = asyncio.Event()
        self._stopping = False

    @property
    def is_running(self) -> bool:
        """Whether `run` has begun and not ended."""
        return self._loop is not None and not self._ended.is_set()

    def wake(self) -> None:
        """Look for due lanes now; may be called from any thread."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop was closed at this moment
                loop.call_soon_threadsafe(self._wake.set)

    async def run(self, *, alone: bool = False) -> None:
        """Dispatch until `stop` is called.

        Args:
            alone: no other dispatcher works on this store: what an earlier one had claimed when
                it died goes out at once, and a clock that was set is made up for.
        """
        self._loop = asyncio.get_running_loop()
        self._picker.alone = alone
        fresh = alone
        try:
            while not self._stopping:
                self._wake.clear()
                try:
                    if fresh:
                        await self._store.write(lambda c: end_leases(c, self._store.now(c)))
                        fresh = False
                    pause = await self.turn()
                except StoreError as error:
                    log.error("dispatcher waits for its store: %s", error.message)
                    pause = self._poll
                except Exception as error:  # noqa: BLE001  a dispatcher that ends delivers nothing
                    log.error("dispatcher goes on after %s", type(error).__name__)
                    pause = self._poll
                if pause > 0:
                    await self._sleep(pause)
        finally:
            self._ended.set()

    async def turn(self) -> float:
        """Claim and start what is due; return the seconds until there may be more."""
        if self._held_bytes >= BUDGET_BYTES:
            return self._poll  # a lane that ends wakes us
        turn = await self._store.write(self._picker.pick)
        if not turn.claims:
            wait = self._poll if turn.next_due is None else turn.next_due - turn.now
            return min(wait, self._poll)
        claims = [claimed for _, claimed in turn.claims]
        started = asyncio.get_running_loop().time()
        budget = BUDGET_BYTES - self._held_bytes
        try:
            events = await self._store.read(
                lambda c: load(c, self._store.sealer, claims, budget=budget)
            )
        except Exception:
            await self._hand_back(claims, turn.now + self._poll)
            raise
        for registered, claimed in turn.claims:
            self._picker.begin(registered, claimed)
            deadline = started + SHARE_OF_LEASE * self._picker.lease_of(registered)
            task = asyncio.create_task(self._lane(registered, claimed, events, deadline))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return 0.0

    async def stop(self, *, grace: float = 5.0) -> None:
        """Begin nothing new, give what is under way `grace` seconds, and hand the rest back."""
        self._stopping = True
        self._wake.set()
        if self.is_running:
            # A turn in the middle has claimed lanes: it must get to the point of giving them back.
            await self._ended.wait()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace)
            for task in late:
                task.cancel()
            if late:
                _, stuck = await asyncio.wait(late, timeout=grace)
                if stuck:
                    log.error("%d deliveries do not end, their lanes come back later", len(stuck))
        for threads in self._threads.values():
            threads.close()

    async def idle(self) -> None:
        """Wait until no lane is under way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _hand_back(self, claims: Sequence[Claim], due_at: float) -> None:
        back = [
            Settlement(claim=one, due_at=due_at, tries=one.tries, why=one.why) for one in claims
        ]
        await self._store.write(lambda c: [settle(c, one, now=self._store.now(c)) for one in back])

    async def _lane(
        self, registered: Registered, claimed: Claim, events: Events, deadline: float
    ) -> None:
        destination = registered.destination
        loop = asyncio.get_running_loop()
        size = sum(events[number].size for _, number in claimed.places if number in events)
        self._held_bytes += size
        run = LaneRun(
            claim=claimed,
            destination=destination,
            events=events,
            deliver=functools.partial(self._deliver, registered, claimed.lane),
            may_go_on=lambda: not self._stopping and loop.time() < deadline,
            clock=self._store.clock,
            random=self._random,
        )
        try:
            try:
                await run.run()
            except asyncio.CancelledError:
                log.info("lane handed back destination=%s", destination.name)
            await self._settle(registered, run, deadline)
        finally:
            self._held_bytes -= size
            self._picker.end(registered, claimed)
            self._wake.set()

    async def _deliver(self, registered: Registered, lane: int, delivery: Delivery) -> Outcome:
        destination = registered.destination
        threads = self._threads.setdefault(
            registered.no, DaemonThreads(destination.concurrency, f"sink-{destination.name}")
        )
        outcome = await call_sink(
            self._sinks[destination.sink], delivery, seconds=destination.timeout, threads=threads
        )
        breaker = self._picker.breakers[registered.no]
        # What is refused says something about the event, not about the destination.
        if isinstance(outcome, Retry):
            breaker.failed(lane, destination.policy, self._store.clock())
        elif isinstance(outcome, Delivered):
            breaker.succeeded()
        return outcome

    async def _settle(self, registered: Registered, run: LaneRun, deadline: float) -> None:
        settlement = run.settlement()

        def work(connection: sa.Connection) -> tuple[bool, str | None]:
            now = self._store.now(connection)
            if not settle(connection, settlement, now=now):
                return False, None
            why = registry.tally(
                connection,
                registered,
                delivered=run.delivered,
                failed=run.failures_since,
                now=now,
            )
            return True, settlement.disable or why

        try:
            kept, disabled = await self._insist(work, deadline)
        except StoreError as error:
            # The lease runs out by itself, and the lane's unsettled events go out again.
            log.error("settlement lost, lane comes back later: %s", error.message)
            return
        if not kept:
            log.warning("lease lost destination=%s", run.destination.name)
            return
        self._watch.settled(run.records)
        if disabled is not None:
            self._watch.disabled(run.destination.name, disabled)

    async def _insist(self, work: Callable[[sa.Connection], T], deadline: float) -> T:
        """Write; where the store can't be used just now, again until the lease is nearly over.

        A settlement given up at once would hold up its lane for a whole lease, and send again what
        has arrived.
        """
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await self._store.write(work)
            except StoreUnavailable as error:
                if loop.time() >= deadline:
                    raise
                log.warning("a settlement waits for its store: %s", error.message)
            await asyncio.sleep(self._poll)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
