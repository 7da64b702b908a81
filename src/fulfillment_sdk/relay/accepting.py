"""Taking events in: stored for their destinations, or until the host says that they are due."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from fulfillment_sdk.relay.tables.accept import Alike, Sift, accept_many, send_stored
from fulfillment_sdk.relay.values import Accepted, Event
from fulfillment_sdk.store import Store, StoreFuture


class Accepting:
    """The part of a relay that takes events in."""

    store: Store
    _feeds: bool

    def accept(self, event: Event) -> StoreFuture[Accepted]:
        """Store an event for its destinations; the future resolves once it is durable.

        Raises (in the future):
            StoreUnavailable: nothing was stored.
            ValueError: nor can it be; an id and a lane, as UTF-8, have at most 1,024 bytes.
        """
        return self.store.write_each(self.accept_in, event)

    def accept_in(
        self,
        connection: sa.Connection,
        events: Sequence[Event],
        *,
        sift: Sift | None = None,
        alike: Alike | None = None,
        now: float | None = None,
    ) -> list[Accepted]:
        """Store events in the caller's transaction, inside a `write` of this relay's store.

        Hand in all events of one transaction at once: they are put in order, which keeps two
        callers from waiting for each other.

        Args:
            connection: of the transaction.
            events: an id may be among them more than once.
            sift: `sift(connection, new, now)` is given those that are new, by the numbers that they
                got, and returns what is passed on now, of these or of those kept back earlier; the
                rest is kept back until another call names it, and no replay sends it. Without it,
                all that is new.
            alike: `alike(connection, event)` tells whether a known id with other bytes is the same
                event, and no conflict.
            now: the store's time, where the caller has just asked for it.

        Raises:
            ValueError: an event holds what can't be stored; none of them is.
        """
        accepted = accept_many(
            connection,
            self.store.sealer,
            events,
            now=self.store.now(connection) if now is None else now,
            tell=lambda: self._tell(connection),
            feeds=self._feeds,
            sift=sift,
            alike=alike,
        )
        if self._feeds and any(one.status == "new" for one in accepted):
            self.store.announce(connection)  # also where nothing is sent, somebody may wait
        return accepted

    def send_in(self, connection: sa.Connection, events: Sequence[Event]) -> int:
        """Pass on what `accept_in` stored and its `sift` kept back, in the caller's transaction.

        Their notes take the place of earlier ones; their bodies are not looked at. What was passed
        on before, or is gone, is left out. Returns how many were there.
        """
        now = self.store.now(connection)
        return send_stored(connection, events, now=now, tell=lambda: self._tell(connection))

    def _tell(self, connection: sa.Connection) -> None:
        """Have the dispatchers look once this transaction is committed."""
        raise TypeError(f"{type(self).__name__} must say how")
