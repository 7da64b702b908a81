"""What must reach a plugin when a case runs through the documents' timeline, and what did."""

from __future__ import annotations

import queue
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

from attrs import frozen

from fulfillment_sdk.models import (
    CASE_COMPLETED,
    STATUS_CHANGED,
    CaseCompleted,
    CaseEvent,
    StatusChanged,
)
from fulfillment_sdk.plugins import hookimpl
from fulfillment_sdk.times import parse_time


@frozen
class Arrival:
    """A notification as it reached the plugin, and how long after the change, in milliseconds."""

    event: CaseEvent
    milliseconds: float

    @property
    def name(self) -> str:
        """The new status, or `completed`."""
        return name_of(self.event.type, self.event.new_status)


def name_of(kind: str, status: str) -> str:
    """Return how the demo calls a notification: by its new status, or `completed`."""
    return "completed" if kind == CASE_COMPLETED else status


TIMELINE = ("new", "allocated", "in_progress", "submitted", "qc_passed")
EXPECTED = (*(name_of(STATUS_CHANGED, status) for status in TIMELINE), "completed")
"""The notifications of the documents' timeline, in order."""


def faults(names: Sequence[str], expected: Sequence[str] = EXPECTED) -> list[str]:
    """Say what is wrong with the notifications that arrived; empty if nothing is.

    `names` are those that arrived, in this order. All that are expected must be there, once each,
    in the expected order, and no other.
    """
    counts = Counter(names)
    found = [f"{name} is missing" for name in expected if not counts[name]]
    found += [f"{name} arrived {count} times" for name, count in counts.items() if count > 1]
    found += [f"{name} was not expected" for name in counts if name not in expected]
    place = {name: index for index, name in enumerate(expected)}
    known = [name for name in dict.fromkeys(names) if name in place]
    found += [
        f"{later} arrived before {earlier}"
        for later, earlier in pairwise(known)
        if place[later] > place[earlier]
    ]
    return found


class Watch:
    """The plugin: it hands every notification that reaches it to whoever waits for it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._queue: queue.Queue[Arrival] = queue.Queue()

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        """Take a status update."""
        self._take(event)

    @hookimpl
    def fulfillment_case_completed(self, event: CaseCompleted) -> None:
        """Take a completion."""
        self._take(event)

    def next(self, *, seconds: float) -> Arrival | None:
        """Wait for the next notification; None if none comes in time."""
        try:
            return self._queue.get(timeout=max(seconds, 0.001))
        except queue.Empty:
            return None

    def _take(self, event: CaseEvent) -> None:
        since = self._clock() - parse_time(event.changed_at).timestamp()
        self._queue.put(Arrival(event, since * 1000))
