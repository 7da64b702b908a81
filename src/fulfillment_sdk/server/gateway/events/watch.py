"""Who waits for an organisation's next event is woken by its commit, in whatever process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from typing import Final

from attrs import define, field

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay import Relay
from fulfillment_sdk.store import Store

MOST_OF_ONE: Final = 8
"""Calls of one organisation that may wait at once, at one gateway."""

MOST: Final = 256
"""Calls that may wait at once at one gateway, whoever's they are."""

PAUSE: Final = 0.02
EVERY: Final = 5.0

_logger = logging.getLogger(__name__)


@define(eq=False)
class Waiter:
    """Somebody who knows an organisation's feed up to the position ``known``."""

    known: int
    woken: asyncio.Event = field(factory=asyncio.Event)


class FeedWatch:
    """Tells those who wait for events that there are new ones.

    The store says that something was committed; then one query asks about all organisations that
    are waited for, at most once in ``pause`` seconds, and not at all while nobody waits. Since the
    store may miss something, the question is asked every ``every`` seconds in any case.
    """

    def __init__(
        self,
        store: Store,
        relay: Relay,
        *,
        most: int = MOST,
        most_of_one: int = MOST_OF_ONE,
        pause: float = PAUSE,
        every: float = EVERY,
    ) -> None:
        self._store = store
        self._relay = relay
        self._most = most
        self._most_of_one = most_of_one
        self._pause = pause
        self._every = every
        self._waiters: dict[str, list[Waiter]] = {}
        self._news = asyncio.Event()
        self._is_listening = False
        self.is_over = False

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiters.values()))

    @contextlib.contextmanager
    def waiter(self, owner: str, known: int) -> Iterator[Waiter | None]:
        """Wait among the others for as long as the block runs; ``None`` where too many do.

        ``known`` is the ``end`` of the page after which nothing was there.
        """
        theirs = self._waiters.get(owner, [])
        if len(theirs) >= self._most_of_one or self.waiting >= self._most:
            yield None
            return
        waiter = Waiter(known)
        if self.is_over:
            waiter.woken.set()
        self._waiters[owner] = [*theirs, waiter]
        self._listen()
        self._news.set()  # what came since the page was read is found by the first look
        try:
            yield waiter
        finally:
            rest = [one for one in self._waiters[owner] if one is not waiter]
            if rest:
                self._waiters[owner] = rest
            else:
                del self._waiters[owner]

    def end(self) -> None:
        """Wake everybody: the server is about to stop, and nobody is to wait any more."""
        self.is_over = True
        for waiter in self._everybody():
            waiter.woken.set()

    async def run(self) -> None:
        """Look whenever there may be news for who waits, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every if self._waiters else None):
                    await self._news.wait()
            self._news.clear()
            if not self._waiters:
                continue
            try:
                await self._look()
            except StoreError as error:
                _logger.warning("who waits for events is looked after later: %s", error.message)
            except Exception as error:  # noqa: BLE001  those who wait must not wait for ever
                _logger.error(
                    "who waits for events is looked after later: %s", type(error).__name__
                )
            await asyncio.sleep(self._pause)

    async def _look(self) -> None:
        ends = await self._relay.feed_ends([*self._waiters])
        for owner, end in ends.items():
            for waiter in self._waiters.get(owner, ()):
                if end > waiter.known:
                    waiter.woken.set()

    def _listen(self) -> None:
        """Listen from the first who waits on; closing the store ends it."""
        if self._is_listening:
            return
        loop = asyncio.get_running_loop()

        def heard() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended before the store
                loop.call_soon_threadsafe(self._news.set)

        self._store.listen(heard)
        self._is_listening = True

    def _everybody(self) -> Iterator[Waiter]:
        for waiters in self._waiters.values():
            yield from waiters
