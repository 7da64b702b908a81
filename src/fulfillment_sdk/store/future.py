"""The future that a store hands out: for threads and for asyncio alike."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class StoreFuture(Future[T]):
    """The result of a write or a read: `.result()` in sync code, `await` in async code.

    It resolves after the commit. Cancelling it works only while the work has not begun.
    """

    def __await__(self) -> Generator[Any, None, T]:
        return asyncio.wrap_future(self).__await__()
