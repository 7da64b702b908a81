"""A relay's feeds as they are read: by who repairs a gap, or has no address to deliver to."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from fulfillment_sdk.relay.reports.feed import FeedPage, feed
from fulfillment_sdk.relay.reports.pages import USUAL
from fulfillment_sdk.relay.tables.feed import ends
from fulfillment_sdk.store import Store, StoreFuture


class Feeds:
    """The part of a relay that tells an owner's events again, in one order that never changes.

    Whoever reads a feed page by page, whatever is accepted meanwhile and by how many processes,
    gets each event once, and a lane's in the order of acceptance. It has what was accepted since
    the relay was given `feeds=True`, until retention removes it.
    """

    store: Store

    def feed(
        self, owner: str, *, after: str | None = None, lane: str | None = None, limit: int = USUAL
    ) -> StoreFuture[FeedPage]:
        """Return an owner's events, the oldest first; of one lane, or all.

        A page's `next` is the cursor to go on behind, also where there is nothing yet. Large bodies
        make a page shorter than its limit: only an empty one is the end, for the time being.

        Raises (in the future):
            ValueError: `limit` is below 1, or `after` no cursor of this feed (a restore ends some).
            StoreError: an event can't be opened with the storage keys that are here.
            StoreUnavailable: the database can't be used.
        """
        return self.store.read(
            lambda c: feed(c, self.store.sealer, owner, after=after, lane=lane, limit=limit)
        )

    def feed_ends(self, owners: Collection[str]) -> StoreFuture[Mapping[str, int]]:
        """Return the last positions in these owners' feeds: one that grew has a new event.

        For who waits: a process that accepts announces it to those that `listen` to the store.

        Raises (in the future):
            StoreUnavailable: the database can't be used.
        """
        return self.store.read(lambda c: ends(c, owners))
