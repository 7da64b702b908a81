"""The dispatcher: an asyncio task that claims due lanes, runs them, and settles them."""

from __future__ import annotations

import asyncio
import functools
import logging
import random as random_numbers
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

import attrs
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay import registry
from fulfillment_sdk.relay.breaker import Breaker
from fulfillment_sdk.relay.lane_run import LaneRun
from fulfillment_sdk.relay.lanes import Claim, claim, due_destinations, next_due, settle
from fulfillment_sdk.relay.load import Events, load
from fulfillment_sdk.relay.outcome import Delivered, Outcome, Retry
from fulfillment_sdk.relay.registry import Registered
from fulfillment_sdk.relay.runner import DaemonThreads, call_sink
from fulfillment_sdk.relay.values import Delivery, Sink
from fulfillment_sdk.relay.watch import Watch
from fulfillment_sdk.store import Store

log = logging.getLogger("fulfillment_sdk.relay")

EVENTS_PER_LANE = 20  # a killed worker repeats at most so many of a lane
SHARE_OF_LEASE = 0.8  # no delivery begins later in a lease than this


@attrs.frozen
class _Turn:
    claims: tuple[tuple[Registered, Claim], ...] = ()
    next_due: float | None = None
    now: float = 0.0


class Dispatcher:
    """Passes on what is pending in `store`, as long as `run` runs.

    Args:
        store: where the relay's tables are.
        sinks: kind -> sink; a destination of another kind waits.
        random: uniform in [0, 1), for jitter.
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
        watch: Watch | None = None,
        poll: float = 1.0,
        lease: float = 60.0,
    ) -> None:
        self._store = store
        self._sinks = sinks
        self._random = random
        self._watch = watch or Watch()
        self._poll = poll
        self._lease = lease
        self._in_flight: Counter[int] = Counter()
        self._breakers: defaultdict[int, Breaker] = defaultdict(Breaker)
        self._threads: dict[int, DaemonThreads] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Look for due lanes now; may be called from any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> None:
        """Dispatch until `stop` is called."""
        self._loop = asyncio.get_running_loop()
        while not self._stopping:
            self._wake.clear()
            try:
                pause = await self.turn()
            except StoreError as error:
                log.error("dispatcher waits for its store: %s", error.message)
                pause = self._poll
            except Exception as error:  # noqa: BLE001  a dispatcher that ends delivers nothing
                log.error("dispatcher goes on after %s", type(error).__name__)
                pause = self._poll
            if pause > 0:
                await self._sleep(pause)

    async def turn(self) -> float:
        """Claim and start what is due; return the seconds until there may be more."""
        turn = await self._store.write(self._claim_due)
        if not turn.claims:
            wait = self._poll if turn.next_due is None else turn.next_due - turn.now
            return min(wait, self._poll) if wait > 0 else self._poll
        claims = [claimed for _, claimed in turn.claims]
        started = asyncio.get_running_loop().time()
        events = await self._store.read(lambda c: load(c, self._store.sealer, claims))
        for registered, claimed in turn.claims:
            self._in_flight[registered.no] += 1
            deadline = started + SHARE_OF_LEASE * self._lease_of(registered)
            task = asyncio.create_task(self._lane(registered, claimed, events, deadline))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return 0.0

    async def stop(self, *, grace: float = 5.0) -> None:
        """Begin nothing new, give what is under way `grace` seconds, and hand the rest back."""
        self._stopping = True
        self._wake.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        for threads in self._threads.values():
            threads.close()

    async def idle(self) -> None:
        """Wait until no lane is under way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    def _claim_due(self, connection: sa.Connection) -> _Turn:
        now = self._store.now(connection)
        claims: list[tuple[Registered, Claim]] = []
        due = due_destinations(connection, now)
        for registered in registry.by_number(connection, self._store.sealer, due):
            if registered.destination.sink not in self._sinks:
                continue
            free = registered.destination.concurrency - self._in_flight[registered.no]
            breaker = self._breakers[registered.no]
            most = breaker.admits(free, now)
            claimed = (
                claim(
                    connection,
                    registered.no,
                    now=now,
                    lease=self._lease_of(registered),
                    most=most,
                    events_per_lane=EVENTS_PER_LANE,
                )
                if most > 0
                else []
            )
            breaker.claimed(len(claimed))
            claims += [(registered, one) for one in claimed]
        upcoming = None if claims else next_due(connection)
        return _Turn(tuple(claims), upcoming, now)

    async def _lane(
        self, registered: Registered, claimed: Claim, events: Events, deadline: float
    ) -> None:
        destination = registered.destination
        loop = asyncio.get_running_loop()
        run = LaneRun(
            claim=claimed,
            destination=destination,
            events=events,
            deliver=functools.partial(self._deliver, registered),
            may_go_on=lambda: not self._stopping and loop.time() < deadline,
            clock=self._store.clock,
            random=self._random,
        )
        try:
            try:
                await run.run()
            except asyncio.CancelledError:
                log.info("lane handed back destination=%s", destination.name)
            await self._settle(registered, run)
        finally:
            self._in_flight[registered.no] -= 1
            self._breakers[registered.no].ended()
            self._wake.set()

    async def _deliver(self, registered: Registered, delivery: Delivery) -> Outcome:
        destination = registered.destination
        threads = self._threads.setdefault(
            registered.no, DaemonThreads(destination.concurrency, f"sink-{destination.name}")
        )
        outcome = await call_sink(
            self._sinks[destination.sink], delivery, seconds=destination.timeout, threads=threads
        )
        breaker = self._breakers[registered.no]
        # What is refused says something about the event, not about the destination.
        if isinstance(outcome, Retry):
            breaker.failed(destination.policy, self._store.clock())
        elif isinstance(outcome, Delivered):
            breaker.succeeded()
        return outcome

    async def _settle(self, registered: Registered, run: LaneRun) -> None:
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
            kept, disabled = await self._store.write(work)
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

    def _lease_of(self, registered: Registered) -> float:
        return max(self._lease, 2 * registered.destination.timeout)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
