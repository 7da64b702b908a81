"""Adds a process's counts to everybody's, behind the answers and at most once a second."""

from __future__ import annotations

import logging
import os
import secrets
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import sqlalchemy as sa

from fulfillment_sdk.errors import FulfillmentError, StoreError
from fulfillment_sdk.receiver.secrets import totals
from fulfillment_sdk.receiver.secrets.uses import SecretUse, SecretUses, in_order
from fulfillment_sdk.relay import Relay
from fulfillment_sdk.store import StoreFuture

logger = logging.getLogger(__name__)

SAVED_AFTER = 1.0
"""Seconds after which a count is saved; a process that is killed takes so much of it along."""

_LONGEST = 2.0  # seconds that the end of a process waits for a database


class Tally:
    """Counts in this process, and adds that up with what others have counted.

    Args:
        fingerprints: those of the secrets that count at the moment, newest first.
        clock: epoch seconds.
        relay: whose database it is; None while that is not open.
    """

    def __init__(
        self,
        fingerprints: Callable[[], Sequence[str]],
        clock: Callable[[], float],
        relay: Callable[[], Relay | None],
    ) -> None:
        self._uses = SecretUses()
        self._fingerprints = fingerprints
        self._clock = clock
        self._relay = relay
        # By process: a forked child is another one.
        self._names: dict[int, str] = {}
        self._soon: set[int] = set()
        self._taken_over: set[str] = set()

    def note(self, known_as: str, now: float) -> None:
        """Count a notification that the secret of this fingerprint spoke for; it is saved soon."""
        self._uses.note(known_as, now)
        if (here := os.getpid()) in self._soon:
            return
        self._soon.add(here)
        timer = threading.Timer(SAVED_AFTER, self._save_in_time)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:  # no thread is left: the next notification, or the end, saves it
            self._soon.discard(here)

    def told_here(self) -> Sequence[SecretUse]:
        """Tell what this process has counted, in the order of the secrets."""
        return in_order(self._uses.counts(), self._fingerprints())

    def told(self, relay: Relay) -> StoreFuture[Sequence[SecretUse]]:
        """Tell what all processes have counted, in the order of the secrets."""
        return self._write(relay)

    def save(self, relay: Relay) -> None:
        """Save what is not saved yet; what can't be is kept for the next time."""
        if not self._uses.are_unsaved:
            return
        try:
            future = self._write(relay)
            try:
                future.result(_LONGEST)
            finally:
                future.cancel()
        except Exception as error:  # noqa: BLE001 - a count is never worth more than a line
            told = error.message if isinstance(error, FulfillmentError) else type(error).__name__
            logger.warning("which secrets are in use can't be saved just now: %s", told)

    def _save_in_time(self) -> None:
        self._soon.discard(os.getpid())
        relay = self._relay()
        if relay is not None:
            self.save(relay)

    def _write(self, relay: Relay) -> StoreFuture[Sequence[SecretUse]]:
        name, now = self._name(), self._clock()
        taken, fingerprints = self._uses.take(), self._fingerprints()

        def write(connection: sa.Connection) -> Sequence[SecretUse]:
            totals.add(connection, name, taken)
            if name not in self._taken_over:
                totals.take_over(connection, name, now=now)
            return totals.total(connection, fingerprints)

        def written(future: Future[Sequence[SecretUse]]) -> None:
            if future.cancelled() or future.exception() is not None:
                self._uses.give_back(taken)
            else:
                self._taken_over.add(name)

        try:
            future = relay.store.write(write)
        except StoreError:  # it is closed
            self._uses.give_back(taken)
            raise
        future.add_done_callback(written)
        return future

    def _name(self) -> str:
        return self._names.setdefault(os.getpid(), secrets.token_hex(8))
