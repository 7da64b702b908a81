"""Noticing that a loop stands still: an `async def` of a stranger's that blocks stops all others.

Nobody can take the loop from it; but nothing would say why nothing is passed on any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from fulfillment_sdk.store.threads import begin

LOOK_EVERY = 1.0  # seconds
LOOKS = 10  # in vain, after which it is told; counted, since a process may be stopped meanwhile
LOOKS_BETWEEN = 60  # until it is told again

_OURS = str(Path(__file__).parents[2])

log = logging.getLogger("fulfillment_sdk.relay")


class BlockedLoop:
    """Asks a loop for a sign of life again and again, from a thread of its own.

    Args:
        loop: runs in the thread that makes this.
        what: is the matter then.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, *, what: str = "nothing is passed on"
    ) -> None:
        self._loop = loop
        self._what = what
        self._thread = threading.get_ident()
        self._answered = threading.Event()
        self._answered.set()
        self._in_vain = 0
        self._ended = threading.Event()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Look after it for as long as the block runs, if there is a thread for that."""
        begin(self._work, "fulfillment-watch")
        try:
            yield
        finally:
            self._ended.set()

    def _work(self) -> None:
        while not self._ended.wait(LOOK_EVERY):
            with contextlib.suppress(RuntimeError):  # the loop was closed at this moment
                self.look()

    def look(self) -> None:
        """Ask it, if it has answered the last time; say so where it has not for long."""
        if self._answered.is_set():
            self._answered.clear()
            self._in_vain = 0
            self._loop.call_soon_threadsafe(self._answered.set)
            return
        self._in_vain += 1
        if self._in_vain % LOOKS_BETWEEN == LOOKS:
            log.error(
                "%s: the loop has been blocked for %.0f s, at %s; what blocks must be a plain def,"
                " or be awaited in a thread",
                self._what,
                self._in_vain * LOOK_EVERY,
                place_of(sys._current_frames().get(self._thread)),
            )


def place_of(frame: FrameType | None) -> str:
    """Return where a stranger's code that our own has called is, as file and line."""
    inner = frame
    while frame is not None and not frame.f_code.co_filename.startswith(_OURS):
        if frame.f_globals.get("__package__") != "pluggy":  # which stands between, for a hook
            inner = frame
        frame = frame.f_back
    return "an unknown place" if inner is None else f"{inner.f_code.co_filename}:{inner.f_lineno}"
