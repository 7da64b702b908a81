"""Who does nothing with an event still notes that it came: 16 bytes in a file, at one system call.

All contenders do it alike, from however many processes, and the file tells what was delivered, in
which order, and when.
"""

from __future__ import annotations

import os
import struct
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import attrs

_RECORD = struct.Struct("<IIQ")


class Notes:
    """The writing side: appends are whole and in order, also from several processes."""

    def __init__(self, path: Path | str) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def __call__(self, case: int, sequence: int) -> None:
        """Note that event `sequence` of `case` was delivered now."""
        os.write(self._file, _RECORD.pack(case, sequence, time.monotonic_ns()))


@attrs.frozen
class Delivered:
    """What the notes say.

    Args:
        count: deliveries.
        distinct: events among them.
        out_of_order: cases with an event that came first after a later one of its case.
        last: monotonic seconds of the last note.
    """

    count: int
    distinct: int
    out_of_order: int
    last: float

    @property
    def twice(self) -> int:
        """Deliveries of what had been delivered."""
        return self.count - self.distinct


def count_in(path: Path) -> int:
    """Return how many deliveries are noted."""
    try:
        return path.stat().st_size // _RECORD.size
    except FileNotFoundError:
        return 0


def wait_for(path: Path, count: int, *, seconds: float, every: float = 0.005) -> bool:
    """Wait until so many deliveries are noted; False if they did not come in time."""
    end = time.monotonic() + seconds
    while count_in(path) < count:
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True


def records(path: Path) -> Iterator[tuple[int, int, float]]:
    """Return case, sequence and monotonic seconds of each delivery, as they came."""
    for case, sequence, at in _RECORD.iter_unpack(path.read_bytes() if path.exists() else b""):
        yield case, sequence, at / 1e9


def times(path: Path) -> list[float]:
    """Return when each delivery came, in monotonic seconds."""
    return [at for _, _, at in records(path)]


def read(path: Path) -> Delivered:
    """Read the notes, for the check after the run."""
    seen: defaultdict[int, set[int]] = defaultdict(set)
    disordered: set[int] = set()
    count, last = 0, 0.0
    for case, sequence, at in records(path):
        if sequence not in seen[case] and any(sequence < other for other in seen[case]):
            disordered.add(case)
        seen[case].add(sequence)
        count, last = count + 1, max(last, at)
    distinct = sum(len(sequences) for sequences in seen.values())
    return Delivered(count, distinct, len(disordered), last)
