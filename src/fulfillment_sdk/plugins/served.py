"""Who has got an event already, where one delivery goes to several: nobody is told twice."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_EVENTS: Final = 1000


class Served(Generic[T]):
    """Remembers, for the events that failed last, which of their recipients were served.

    In this process: after a restart an event that had reached some of them is sent to all.
    """

    def __init__(self, most: int = _EVENTS) -> None:
        self._most = most
        self._by_event: OrderedDict[str, frozenset[T]] = OrderedDict()
        self._gate = threading.Lock()

    def left(self, event_id: str, recipients: Sequence[T]) -> list[T]:
        """Return the recipients that have not got this event."""
        with self._gate:
            done = self._by_event.get(event_id, frozenset())
        return [one for one in recipients if one not in done]

    def note(self, event_id: str, recipients: Iterable[T]) -> None:
        """Remember that these have got it."""
        with self._gate:
            done = self._by_event.pop(event_id, frozenset())
            self._by_event[event_id] = done.union(recipients)
            while len(self._by_event) > self._most:
                self._by_event.popitem(last=False)

    def forget(self, event_id: str) -> None:
        """Forget an event that is done with."""
        with self._gate:
            self._by_event.pop(event_id, None)
