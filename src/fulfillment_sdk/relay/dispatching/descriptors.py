"""File descriptors: how many this process may open, and what it looks like when there are none."""

from __future__ import annotations

import errno
import os
import sys

if sys.platform != "win32":
    import resource

USUAL = 1024
"""The limit that most systems begin with."""

_NONE_LEFT = frozenset({errno.EMFILE, errno.ENFILE})


def limit() -> int:
    """Return how many files and sockets this process may have open at once."""
    if sys.platform == "win32":
        return USUAL
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2**31 - 1 if soft == resource.RLIM_INFINITY else soft


def raise_limit() -> None:
    """Let this process open as many as its administrator allows; where that fails, no more.

    The lower limit is there for programs that wait with `select`, which this one does not.
    """
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):  # macOS promises more than it gives
        return


def none_left(error: BaseException) -> bool:
    """Tell whether this is why something failed."""
    return isinstance(error, OSError) and error.errno in _NONE_LEFT


def one_is_free() -> bool:
    """Tell whether a file could be opened now."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return not none_left(error)
    return True
