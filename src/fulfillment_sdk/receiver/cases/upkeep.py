"""What goes on beside intake where events are passed on: windows end, gaps fill, old rows go."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import attrs

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.receiver.cases.fill import Filler
from fulfillment_sdk.receiver.cases.ledger import Ledger
from fulfillment_sdk.receiver.cases.retention import sweep
from fulfillment_sdk.receiver.cases.waiting import move_along, next_until
from fulfillment_sdk.relay.dispatching.drift import Drift

LOOK_EVERY: Final = 0.5
SWEEP_EVERY: Final = 3600.0
_LEAST: Final = 0.05

log = logging.getLogger("fulfillment_sdk.receiver")

Sleep = Callable[[float], Awaitable[None]]


@attrs.frozen(eq=False)
class Upkeep:
    """The receiver's chores on its cases.

    Of several processes on one database each may do them: what one has in hand the others leave.

    Args:
        ledger: of the cases.
        filler: fills gaps; None where there is no feed.
        retention: seconds after which what is done is forgotten; None for never.
        drift: notices that the clock was set, where windows go by this process's own.
    """

    ledger: Ledger
    filler: Filler | None = None
    retention: float | None = None
    drift: Drift | None = None

    @contextlib.asynccontextmanager
    async def running(self, *, sleep: Sleep = asyncio.sleep) -> AsyncIterator[None]:
        """Do them in this loop for as long as the block runs."""
        chores = [_again(self.look, LOOK_EVERY, sleep)]
        if self.retention is not None:
            chores.append(_again(self._sweep, SWEEP_EVERY, sleep))
        tasks = [asyncio.create_task(chore, name="receiver-upkeep") for chore in chores]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self.filler is not None:
                await self.filler.close()

    async def look(self) -> float:
        """End the windows that are over, ask for what is missing; return when to look again."""
        store = self.ledger.relay.store
        if self.drift is not None and (jump := self.drift.jump()):
            if jump < 0:  # what waits would wait for so much longer
                await store.write(lambda c: move_along(c, -jump, now=store.now(c)))
            self.drift.made_up_for(jump)
        until, now = await store.read(lambda c: (next_until(c), store.now(c)))
        if until is None:
            return LOOK_EVERY
        if self.filler is not None and not self.filler.is_busy:
            wanted = await store.read(self.filler.look)
            if wanted:
                self.filler.begin(wanted)
        if until > now:
            return min(LOOK_EVERY, max(until - now, _LEAST))
        while await store.write(self.ledger.release):
            pass
        return _LEAST

    async def _sweep(self) -> float:
        await sweep(self.ledger.relay.store, self.retention or 0.0)
        return SWEEP_EVERY


async def _again(chore: Callable[[], Awaitable[float]], after_failure: float, sleep: Sleep) -> None:
    """Do a chore, and again after as many seconds as it returns; say once why it fails."""
    told = ""
    while True:
        wait, why = after_failure, ""
        try:
            wait = await chore()
        except StoreError as error:
            why = f"they wait for their store: {error.message}"
        except Exception as error:  # noqa: BLE001  the next look may do better
            why = f"a look at them raised {type(error).__name__}"
        if why and why != told:
            log.warning("the receiver's cases: %s", why)
        told = why
        await sleep(wait)
