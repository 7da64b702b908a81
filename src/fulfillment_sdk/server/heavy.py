"""Work that keeps a core busy: a few pieces at once in threads, the others wait their turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

AT_ONCE: Final = 2
"""As many as leave a small server time for everything else."""
WAITING: Final = 16
"""As many as get their turn before whoever asked has given up."""

P = ParamSpec("P")
T = TypeVar("T")


class Busy(Exception):
    """Too many wait already: to be answered with 503 and ``Retry-After``."""

    def __init__(self) -> None:
        super().__init__("too many wait for heavy work")


class Heavy:
    """Runs at most ``at_once`` pieces of work in threads; at most ``waiting`` more wait."""

    def __init__(self, at_once: int = AT_ONCE, *, waiting: int = WAITING) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._here = 0

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``work`` returns, once it had its turn; raises ``Busy`` where that is far."""
        if self._here >= self._most:
            raise Busy
        self._here += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work, *args, **kwargs)
        finally:
            self._here -= 1
