"""How often each secret was of use in this process."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import attrs


@attrs.frozen
class SecretUse:
    """How one secret was of use.

    Args:
        index: its place among the receiver's secrets, the newest being 0.
        count: notifications that were taken for its signature.
        last_at: when the last of them came, epoch seconds; None where there was none.
    """

    index: int
    count: int = 0
    last_at: float | None = None


@attrs.frozen
class Count:
    """How often something was of use, and when the last time was, epoch seconds."""

    count: int = 0
    last_at: float | None = None

    def __add__(self, other: Count) -> Count:
        times = [at for at in (self.last_at, other.last_at) if at is not None]
        return Count(self.count + other.count, max(times, default=None))


Counts: TypeAlias = Mapping[str, Count]
"""How often each secret was of use, by its fingerprint."""


def in_order(counts: Counts, fingerprints: Sequence[str]) -> Sequence[SecretUse]:
    """Return the counts of these secrets, in their order."""
    found = (counts.get(known_as, Count()) for known_as in fingerprints)
    return tuple(SecretUse(index, one.count, one.last_at) for index, one in enumerate(found))


class SecretUses:
    """Counts, for each secret, the notifications that it was the first to match.

    A secret is known by its fingerprint: its place among the others changes with them.
    """

    def __init__(self) -> None:
        # A forked child counts anew, with a lock that no thread of its parent holds.
        self._of_process: dict[int, _Here] = {}

    def note(self, known_as: str, now: float) -> None:
        """Count a notification that this secret's signature spoke for, at `now`."""
        here, one = self._here(), {known_as: Count(1, now)}
        with here.lock:
            _add(here.counts, one)
            _add(here.unsaved, one)

    def counts(self) -> Counts:
        """Return what was counted in this process."""
        here = self._here()
        with here.lock:
            return dict(here.counts)

    @property
    def are_unsaved(self) -> bool:
        """Whether anything was counted in this process since the last `take`."""
        return bool(self._here().unsaved)

    def take(self) -> Counts:
        """Return what has been counted since the last time: the caller saves it."""
        here = self._here()
        with here.lock:
            taken = dict(here.unsaved)
            here.unsaved.clear()
        return taken

    def give_back(self, taken: Counts) -> None:
        """Put back what could not be saved, for the next time."""
        here = self._here()
        with here.lock:
            _add(here.unsaved, taken)

    def _here(self) -> _Here:
        found = self._of_process.get(os.getpid())
        return found or self._of_process.setdefault(os.getpid(), _Here())


@attrs.frozen
class _Here:
    counts: dict[str, Count] = attrs.field(factory=dict)
    unsaved: dict[str, Count] = attrs.field(factory=dict)
    lock: threading.Lock = attrs.field(factory=threading.Lock)


def _add(counts: dict[str, Count], more: Counts) -> None:
    for known_as, one in more.items():
        counts[known_as] = counts.get(known_as, Count()) + one
