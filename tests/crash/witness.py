"""What processes that may be killed at any moment tell: a file that each line is appended to.

A line is in the file once it is written, whatever becomes of the process a moment later.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import attrs

What = Literal["handed", "acknowledged", "arrived", "pausing", "lost", "failed"]


@attrs.frozen
class Told:
    """A line: in which life of the relay what happened to which event.

    `handed` is told before an event is handed to `accept`; `acknowledged` once its future has
    resolved, with what it said as `note`; `arrived` by a sink that has the event, before it
    answers. `pausing`, `lost` and `failed` are about the process: it stops for a while, a
    settlement came too late, it ends by an error.
    """

    what: What
    life: int
    event_id: str = ""
    case: str = ""
    sequence: int = 0
    destination: str = ""
    note: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Which delivery it is about."""
        return self.destination, self.event_id


@attrs.frozen
class Witness:
    """The file."""

    path: Path

    def tell(self, told: Told) -> None:
        """Append a line, in one system call: several processes write here."""
        line = json.dumps(attrs.asdict(told)).encode() + b"\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def lines(self, what: What | None = None) -> Iterator[Told]:
        """Go through what was told until now, in its order."""
        if not self.path.exists():
            return
        for line in self.path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                told = Told(**json.loads(line))
                if what in (None, told.what):
                    yield told
