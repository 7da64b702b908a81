"""The dispatcher: an asyncio task that claims due lanes, runs them, and settles them."""

from __future__ import annotations

import asyncio
import logging
import random as random_numbers
from collections import Counter
from collections.abc import Callable, Mapping

import attrs
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay import registry
from fulfillment_sdk.relay.lane_run import LaneRun
from fulfillment_sdk.relay.lanes import Claim, claim, due_destinations, next_due, settle
from fulfillment_sdk.relay.load import Loaded, load
from fulfillment_sdk.relay.registry import Registered
from fulfillment_sdk.relay.runner import DaemonThreads, call_sink
from fulfillment_sdk.relay.values import Attempt, Sink
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
        on_attempt: called in the loop with each attempt once it is recorded.
        poll: seconds between looks where nothing woke us; the safety net.
        lease: seconds for which a claimed lane is ours, at least twice the time limit of its sink.
    """

    def __init__(
        self,
        store: Store,
        sinks: Mapping[str, Sink],
        *,
        random: Callable[[], float] = random_numbers.random,
        on_attempt: Callable[[Attempt], None] | None = None,
        poll: float = 1.0,
        lease: float = 60.0,
    ) -> None:
        self._store = store
        self._sinks = sinks
        self._random = random
        self._on_attempt = on_attempt
        self._poll = poll
        self._lease = lease
        self._in_flight: Counter[int] = Counter()
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
            free = registered.destination.concurrency - self._in_flight[registered.no]
            if free > 0 and registered.destination.sink in self._sinks:
                claims += [
                    (registered, claimed)
                    for claimed in claim(
                        connection,
                        registered.no,
                        now=now,
                        lease=self._lease_of(registered),
                        most=free,
                        events_per_lane=EVENTS_PER_LANE,
                    )
                ]
        upcoming = None if claims else next_due(connection)
        return _Turn(tuple(claims), upcoming, now)

    async def _lane(
        self, registered: Registered, claimed: Claim, events: Loaded, deadline: float
    ) -> None:
        destination = registered.destination
        sink = self._sinks[destination.sink]
        threads = self._threads.setdefault(
            registered.no, DaemonThreads(destination.concurrency, f"sink-{destination.name}")
        )
        loop = asyncio.get_running_loop()
        run = LaneRun(
            claim=claimed,
            destination=destination,
            events=events,
            deliver=lambda delivery: call_sink(
                sink, delivery, seconds=destination.timeout, threads=threads
            ),
            may_go_on=lambda: not self._stopping and loop.time() < deadline,
            clock=self._store.clock,
            random=self._random,
        )
        try:
            await run.run()
        except asyncio.CancelledError:
            log.info("lane handed back destination=%s", destination.name)
        finally:
            await self._settle(run)
            self._in_flight[registered.no] -= 1
            self._wake.set()

    async def _settle(self, run: LaneRun) -> None:
        settlement = run.settlement()
        try:
            kept = await self._store.write(lambda c: settle(c, settlement, now=self._store.now(c)))
        except StoreError as error:
            # The lease runs out by itself, and the lane's unsettled events go out again.
            log.error("settlement lost, lane comes back later: %s", error.message)
            return
        if not kept:
            log.warning("lease lost destination=%s", run.destination.name)
            return
        for record in run.records:
            log.info(
                "attempt destination=%s event=%s lane=%s n=%d outcome=%s ms=%.1f why=%s",
                record.destination,
                record.event_id,
                record.lane,
                record.attempt,
                record.outcome,
                record.seconds * 1000,
                record.why or "-",
            )
            if self._on_attempt is not None:
                try:
                    self._on_attempt(record)
                except Exception as error:  # noqa: BLE001  an observer must not stop the relay
                    log.error("observer of attempts raised %s", type(error).__name__)

    def _lease_of(self, registered: Registered) -> float:
        return max(self._lease, 2 * registered.destination.timeout)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
