"""Taking one notification in: verified, read, stored or put aside, and only then answered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

import attrs

from fulfillment_sdk.errors import FulfillmentError, StoreError
from fulfillment_sdk.notifications import MAX_BODY, Notification, read_notification
from fulfillment_sdk.receiver.cases.arrivals import LONGEST_CASE_ID, arrival_of
from fulfillment_sdk.receiver.cases.ledger import Ledger
from fulfillment_sdk.receiver.reply import (
    NOT_STORED,
    SEEN,
    STORED,
    TOO_LARGE,
    UNSIGNED,
    Reply,
    refuse_head,
)
from fulfillment_sdk.receiver.secrets.live import LiveSecrets
from fulfillment_sdk.receiver.secrets.tally import Tally
from fulfillment_sdk.receiver.steps import Steps
from fulfillment_sdk.relay.tables.words import id_word

logger = logging.getLogger(__name__)

_OF_THE_HOST = (StoreError, OSError, MemoryError)
"""What says nothing about an event: sent again, it may well be stored. (Time-outs are among it.)"""


@attrs.frozen
class Intake:
    """Answers requests with what became of them.

    Args:
        secrets: the live ones.
        clock: epoch seconds.
        ledger: where notifications are kept by their case; returns None while it is not open.
        tally: counts which of the secrets they are signed with.
    """

    secrets: LiveSecrets
    clock: Callable[[], float]
    ledger: Callable[[], Ledger | None]
    tally: Tally

    def answer(self, method: str, headers: Mapping[str, str], body: bytes) -> Steps[Reply]:
        """Answer one request; raises nothing but what the steps themselves are ended by.

        `headers` are the request's, in any case, `body` its bytes as they came.
        """
        refused = refuse_head(method, headers) or (TOO_LARGE if len(body) > MAX_BODY else None)
        if refused is not None:
            return refused
        told = "a notification"
        try:
            now = self.clock()
            ring = self.secrets.now()
            notification = read_notification(headers, body, ring.secrets, now)
            if notification.kind == "refused":
                logger.warning("a notification is refused: %s", notification.why)
                return UNSIGNED
            told = f"notification {id_word(notification.id)}"
            self.tally.note(ring.fingerprints[notification.secret_index], now)
            return (yield from self._keep(notification, body))
        except Exception as error:  # noqa: BLE001 - whatever kept it from being stored: not a 2xx
            logger.error("%s is not stored: %s", told, in_short(error))
            return NOT_STORED

    def _keep(self, notification: Notification, body: bytes) -> Steps[Reply]:
        ledger = self.ledger()
        if ledger is None:
            raise StoreError("The store is not open")
        if notification.event is None:
            return (yield from self._put_aside(ledger, notification, body, notification.why))
        if len(notification.event.case_id or "") > LONGEST_CASE_ID:
            why = f"its case's id is longer than {LONGEST_CASE_ID} characters"
            return (yield from self._put_aside(ledger, notification, body, why))
        try:
            accepted = yield ledger.take(arrival_of(notification.event, body))
        except _OF_THE_HOST:
            raise
        except Exception as error:  # noqa: BLE001 - it is the event that the database refuses
            why = f"it can't be stored as an event ({type(error).__name__})"
            return (yield from self._put_aside(ledger, notification, body, why))
        if accepted.status == "conflict":
            logger.warning(
                "notification %s came again with other bytes: kept apart", id_word(notification.id)
            )
        return SEEN if accepted.status == "duplicate" else STORED

    def _put_aside(
        self, ledger: Ledger, notification: Notification, body: bytes, why: str
    ) -> Steps[Reply]:
        yield ledger.relay.quarantine(notification.id, body, why)
        told = id_word(notification.id)
        logger.warning("notification %s is kept but not passed on: %s", told, why)
        return STORED


def in_short(error: Exception) -> str:
    """Return what may be logged of an error: our own words, or just its type."""
    return error.message if isinstance(error, FulfillmentError) else type(error).__name__
