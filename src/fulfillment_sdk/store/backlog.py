"""Writes that wait for a thread, and how many of them one transaction takes."""

from __future__ import annotations

import threading
from collections import deque

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.store.task import Entry


class Backlog:
    """A queue of writes that several threads take from, in the order they came in."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, entry: Entry) -> None:
        """Queue a write.

        Raises:
            StoreError: the store is closed.
        """
        with self._changed:
            if self._closed:
                raise StoreError("The store is closed")
            self._entries.append(entry)
            self._changed.notify()

    def close(self) -> None:
        """Take nothing more in; what is queued is still taken out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wait(self) -> bool:
        """Return once something is queued; False at the end of a closed queue."""
        with self._changed:
            while not self._entries and not self._closed:
                self._changed.wait()
            return bool(self._entries)

    def take(self, most: int | None = None) -> list[Entry]:
        """Take what is queued and was not cancelled, whatever it is."""
        with self._changed:
            number = len(self._entries) if most is None else min(most, len(self._entries))
            taken = [self._entries.popleft() for _ in range(number)]
        return _running(taken)

    def take_alike(self, most: int) -> list[Entry]:
        """Take the first, and what is queued behind it for the same call."""
        with self._changed:
            if not self._entries:
                return []
            taken = [self._entries.popleft()]
            if (many := taken[0].many) is not None:
                others: deque[Entry] = deque()
                for entry in self._entries:
                    alike = entry.many == many and len(taken) < most
                    (taken if alike else others).append(entry)
                self._entries = others
        return _running(taken)


def _running(entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.future.set_running_or_notify_cancel()]
