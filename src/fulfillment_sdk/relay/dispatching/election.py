"""Which process dispatches: on SQLite one per database, by a file lock; on a server all of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from filelock import FileLock, Timeout

from fulfillment_sdk.store.engine import is_sqlite, sqlite_path

log = logging.getLogger("fulfillment_sdk.relay")


WAITS = "another process dispatches this database: waiting for its end"


class Election:
    """A lock beside an SQLite file, held by its one dispatcher and freed with that process.

    Args:
        url: the database's.
        poll: seconds between tries while another process holds it.
        on_turn: called with False once if another process holds it, and with True when it is won.
    """

    def __init__(
        self, url: str, *, poll: float, on_turn: Callable[[bool], None] | None = None
    ) -> None:
        self._poll = poll
        self._on_turn = on_turn or (lambda _ours: None)
        self._lock: FileLock | None = None
        if is_sqlite(url):
            path = sqlite_path(url)  # of the file itself: all names of it lead to one lock
            self._lock = FileLock(
                path.with_name(f"{path.name}.dispatcher"), thread_local=False, mode=0o600
            )

    async def win(self) -> bool:
        """Return once this process may dispatch: True if no other one may."""
        told = ""
        while self._lock is not None:
            try:
                self._lock.acquire(blocking=False)
            except Timeout:
                if told != (told := WAITS):
                    log.info(WAITS)
                    self._on_turn(False)
            except OSError as error:
                # Somebody may put that right: the file is another user's, or its disk was full.
                if told != (told := f"{type(error).__name__}: {error.strerror}"):
                    log.error(
                        "nothing is dispatched: the lock file %s can't be used (%s); delete it, or"
                        " make it this user's",
                        self._lock.lock_file,
                        told,
                    )
            else:
                break
            await asyncio.sleep(self._poll)
        self._on_turn(True)
        return self._lock is not None

    def release(self) -> None:
        """Let another process dispatch."""
        if self._lock is not None:
            self._lock.release(force=True)
