"""Whether a plugin is being told something just now: what it sends itself, nobody is told of.

Else a plugin that uses a client, to ask or to report, would be told of its own request, ask again,
and so on without end. That holds for every client of the process: an installed plugin watches all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_TELLING: Final = ContextVar("fulfillment_sdk.client.observing.telling", default=False)


@contextmanager
def telling() -> Iterator[None]:
    """What runs inside, in this thread or task, is a plugin's."""
    before = _TELLING.set(True)
    try:
        yield
    finally:
        _TELLING.reset(before)


def is_telling() -> bool:
    """Whether a plugin's hook runs in this thread or task."""
    return _TELLING.get()
