"""What a relay tells about itself, and what it sends again when asked."""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa

from fulfillment_sdk.relay.reports import history, visibility
from fulfillment_sdk.relay.reports.figures import Backlog, Figures
from fulfillment_sdk.relay.reports.history import Quarantined
from fulfillment_sdk.relay.reports.pages import USUAL, Filter, Page
from fulfillment_sdk.relay.upkeep import replay
from fulfillment_sdk.relay.values import Attempt, AttemptOutcome, DeadLetter, Undelivered
from fulfillment_sdk.store import Store, StoreFuture


class Insight:
    """The part of a relay that answers what has and has not arrived, and why.

    Every list comes in pages: at most `limit` entries behind the one at which the cursor `after`
    stands. A page's `next` is the cursor of the page behind it, None at the end; with a filter that
    finds little, a page may be short and still have a `next`. A cursor of another list, or a
    made-up one, is a `ValueError` (in the future).
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
        """
        return self.store.read(
            lambda c: visibility.undelivered(
                c, wanted or Filter(), state=state, after=after, limit=limit
            )
        )

    def dead_letters(
        self, wanted: Filter | None = None, *, after: str | None = None, limit: int = USUAL
    ) -> StoreFuture[Page[DeadLetter]]:
        """Return the deliveries that were given up.

        By destination and in the order of acceptance; with a filter's `since`, those given up since
        then, in the order in which they were.
        """
        return self.store.read(
            lambda c: visibility.letters(c, wanted or Filter(), after=after, limit=limit)
        )

    def attempts(
        self,
        event_id: str | None = None,
        wanted: Filter | None = None,
        *,
        outcome: AttemptOutcome | None = None,
        after: str | None = None,
        limit: int = USUAL,
    ) -> StoreFuture[Page[Attempt]]:
        """Return the recorded attempts, oldest first; of one event, of a lane, or all.

        A filter's `since` is about when they were made.
        """
        return self.store.read(
            lambda c: history.history(
                c,
                wanted or Filter(),
                event_id=event_id,
                outcome=outcome,
                after=after,
                limit=limit,
            )
        )

    def quarantined(
        self,
        event_id: str | None = None,
        *,
        since: float | None = None,
        after: str | None = None,
        limit: int = USUAL,
    ) -> StoreFuture[Page[Quarantined]]:
        """Return what was kept without being passed on: unreadable bodies, and conflicts."""
        return self.store.read(
            lambda c: history.quarantined(
                c, event_id=event_id, since=since, after=after, limit=limit
            )
        )

    def quarantined_body(self, no: int) -> StoreFuture[bytes | None]:
        """Return the bytes of one entry of the quarantine, by its number; None if there is none."""
        return self.store.read(lambda c: history.quarantined_body(c, self.store.sealer, no))

    def replay(self, destination: str, event_id: str) -> StoreFuture[bool]:
        """Send an event once more, under its old id.

        False if it, or the destination, is unknown, if it is pending there, or if it is of an owner
        whose events don't go there.
        """

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
        """

        def step(connection: sa.Connection, after: str | None) -> replay.Replayed:
            self._tell(connection)
            now = self.store.now(connection)
            return replay.replay_some(
                connection, wanted or Filter(), dead_only=dead_only, after=after, now=now
            )

        return replay.replay_all(self.store, step)

    def backlog(self) -> StoreFuture[Backlog]:
        """Return how much is pending, and how old the oldest of it is, by kind of sink.

        What was read a short while ago is returned again: a large backlog takes time to count.
        """
        return self.figures.backlog(self.store)

    def _tell(self, connection: sa.Connection) -> None:
        """Have the dispatchers look once this transaction is committed."""
        raise TypeError(f"{type(self).__name__} must say how")
