"""The kernel's own limits, for a while: a disk that is full, a process without descriptors."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator


@contextlib.contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Let the kernel write files up to a size, and break off in the middle of what is more."""
    with _limited(resource.RLIMIT_FSIZE, size):
        yield


@contextlib.contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Let nothing more be opened."""
    with _limited(resource.RLIMIT_NOFILE, 0):
        yield


@contextlib.contextmanager
def _limited(what: int, soft: int) -> Iterator[None]:
    before = resource.getrlimit(what)
    resource.setrlimit(what, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(what, before)
