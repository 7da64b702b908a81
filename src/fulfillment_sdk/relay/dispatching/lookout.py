"""Which destinations have lanes due, as far as is known without asking again."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import attrs

FREE_SECONDS = 0.001  # a look that takes no longer than this may be taken at any time
SPARE = 4.0  # a longer one not before so many times its own length has passed


@attrs.define
class Lookout:
    """Remembers what the last look showed and what was learnt since.

    A look costs something for each destination that has anything pending, so it is rationed:
    with thousands of them a turn costs what is due, and the looks a fifth of the time at most.

    Args:
        every: seconds after which a look is to be taken again, whatever is known.
    """

    every: float = attrs.field(default=math.inf, kw_only=True)
    _due: dict[int, float] = attrs.field(factory=dict)
    _not_before: float = 0.0
    _stale_at: float = -math.inf
    _news: list[tuple[int, float]] = attrs.field(factory=list)

    def may_look(self, steady: float) -> bool:
        """Tell whether a look is affordable now."""
        return steady >= self._not_before

    def is_stale(self, steady: float) -> bool:
        """Tell whether the last look is too long ago: others may have put lanes back since."""
        return steady >= self._stale_at

    def next_look(self, *, wanted: bool) -> float:
        """Return when the next look may be taken that is `wanted`, or that is to be taken anyway.

        Seconds since whenever.
        """
        return self._not_before if wanted else max(self._not_before, self._stale_at)

    def due(self, now: float) -> list[int]:
        """Return the destinations that have, or may have, a lane due; the longest due first.

        What is told from here to `learn` counts as news of which a claim knew nothing.
        """
        self._news.clear()
        return due_of(self._due, now)

    def learn(
        self,
        *,
        found: Mapping[int, float] | None = None,
        took: float = 0.0,
        exhausted: Iterable[int] = (),
        later: Mapping[int, float] = MappingProxyType({}),
        steady: float,
    ) -> None:
        """Take in what a turn showed.

        Args:
            found: the answer of a look, if it took one.
            took: the seconds that it took.
            exhausted: where a claim brought less than it asked for, so that nothing more is due.
            later: when the first lane comes due there, of which nothing is due now.
            steady: seconds since whenever.
        """
        if found is not None:
            self._due = dict(found)
            self._not_before = steady if took <= FREE_SECONDS else steady + SPARE * took
            self._stale_at = steady + self.every
        for no in exhausted:
            self._due.pop(no, None)
        self._due.update(later)
        for no, at in self._news:
            self._note(no, at)
        self._news.clear()

    def expect(self, no: int, at: float) -> None:
        """Note that a lane was put back, to be due at `at` if anything is left in it."""
        self._news.append((no, at))
        self._note(no, at)

    def next_due(self, now: float) -> float | None:
        """Return when the next destination comes due that is not due yet."""
        return min((at for at in self._due.values() if at > now), default=None)

    def shift(self, seconds: float) -> None:
        """Move along with a clock that was set by so many seconds."""
        self._due = {no: at + seconds for no, at in self._due.items()}

    def _note(self, no: int, at: float) -> None:
        known = self._due.get(no)
        if known is None or at < known:
            self._due[no] = at


def due_of(earliest: Mapping[int, float], now: float) -> list[int]:
    """Return those that are due, the longest due first."""
    return [no for _, no in sorted((at, no) for no, at in earliest.items() if at <= now)]
