"""Progress on standard error: a line that changes on a terminal, else a line for each step."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

_EVERY_SECONDS = 0.2


class Bar:
    """Shows what is being done and how far it is.

    Args:
        stream: where to; None for standard error.
        timer: seconds that only go on.
    """

    def __init__(
        self, stream: TextIO | None = None, *, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream or sys.stderr
        self._timer = timer
        self._what = ""
        self._next = 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show one step; `done` and `total` are bytes, and 0 where nobody knows."""
        changes = self._stream.isatty()
        new, ended, now = what != self._what, done >= total, self._timer()
        if changes:
            if new and self._what:
                self._stream.write("\n")
            if new or ended or now >= self._next:
                self._stream.write(f"\r{line(what, done, total)}\x1b[K")
                self._next = now + _EVERY_SECONDS
        elif new:
            self._stream.write(f"{what}\n")
        self._what = what
        self._stream.flush()

    def end(self) -> None:
        """Leave the line, if there is one."""
        if self._what and self._stream.isatty():
            self._stream.write("\n")
            self._stream.flush()


def line(what: str, done: int, total: int) -> str:
    """Write how far something is."""
    return f"{what}: {size(done)} of {size(total)}" if total else what


def size(number: int) -> str:
    """Write a number of bytes for people."""
    amount = float(number)
    for unit in ("bytes", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
