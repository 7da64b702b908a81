"""The dispatcher: an asyncio task that claims due lanes, has them delivered, and settles them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import random as random_numbers
from collections.abc import Awaitable, Callable, Mapping

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay.dispatching.crew import Crew
from fulfillment_sdk.relay.dispatching.hands import Hands
from fulfillment_sdk.relay.dispatching.intake import Intake
from fulfillment_sdk.relay.dispatching.picker import Picker
from fulfillment_sdk.relay.dispatching.renewal import Renewal
from fulfillment_sdk.relay.dispatching.settling import Done, Result, Settler
from fulfillment_sdk.relay.doubt import ALONE
from fulfillment_sdk.relay.reports.watch import Watch
from fulfillment_sdk.relay.tables.alone import end_leases
from fulfillment_sdk.relay.tables.registry import Registered
from fulfillment_sdk.relay.values import Sink
from fulfillment_sdk.store import Store

log = logging.getLogger("fulfillment_sdk.relay")

LEASE_SECONDS = 20.0
HAND_BACK_SECONDS = 1.0  # for the store to take back what did not end within a stop's grace


class Dispatcher:
    """Passes on what is pending in `store`, as long as `run` runs.

    Args:
        store: where the relay's tables are.
        sinks: kind -> sink; a destination of another kind waits.
        random: uniform in [0, 1), for jitter.
        monotonic: seconds since whenever, to notice a clock that was set; None to trust it.
        watch: told of what was recorded.
        poll: seconds between looks at most, whether anything woke us or not: the safety net, and
            how soon lanes are found that another process put back.
        lease: seconds for which a claimed lane is ours unless it is renewed; longer where a sink
            may take longer.
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
        lease: float = LEASE_SECONDS,
    ) -> None:
        self._store = store
        self._watch = watch or Watch()
        self._poll = poll
        self.hands = Hands()
        """What is in hand at this moment."""
        self._picker = Picker(store, sinks, self.hands, lease=lease, poll=poll, monotonic=monotonic)
        self._settler = Settler(store, self._settled, poll=poll)
        self._crew = Crew(
            self.hands, sinks, self._settler.add, clock=self._picker.now, random=random
        )
        self._intake = Intake(store, self._picker, self.hands, self._crew, poll=poll)
        self.renewal = Renewal(store, self.hands, self._crew, lease=lease)
        """Goes round while `run` runs."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._wakes = 0
        self._look = True
        self._ended = asyncio.Event()
        self._stopping = False

    @property
    def is_running(self) -> bool:
        """Whether `run` has begun and not ended."""
        return self._loop is not None and not self._ended.is_set()

    def wake(self) -> None:
        """Look for due lanes now; may be called from any thread."""
        self._wakes += 1
        self._look = True
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
        self._picker.alone = self._settler.alone = alone
        fresh = True
        self._renewing = asyncio.create_task(self.renewal.run())  # until `stop` is through
        try:
            while not self._stopping:
                self._wake.clear()
                try:
                    if fresh:
                        await self._store.write(
                            lambda c: end_leases(c, self._store.now(c), alone=alone)
                        )
                        fresh = False
                    if alone and self._settler.is_behind:
                        pause = self._poll  # a claim would take lanes whose settlements wait
                    else:
                        pause = await self.turn(look=False)
                except StoreError as error:
                    log.error("dispatcher waits for its store: %s", error.message)
                    pause = self._poll
                except Exception as error:  # noqa: BLE001  a dispatcher that ends delivers nothing
                    log.error("dispatcher goes on after %s", type(error).__name__)
                    pause = self._poll
                if pause > 0:
                    await self._woken_within(pause)
        finally:
            self._ended.set()
            if not self._stopping:
                self._renewing.cancel()
                self._crew.leave()  # we were cancelled: nobody would renew its leases

    async def turn(self, *, look: bool = True) -> float:
        """Claim and begin what is due; return the seconds until there may be more.

        Args:
            look: whether to ask the store for lanes that this process knows nothing of, though
                nobody woke us and the last look is not long ago.
        """
        steady = asyncio.get_running_loop().time()
        self._look = self._look or look
        if self.hands.budget <= 0:
            return self._poll  # a lane that ends wakes us
        plan = self._picker.plan(steady, look=self._look)
        if plan is None:
            return min(self._poll, self._picker.pause(steady, look=self._look))
        wakes = self._wakes
        self._look = self._look and not plan.look
        try:
            claimed = await self._store.write(
                functools.partial(self._intake.claim, plan=plan, budget=self.hands.budget)
            )
        except Exception:
            self._look = True
            raise
        self._picker.learn(plan, claimed.turn, asyncio.get_running_loop().time())
        if not claimed.turn.claims:
            return min(self._poll, self._picker.pause(steady, look=self._look))
        await self._intake.begin(claimed, steady=steady, wakes=wakes)
        return 0.0

    async def stop(self, *, grace: float = 5.0) -> None:
        """Begin nothing new, give what is under way `grace` seconds, and hand the rest back.

        It takes a second more at most, for handing back what did not end: a store that can't be
        used keeps nobody from stopping.
        """
        ends = asyncio.get_running_loop().time() + grace
        at_last = ends + HAND_BACK_SECONDS
        self._stopping = True
        self._crew.leave()
        self._wake.set()
        if self.is_running:
            # A turn in the middle has claimed lanes: it must get to the point of giving them back.
            if not await _within(at_last, self._ended.wait()):
                log.error("the store does not answer: the lanes it gives us come back later")
            self._crew.leave()
        if not await _within(ends, self.hands.emptied()):
            self._crew.cancel()
            if not await _within(at_last, self.hands.emptied()):
                log.error("%d deliveries do not end, their lanes come back later", self.hands.lanes)
        if self._renewing is not None:
            self._renewing.cancel()
        self._settler.close()
        self.hands.close()

    def _settled(self, done: Done, result: Result | None) -> None:
        self.hands.settled()
        if done.held.claim.lost >= ALONE:
            self._look = True  # for the next one in doubt
        self._wake.set()
        if result is None or result.kept != "kept":
            return
        self._watch.settled(done.records)
        settlement = done.settlement
        if result.disabled is not None:
            self._disabled(done, result.disabled, result.registered)
        elif (
            settlement.due_at is not None
            or done.held.may_hold_more
            or done.held.wakes != self._wakes
            or len(settlement.gone) < len(settlement.claim.places)
        ):
            self._picker.expect(done.no, settlement.due_at)

    def _disabled(self, done: Done, why: str, registered: Registered | None) -> None:
        desk = self.hands.desks.get(done.no)
        if desk is not None and not desk.disable(registered):
            return  # lanes that were under way together are told about once
        self._watch.disabled(done.name, why)

    async def _woken_within(self, seconds: float) -> None:
        await _within(asyncio.get_running_loop().time() + seconds, self._wake.wait())


async def _within(ends: float, wait: Awaitable[object]) -> bool:
    """Wait no longer than until `ends`, by the loop's clock; tell whether that was enough."""
    try:
        async with asyncio.timeout_at(ends):
            await wait
    except TimeoutError:
        return False
    return True
