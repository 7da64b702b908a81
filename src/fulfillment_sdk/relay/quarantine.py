"""What a relay keeps and does not pass on: unreadable bodies, and conflicts."""

from __future__ import annotations

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.reports import history
from fulfillment_sdk.relay.reports.history import Quarantined
from fulfillment_sdk.relay.reports.pages import EVERYTHING, USUAL, Filter, Page, checked_filter
from fulfillment_sdk.relay.tables.event_rows import check_storable_id
from fulfillment_sdk.relay.tables.put_aside import discard, put_aside
from fulfillment_sdk.store import Store, StoreFuture


class Quarantine:
    """The part of a relay that keeps bytes apart, and shows them to those who look."""

    store: Store

    def quarantine(self, event_id: str, body: bytes, why: str) -> StoreFuture[None]:
        """Keep bytes that can't be passed on, for somebody to look at.

        Raises:
            StoreError: the store is closed.
            StoreUnavailable: nothing was kept (in the future).
            ValueError: nor can it be under this id (in the future).
        """
        return self.store.write(
            lambda connection: self.quarantine_in(connection, event_id, body, why)
        )

    def quarantine_in(
        self, connection: sa.Connection, event_id: str, body: bytes, why: str
    ) -> None:
        """Keep bytes that can't be passed on, in the caller's transaction.

        What the database raises ends that transaction: a `StoreUnavailable` in its future.
        """
        now = self.store.now(connection)
        put_aside(connection, self.store.sealer, event_id, body, why, now=now)

    def quarantined(
        self,
        wanted: Filter | None = None,
        *,
        event_id: str | None = None,
        since: float | None = None,
        after: str | None = None,
        limit: int = USUAL,
    ) -> StoreFuture[Page[Quarantined]]:
        """Return what was kept without being passed on: unreadable bodies, and conflicts.

        Of a filter only `since` is of use here: what is kept apart is known by the id that it came
        under, and by nothing else.

        Raises:
            TypeError: `wanted` is no `Filter`.
            ValueError: it asks for what the quarantine does not know, or no event can have this id.

        Raises (in the future):
            ValueError: `after` is no cursor of this list, or `limit` is below 1.
            StoreUnavailable: the database can't be used.
        """
        asked = checked_filter(wanted)
        if attrs.evolve(asked, since=None) != EVERYTHING:
            raise ValueError("of a Filter, the quarantine knows `since` alone")
        if event_id is not None:
            check_storable_id(event_id)
        at = since if since is not None else asked.since
        return self.store.read(
            lambda c: history.quarantined(c, event_id=event_id, since=at, after=after, limit=limit)
        )

    def quarantined_body(self, no: int) -> StoreFuture[bytes | None]:
        """Return the bytes of one entry of the quarantine, by its number; None if there is none.

        Raises (in the future):
            StoreError: no storage key that is here opens them, or they are damaged.
            StoreUnavailable: the database can't be used.
        """
        return self.store.read(lambda c: history.quarantined_body(c, self.store.sealer, no))

    def discard_quarantined(self, no: int) -> StoreFuture[bool]:
        """Remove one entry of the quarantine for good, by its number; False if there is none.

        An event that it was in conflict with may then go by `retention`.

        Raises (in the future):
            StoreUnavailable: nothing was removed.
        """
        return self.store.write(lambda c: discard(c, no))
