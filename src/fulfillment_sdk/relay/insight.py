"""What a relay tells about itself, and what it sends again when asked."""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa

from fulfillment_sdk.relay.reports import history, visibility
from fulfillment_sdk.relay.reports.figures import Backlog, Figures
from fulfillment_sdk.relay.reports.pages import USUAL, Filter, Page, checked_filter
from fulfillment_sdk.relay.tables.event_rows import check_storable_id
from fulfillment_sdk.relay.upkeep import replay
from fulfillment_sdk.relay.values import Attempt, AttemptOutcome, DeadLetter, Undelivered
from fulfillment_sdk.store import Store, StoreFuture


class Insight:
    """The part of a relay that answers what has and has not arrived, and why.

    Every list comes in pages: at most `limit` entries behind the one at which the cursor `after`
    stands. A page's `next` is the cursor of the page behind it, None at the end; with a filter that
    finds little, a page may be short and still have a `next`. A cursor of another list, or a
    made-up one, is a `ValueError` (in the future). What is no `Filter` is a `TypeError`, at once.

    Each call raises `StoreError` at once if the store is closed. The rest comes in the future:
    `StoreUnavailable` where the database can't be used, and what the call itself names.
    """

    store: Store
    figures: Figures

    def undelivered(
        self,
        wanted: Filter | None = None,
        *,
        state: Literal["pending", "dead"] | None = None,
        after: str | None = None,
        limit: int = USUAL,
    ) -> StoreFuture[Page[Undelivered]]:
        """Tell which events have not reached which destination, and why.

        First what is pending, then what is dead. A filter's `since` is about when the events were
        accepted.

        Raises (in the future):
            ValueError: `after` is no cursor of this list, or `limit` is below 1.
            StoreUnavailable: the database can't be used.
        """
        asked = checked_filter(wanted)
        return self.store.read(
            lambda c: visibility.undelivered(c, asked, state=state, after=after, limit=limit)
        )

    def dead_letters(
        self, wanted: Filter | None = None, *, after: str | None = None, limit: int = USUAL
    ) -> StoreFuture[Page[DeadLetter]]:
        """Return the deliveries that were given up.

        By destination and in the order of acceptance; with a filter's `since`, those given up since
        then, in the order in which they were.

        Raises (in the future):
            ValueError: `after` is no cursor of this list, or `limit` is below 1.
            StoreUnavailable: the database can't be used.
        """
        asked = checked_filter(wanted)
        return self.store.read(lambda c: visibility.letters(c, asked, after=after, limit=limit))

    def attempts(
        self,
        wanted: Filter | None = None,
        *,
        event_id: str | None = None,
        outcome: AttemptOutcome | None = None,
        after: str | None = None,
        limit: int = USUAL,
    ) -> StoreFuture[Page[Attempt]]:
        """Return the recorded attempts, oldest first; of one event, of a lane, or all.

        A filter's `since` is about when they were made.

        Raises:
            ValueError: no event can have this id.

        Raises (in the future):
            ValueError: `after` is no cursor of this list, or `limit` is below 1.
            StoreUnavailable: the database can't be used.
        """
        asked = checked_filter(wanted)
        if event_id is not None:
            check_storable_id(event_id)
        return self.store.read(
            lambda c: history.history(
                c,
                asked,
                event_id=event_id,
                outcome=outcome,
                after=after,
                limit=limit,
            )
        )

    def replay(self, destination: str, event_id: str) -> StoreFuture[bool]:
        """Send an event once more, under its old id.

        It goes there whatever types and labels the destination asks for: both are named here. False
        if it, or the destination, is unknown, if it is pending there, if it is of an owner whose
        events don't go there, or if the host keeps it back.

        Raises:
            ValueError: no event, or no destination, can be called that.

        Raises (in the future):
            StoreUnavailable: nothing was lined up.
        """
        check_storable_id(destination)
        check_storable_id(event_id)

        def work(connection: sa.Connection) -> bool:
            self._tell(connection)
            now = self.store.now(connection)
            return replay.replay_one(connection, destination, event_id, now=now)

        return self.store.write(work)

    def replay_many(
        self, wanted: Filter | None = None, *, dead_only: bool = True
    ) -> StoreFuture[int]:
        """Send again whatever a filter finds, but what is pending; resolves to how many events.

        It takes a write for some hundred events, one after the other: what a write that fails
        leaves undone may be asked for again.

        Args:
            wanted: `since` is about when the events were accepted; no filter is everything.
            dead_only: only what was given up. Else also what has arrived already, of the types that
                each destination asks for.

        Raises (in the future):
            StoreUnavailable: the database can't be used; what earlier writes lined up goes out.
        """
        asked = checked_filter(wanted)

        def step(connection: sa.Connection, after: str | None) -> replay.Replayed:
            self._tell(connection)
            now = self.store.now(connection)
            return replay.replay_some(connection, asked, dead_only=dead_only, after=after, now=now)

        return replay.replay_all(self.store, step)

    def backlog(self) -> StoreFuture[Backlog]:
        """Return how much is pending, and how old the oldest of it is, by kind of sink.

        What was read a short while ago is returned again: a large backlog takes time to count.

        Raises (in the future):
            StoreUnavailable: the database can't be used.
        """
        return self.figures.backlog(self.store)

    def _tell(self, connection: sa.Connection) -> None:
        """Have the dispatchers look once this transaction is committed."""
        raise TypeError(f"{type(self).__name__} must say how")
