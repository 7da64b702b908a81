"""Settling: what ends in one pass of the loop goes to the store at once, as one item."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

import attrs
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.relay.dispatching.desk import Held
from fulfillment_sdk.relay.tables import registry
from fulfillment_sdk.relay.tables.lanes import Settlement
from fulfillment_sdk.relay.tables.registry import Registered
from fulfillment_sdk.relay.tables.settle import Kept, settle_many
from fulfillment_sdk.relay.tables.tally import Tally, count
from fulfillment_sdk.relay.values import Attempt
from fulfillment_sdk.store import Store

log = logging.getLogger("fulfillment_sdk.relay")

BUSY_PAUSE = 0.02  # seconds until a lane that somebody has locked is tried again


@attrs.frozen(eq=False)
class Done:
    """A lane whose turn is over, and what is to be recorded of it.

    Args:
        tally: what the turn says of the destination.
        held: the lane as it was in hand.
        settlement: what goes into the store.
        records: its attempts, for those who watch.
    """

    tally: Tally
    held: Held
    settlement: Settlement
    records: Sequence[Attempt] = ()

    @property
    def no(self) -> int:
        """The destination's number."""
        return self.settlement.claim.destination_no

    @property
    def name(self) -> str:
        """The destination's."""
        return self.tally.registered.destination.name


@attrs.frozen(eq=False)
class Result:
    """What became of a settlement: whether it was recorded, and whether it ended its destination.

    Args:
        kept: `busy` where the lane is ours and somebody has locked it.
        disabled: the cause, if the destination was disabled with it.
        registered: the destination as it is then, if it was.
    """

    kept: Kept
    disabled: str | None = None
    registered: Registered | None = None


Batch = Sequence[Done]


class Settler:
    """Writes settlements, merged by the store's group commit with all that is written meanwhile.

    Nothing waits for others here: a batch is what ended in one pass of the loop.

    Args:
        store: where the lanes are.
        told: called once for each lane when it is out of our hands; with None where it was given
            up, and comes back when its lease is over.
        poll: seconds between tries while the store can't be used.
    """

    def __init__(
        self, store: Store, told: Callable[[Done, Result | None], None], *, poll: float
    ) -> None:
        self._store = store
        self._told = told
        self._poll = poll
        self._waiting: list[Done] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._late: set[asyncio.Task[None]] = set()
        self.alone = False
        """Whether nobody else claims lanes: then what we had stays ours, however late it is."""

    def add(self, done: Done) -> None:
        """Settle a lane; may be called in the loop only."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(done)

    def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        self._see_to(batch)

    def _see_to(self, batch: Batch) -> None:
        task = asyncio.get_running_loop().create_task(self._insist(batch))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._late.discard(task)

    @property
    def is_behind(self) -> bool:
        """Whether settlements wait for a store that could not be used."""
        return bool(self._late)

    def close(self) -> None:
        """Go on with nothing that the store has not taken yet."""
        for task in self._tasks:
            task.cancel()

    async def _insist(self, batch: Batch) -> None:
        """Write; where the store can't be used just now, again until others may have the lanes.

        A settlement given up at once would hold up its lane for a whole lease, and send again what
        has arrived.
        """
        while batch:
            pause = BUSY_PAUSE
            try:
                results = await self._store.write_each(self._record, batch)
            except StoreUnavailable as error:
                log.warning("%d settlements wait for their store: %s", len(batch), error.message)
                self._late.update(self._tasks & {asyncio.current_task()})
                batch, pause = self._in_time(batch), self._poll
            except Exception as error:  # noqa: BLE001  whatever it is, the others must get through
                if len(batch) > 1:
                    for one in batch:
                        self._see_to([one])
                    return
                log.error("settlement failed with %s", type(error).__name__)
                self._give_up(batch[0])
                return
            else:
                batch = self._in_time(self._tell(batch, results))
            if batch:
                await asyncio.sleep(pause)

    def _record(self, connection: sa.Connection, batches: Sequence[Batch]) -> list[list[Result]]:
        now = self._store.now(connection)
        every = [done for batch in batches for done in batch]
        kept = settle_many(connection, [done.settlement for done in every], now=now)
        counted = [done.tally for done, word in zip(every, kept, strict=True) if word == "kept"]
        disabled = count(connection, counted, now=now)
        causes = [
            disabled.pop(done.no, None) if word == "kept" else None  # told once for all its lanes
            for done, word in zip(every, kept, strict=True)
        ]
        numbers = [done.no for done, why in zip(every, causes, strict=True) if why is not None]
        after = registry.by_number(connection, self._store.sealer, sorted(set(numbers)))
        results = iter(
            [
                Result(word) if why is None else Result(word, why, after.get(done.no))
                for done, word, why in zip(every, kept, causes, strict=True)
            ]
        )
        return [[next(results) for _ in batch] for batch in batches]

    def _tell(self, batch: Batch, results: Sequence[Result]) -> Batch:
        """Tell of what is settled; return what has to be tried again."""
        busy: list[Done] = []
        for done, result in zip(batch, results, strict=True):
            if result.kept == "busy":
                busy.append(done)
                continue
            if result.kept == "lost":
                log.warning("lease lost destination=%s", done.name)
            self._told(done, result)
        return busy

    def _in_time(self, batch: Batch) -> Batch:
        if self.alone:
            return batch
        steady = asyncio.get_running_loop().time()
        for done in batch:
            if steady >= done.held.lease.until:
                self._give_up(done)
        return [done for done in batch if steady < done.held.lease.until]

    def _give_up(self, done: Done) -> None:
        # The lease runs out by itself, and the lane's unsettled events go out again.
        log.error("settlement lost, lane comes back later destination=%s", done.name)
        self._told(done, None)
