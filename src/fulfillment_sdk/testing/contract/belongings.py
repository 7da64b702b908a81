"""What a process has: a sink that is closed leaves no more of it than there was."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import attrs


@attrs.frozen
class Belongings:
    """How many threads and open files this process has."""

    threads: int
    files: int

    @classmethod
    def now(cls) -> Belongings:
        """Count them; where a system has no list of open files, there are none."""
        folder = Path("/dev/fd")
        return cls(threading.active_count(), len(list(folder.iterdir())) if folder.exists() else 0)

    def outgrown_by(self, count: int, *, patience: float) -> str:
        """Say what there is `count` more of, if it stays so for `patience` seconds; else nothing.

        A peer takes a moment to hang up, and a thread to end.
        """
        until = time.monotonic() + patience
        while more := self._more(Belongings.now(), count):
            if time.monotonic() > until:
                return more
            time.sleep(0.02)
        return ""

    def _more(self, now: Belongings, count: int) -> str:
        grown = {"threads": now.threads - self.threads, "open files": now.files - self.files}
        return " and ".join(f"{number} {what}" for what, number in grown.items() if number >= count)
