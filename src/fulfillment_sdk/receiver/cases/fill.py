"""Filling gaps from the server's feed, beside all else: one that hangs holds up nobody."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Iterable, Sequence
from typing import Final

import attrs
import sqlalchemy as sa

from fulfillment_sdk.receiver.cases.arrivals import from_feed
from fulfillment_sdk.receiver.cases.feeds import Feed
from fulfillment_sdk.receiver.cases.ledger import Arrival, Ledger
from fulfillment_sdk.receiver.cases.state import Hole
from fulfillment_sdk.receiver.cases.waiting import waiting_cases
from fulfillment_sdk.relay.dispatching.runner import DaemonThreads
from fulfillment_sdk.relay.tables.words import id_word

ASKS_AT: Final = (0.1, 0.4, 0.75)
"""When the feed is asked, in parts of the window of the case's first event that waits."""

ANSWERS_WITHIN: Final = 10.0
"""Seconds after which nobody waits for a feed: the next case has its turn."""

MOST_HANGING: Final = 4
"""Threads that wait for a feed that may never answer: where all do, it is asked nothing more."""

MOST_SHOWN: Final = 10_000
"""Events of one case that are looked through."""

log = logging.getLogger("fulfillment_sdk.receiver")


@attrs.frozen
class Wanted:
    """What a case misses, and for how many seconds yet it is waited for."""

    case_id: str
    missing: tuple[Hole, ...]
    seconds: float


@attrs.define(eq=False)
class Filler:
    """Asks a feed for what is missing, one case at a time, from a thread of its own.

    Args:
        feed: where missing events are.
        ledger: takes them in.
        within: seconds that it has for an answer, at most as long as the case is waited for.
    """

    feed: Feed
    ledger: Ledger
    within: float = ANSWERS_WITHIN
    _asked: dict[tuple[str, float], int] = attrs.field(factory=dict)
    _threads: DaemonThreads = attrs.field(
        factory=lambda: DaemonThreads(MOST_HANGING, "fulfillment-feed")
    )
    _task: asyncio.Task[None] | None = None

    def look(self, connection: sa.Connection) -> Sequence[Wanted]:
        """Return what it is time to ask for."""
        now = self.ledger.relay.store.now(connection)
        waiting = waiting_cases(connection)
        keys = {(one.case_id, one.until): one for one in waiting}
        self._asked = {key: count for key, count in self._asked.items() if key in keys}
        due = []
        for key, one in keys.items():
            share = (now - one.since) / max(one.until - one.since, 1e-9)
            wanted = sum(share >= at for at in ASKS_AT)
            if one.missing and wanted > self._asked.get(key, 0):
                self._asked[key] = wanted
                due.append(Wanted(one.case_id, one.missing, one.until - now))
        return due

    def begin(self, wanted: Sequence[Wanted]) -> None:
        """Ask for these in the background, each if its turn comes while it is waited for."""
        self._task = asyncio.create_task(self._ask_for_all(wanted), name="receiver-fill")

    @property
    def is_busy(self) -> bool:
        """Whether a feed has not answered yet."""
        return self._task is not None and not self._task.done()

    async def close(self) -> None:
        """Leave it; a thread that waits for a feed ends with it, or with the process."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._threads.close()

    async def _ask_for_all(self, wanted: Sequence[Wanted]) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        for one in wanted:
            left = one.seconds - (clock() - began)
            if left <= 0 or not self._threads.has_room:
                continue  # a feed that is slow to fail must not keep later ones from being asked
            case_id, missing = one.case_id, one.missing
            try:
                async with asyncio.timeout(min(left, self.within)):
                    found = await self._threads.call(lambda: ask(self.feed, case_id, missing))  # noqa: B023
                taken = await asyncio.gather(*[self.ledger.take(arrival) for arrival in found])
            except Exception as error:  # noqa: BLE001  the window ends all the same
                log.warning(
                    "case %s: its feed can't be asked: %s", id_word(case_id), type(error).__name__
                )
                continue
            if new := sum(accepted.status == "new" for accepted in taken):
                log.info("case %s: %d missing events had from the feed", id_word(case_id), new)


def ask(feed: Feed, case_id: str, missing: Sequence[Hole]) -> list[Arrival]:
    """Return those of a case's missing events that its feed shows; raises what the feed raises."""
    shown = itertools.islice(feed(case_id), MOST_SHOWN)
    return list(_missing_among(map(from_feed, shown), case_id, missing))


def _missing_among(
    arrivals: Iterable[Arrival | None], case_id: str, missing: Sequence[Hole]
) -> Iterable[Arrival]:
    for one in arrivals:
        if one is None or one.event.lane != case_id or one.event.sequence is None:
            continue
        if any(hole.first <= one.event.sequence <= hole.last for hole in missing):
            yield one
