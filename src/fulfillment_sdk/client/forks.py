"""Notices that the process has forked since: connections are its parent's then."""

from __future__ import annotations

import os
from collections.abc import Callable


class Forks:
    """Calls `leave` before anything else is done in a process that was forked.

    On a connection that two processes use, one reads what the other has asked for. `leave` is to
    be harmless if threads of the child call it at the same time: a lock could have been held when
    the process forked, and would then be held for ever.
    """

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave
        self._pid = os.getpid()

    def check(self) -> None:
        """Look which process this is."""
        if (pid := os.getpid()) != self._pid:
            self._leave()
            self._pid = pid  # only now: another thread would go on with the parent's
