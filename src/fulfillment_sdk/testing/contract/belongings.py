"""What a process has: a sink that is closed leaves no more of it than there was."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import attrs


@attrs.frozen
class Belongings:
    """Which threads and open files this process has.

    They are told from one another, not counted: what others end meanwhile makes up for no leak.
    """

    threads: frozenset[threading.Thread]
    files: frozenset[tuple[int, int, int]]

    @classmethod
    def now(cls) -> Belongings:
        """Look; where a system has no list of open files, there are none."""
        return cls(frozenset(threading.enumerate()), frozenset(_open_files()))

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
        new = {"threads": now.threads - self.threads, "open files": now.files - self.files}
        return " and ".join(
            f"{len(them)} {what}" for what, them in new.items() if len(them) >= count
        )


def _open_files() -> Iterator[tuple[int, int, int]]:
    folder = Path("/dev/fd")
    for entry in folder.iterdir() if folder.exists() else ():
        with contextlib.suppress(OSError, ValueError):  # the one that the list was read from
            found = os.fstat(int(entry.name))
            yield int(entry.name), found.st_dev, found.st_ino
