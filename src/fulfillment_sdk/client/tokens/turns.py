"""One at a time in what is done to a token's file, also among processes."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_OPEN: Final = os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW


@contextlib.contextmanager
def turn(path: Path, *, make: bool = False) -> Iterator[None]:
    """Wait until nobody else replaces or removes the file at `path`, and keep them waiting.

    It is the file itself that is locked, so nothing is left beside it; with `make` a missing one
    is made, empty, as only what is there can be. Where a file can't be locked (one of another
    user, a file system that knows no locks) nobody is waited for. Raises FileNotFoundError where
    there is none, and OSError.
    """
    descriptor = _locked(path, _OPEN | os.O_CREAT if make else _OPEN)
    try:
        yield
    finally:
        if descriptor is not None:
            # A child that was forked meanwhile has the descriptor too, and would keep the lock.
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)


def _locked(path: Path, flags: int) -> int | None:
    while True:
        try:
            descriptor = os.open(path, flags, 0o600)
        except PermissionError:
            return None
        try:
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_at(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # whoever had their turn before has put another in its place


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
