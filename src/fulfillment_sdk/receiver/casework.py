"""What a host asks of its cases: what has come, what became of it, and what the server says."""

from __future__ import annotations

from collections.abc import Sequence

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.receiver.cases.feeds import Feed, HasFeed, feed_of
from fulfillment_sdk.receiver.cases.ledger import Ledgers
from fulfillment_sdk.receiver.cases.reconciling import Reconciliation, reconcile
from fulfillment_sdk.receiver.cases.story import Received, explained, received
from fulfillment_sdk.receiver.running import STORE_SECONDS, Running
from fulfillment_sdk.relay.tables.event_rows import check_storable_id


class Casework(Running):
    """The part of a receiver that tells of its cases."""

    _ledgers: Ledgers
    _feed: Feed | None

    def history(self, case_id: str) -> Sequence[Received]:
        """Return what was received of a case, in order of arrival, and what became of it.

        It waits for the database in this thread; the store is opened if need be. What is older than
        the retention is not in it. Contract, section 4, "Receiver".

        Raises:
            StoreUnavailable: the database can't be used.
            ValueError: no case can have this id: it has a NUL or a lone surrogate, or no end.
        """
        check_storable_id(case_id)
        store = self.relay.store
        return store.read(lambda c: received(c, case_id)).result(STORE_SECONDS)

    def explain(self, case_id: str) -> str:
        """Return in words where a case stands, what is missing, and why something waits or went by.

        Also which plugin or sink has what was passed on, and which not yet, or never. Ids, codes
        and times alone, so that it may be printed and mailed: an id that does not look like one is
        `*`. It waits as `history` does, and raises the same.
        """
        check_storable_id(case_id)
        store = self.relay.store
        return store.read(lambda c: explained(c, case_id)).result(STORE_SECONDS)

    def reconcile(
        self,
        feed: Feed | HasFeed | None = None,
        *,
        case_id: str | None = None,
        repair: bool = False,
    ) -> Reconciliation:
        """Compare what was received with the server's feed of events (contract, section 5).

        It goes through all that the feed shows, in this thread, and can be repeated at any time.
        Events that are under way just then may show as missing.

        Args:
            feed: a `Client`, or a function of a case's id (None for all cases) that returns events;
                by default the receiver's own.
            case_id: compares one case alone; then it also names what the feed does not know.
            repair: whether what is missing is taken in: what its case has gone past is passed on as
                `late`, the rest in its turn.

        Returns:
            what differs; `is_clean` where nothing does, or nothing does any more.

        Raises:
            ConfigurationError: there is no feed.
            StoreUnavailable: the database can't be used.
            ValueError: no case can have this id.
        """
        if case_id is not None:
            check_storable_id(case_id)
        asked = self._feed if feed is None else feed_of(feed)
        if asked is None:
            raise ConfigurationError(
                "There is no feed to compare with", remedy="Give reconcile() a Client."
            )
        ledger = self._ledgers.of(self.relay)
        return reconcile(ledger, asked, case_id=case_id, repair=repair, seconds=STORE_SECONDS)
