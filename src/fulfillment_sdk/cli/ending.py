"""The end of a command's process, which no plugin's thread may hold up."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress

PATIENCE_SECONDS = 2.0

log = logging.getLogger(__name__)


@contextmanager
def ends_in_time(
    *, patience: float = PATIENCE_SECONDS, leave: Callable[[int], object] = os._exit
) -> Iterator[None]:
    """End the process with the status that the block exits with, whatever still runs then.

    Python waits for every thread that is no daemon, and a sink may have begun one that hangs.

    Args:
        patience: seconds that threads get.
        leave: ends the process at once, with a status.
    """
    before = frozenset(threading.enumerate())
    try:
        yield
    except SystemExit as end:
        if _hangs(before, patience):
            log.error("threads do not end, and are left behind")
            leave(_status(end))
        raise


def _hangs(before: Collection[threading.Thread], patience: float) -> bool:
    ends = time.monotonic() + patience
    begun = [one for one in threading.enumerate() if one not in before and not one.daemon]
    for thread in begun:
        thread.join(max(0.0, ends - time.monotonic()))
    return any(thread.is_alive() for thread in begun)


def _status(end: SystemExit) -> int:
    """Return the status that Python would end with, having written what it would write."""
    if end.code is None or isinstance(end.code, int):
        status = end.code or 0
    else:
        sys.stderr.write(f"{end.code}\n")
        status = 1
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # closed, or nobody reads it any more
            stream.flush()
    return status
