"""When a file is laid aside, what it is called then, and which of those are let go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

import attrs


@attrs.frozen
class Rotation:
    """What the settings say of it.

    Args:
        most_bytes: a file gets no line that would make it larger, unless it is the first.
        daily: a file holds lines of one day (UTC).
        keep: files laid aside that are kept; None for all.
    """

    most_bytes: int | None = None
    daily: bool = False
    keep: int | None = None

    def is_due(self, *, size: int, written_at: float, adding: int, now: float) -> bool:
        """Tell whether a file is to be laid aside before a line is added.

        `size` and `adding` are bytes; `written_at`, when something was last added to it, and `now`
        are epoch seconds. A clock that was set back makes nothing due.
        """
        if size == 0:
            return False
        if self.most_bytes is not None and size + adding > self.most_bytes:
            return True
        return self.daily and day_of(written_at) < day_of(now)

    def fitting(self, lines: Sequence[bytes], *, size: int) -> int:
        """Return how many of the lines a file of `size` bytes takes: the first one always."""
        if self.most_bytes is None:
            return len(lines)
        count = 0
        for line in lines:
            size += len(line)
            if count and size > self.most_bytes:
                break
            count += 1
        return count


def day_of(epoch: float) -> date:
    """Return the day of a time, in UTC."""
    return datetime.fromtimestamp(epoch, UTC).date()


@attrs.frozen
class Names:
    """What the files beside `<stem><suffix>` are called: `<stem>.2025-04-06.0001<suffix>`."""

    stem: str
    suffix: str

    def next(self, names: Iterable[str], *, day: date) -> str:
        """Return a name that is free, and behind all others of that day."""
        numbers = [number for on, number, _ in self._laid_aside(names) if on == day.isoformat()]
        return f"{self.stem}.{day.isoformat()}.{max(numbers, default=0) + 1:04d}{self.suffix}"

    def outdated(self, names: Iterable[str], *, keep: int | None) -> list[str]:
        """Return those that are more than may be kept, oldest first."""
        laid_aside = [name for _, _, name in sorted(self._laid_aside(names))]
        return [] if keep is None else laid_aside[: max(0, len(laid_aside) - keep)]

    def _laid_aside(self, names: Iterable[str]) -> list[tuple[str, int, str]]:
        pattern = re.compile(
            rf"{re.escape(self.stem)}\.(\d{{4}}-\d\d-\d\d)\.(\d{{4,9}}){re.escape(self.suffix)}",
            re.ASCII,
        )
        found = [(name, pattern.fullmatch(name)) for name in names]
        return [(match[1], int(match[2]), name) for name, match in found if match is not None]
