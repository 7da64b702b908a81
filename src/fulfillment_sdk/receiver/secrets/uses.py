"""How often each of the live secrets was of use in this process."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

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


class SecretUses:
    """Counts, for each secret, the notifications that it was the first to match.

    Args:
        secrets: how many there are.
    """

    def __init__(self, secrets: int) -> None:
        self._secrets = secrets
        # A forked child counts anew, with a lock that no thread of its parent holds.
        self._of_process: dict[int, _Counts] = {}

    def note(self, index: int, now: float) -> None:
        """Count a notification that this secret's signature spoke for, at `now`."""
        here, one = self._here(), SecretUse(index, 1, now)
        with here.lock:
            here.uses[index] = _together(here.uses[index], one)
            here.put_off(one)

    def told(self) -> Sequence[SecretUse]:
        """Return what was counted in this process, in the order of the secrets."""
        here = self._here()
        with here.lock:
            return tuple(here.uses)

    @property
    def are_unsaved(self) -> bool:
        """Whether anything was counted in this process since the last `take`."""
        return bool(self._here().unsaved)

    def take(self) -> Sequence[SecretUse]:
        """Return what has been counted since the last time: the caller saves it."""
        here = self._here()
        with here.lock:
            taken = tuple(here.unsaved.values())
            here.unsaved.clear()
        return taken

    def give_back(self, taken: Sequence[SecretUse]) -> None:
        """Put back what could not be saved, for the next time."""
        here = self._here()
        with here.lock:
            for use in taken:
                here.put_off(use)

    def _here(self) -> _Counts:
        found = self._of_process.get(os.getpid())
        return found or self._of_process.setdefault(os.getpid(), _Counts.of(self._secrets))


@attrs.frozen
class _Counts:
    uses: list[SecretUse]
    unsaved: dict[int, SecretUse] = attrs.field(factory=dict)
    lock: threading.Lock = attrs.field(factory=threading.Lock)

    def put_off(self, use: SecretUse) -> None:
        self.unsaved[use.index] = _together(self.unsaved.get(use.index), use)

    @classmethod
    def of(cls, secrets: int) -> _Counts:
        return cls([SecretUse(index) for index in range(secrets)])


def _together(one: SecretUse | None, other: SecretUse) -> SecretUse:
    if one is None:
        return other
    times = [at for at in (one.last_at, other.last_at) if at is not None]
    return SecretUse(one.index, one.count + other.count, max(times, default=None))
