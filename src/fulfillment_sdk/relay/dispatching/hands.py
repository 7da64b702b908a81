"""All that this process has in hand: a desk for each destination, and what they hold together."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator

import attrs

from fulfillment_sdk.relay.dispatching.desk import Desk, Held
from fulfillment_sdk.relay.doubt import ALONE, ALONE_SECONDS
from fulfillment_sdk.relay.tables.registry import Registered

BUDGET_BYTES = 32 * 1024 * 1024  # of events in memory: completions are large
SHARES = 4  # a destination may hold one of so many parts, so that a slow one leaves room


@attrs.define(eq=False)
class Hands:
    """The desks, by their destinations' numbers, and the lanes on their way to being settled."""

    desks: dict[int, Desk] = attrs.field(factory=dict)
    held_bytes: int = 0
    doubted: set[Held] = attrs.field(factory=set)
    """The lanes in doubt that are in hand: one, unless it hangs."""
    _silent: set[Desk] = attrs.field(factory=set)
    _lanes: int = 0
    _empty: asyncio.Event = attrs.field(factory=asyncio.Event)

    def __attrs_post_init__(self) -> None:
        self._empty.set()

    @property
    def lanes(self) -> int:
        """How many claimed lanes are not settled yet."""
        return self._lanes

    def doubting(self, steady: float) -> tuple[set[int], bool]:
        """Return the destinations of which a lane in doubt is in hand, and whether others wait."""
        waits = any(steady < one.since + ALONE_SECONDS for one in self.doubted)
        return {one.claim.destination_no for one in self.doubted}, waits

    @property
    def budget(self) -> int:
        """How many more bytes may be loaded now."""
        return min(BUDGET_BYTES - self.held_bytes, BUDGET_BYTES // SHARES)

    @property
    def share(self) -> int:
        """How many bytes one destination may hold."""
        return BUDGET_BYTES // SHARES

    async def emptied(self) -> None:
        """Wait until nothing is in hand."""
        await self._empty.wait()

    def desk(self, registered: Registered) -> Desk:
        """Return a destination's desk, which then knows it as it is here, or as it became since."""
        desk = self.desks.get(registered.no)
        if desk is None:
            desk = self.desks[registered.no] = Desk(registered, self._silent)
        else:
            desk.update(registered)
        return desk

    def take(self, desk: Desk, held: Held) -> None:
        """Put a claimed lane into its desk's queue."""
        self._lanes += 1
        self._empty.clear()
        self.held_bytes += held.size
        if held.claim.lost >= ALONE:
            self.doubted.add(held)
        desk.take(held)

    def end(self, desk: Desk, held: Held) -> None:
        """Note that a lane's turn is over; it still has to be settled."""
        self.held_bytes -= held.size
        self.doubted.discard(held)
        desk.end(held)

    def settled(self) -> None:
        """Note that a lane is out of our hands."""
        self._lanes -= 1
        if not self._lanes:
            self._empty.set()

    def under_way(self) -> Iterator[Held]:
        """Go through the lanes that are being delivered."""
        for desk in self.desks.values():
            yield from desk.under_way

    def idle(self) -> list[int]:
        """Return the numbers of the destinations of which nothing is in hand."""
        return [no for no, desk in self.desks.items() if desk.is_empty and not desk.workers]

    def forget(self, numbers: Collection[int]) -> None:
        """Let go of desks, with all that was learnt there."""
        for no in numbers:
            self.desks.pop(no).close()

    def close(self) -> None:
        """Let all threads of sinks end."""
        for desk in self.desks.values():
            desk.close()
