"""Which of the live secrets notifications are signed with: when the old one is done."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

import attrs


@attrs.frozen
class SecretUse:
    """How one secret was of use since this process began.

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
        here = self._here()
        with here.lock:
            here.uses[index] = SecretUse(index, here.uses[index].count + 1, now)

    def told(self) -> Sequence[SecretUse]:
        """Return what was counted in this process, in the order of the secrets."""
        here = self._here()
        with here.lock:
            return tuple(here.uses)

    def _here(self) -> _Counts:
        found = self._of_process.get(os.getpid())
        return found or self._of_process.setdefault(os.getpid(), _Counts.of(self._secrets))


@attrs.frozen
class _Counts:
    uses: list[SecretUse]
    lock: threading.Lock = attrs.field(factory=threading.Lock)

    @classmethod
    def of(cls, secrets: int) -> _Counts:
        return cls([SecretUse(index) for index in range(secrets)])
