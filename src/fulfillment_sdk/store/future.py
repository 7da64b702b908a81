"""The future that a store hands out: for threads and for asyncio alike."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterable
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

T = TypeVar("T")

Outcome = tuple[Any, BaseException | None]  # what the work returned, or what it raised


class StoreFuture(Future[T]):
    """The result of a write or a read: `.result()` in sync code, `await` in async code.

    It resolves after the commit. Cancelling it works only while the work has not begun.
    """

    _awaiting: tuple[asyncio.Future[None], ...] = ()

    def __await__(self) -> Generator[Any, None, T]:
        loop = asyncio.get_running_loop()
        with self._condition:
            waiter = None if self.done() else loop.create_future()
            if waiter is not None:
                self._awaiting = (*self._awaiting, waiter)
        if waiter is not None:
            try:
                yield from waiter
            except asyncio.CancelledError:
                self.cancel()
                raise
        try:
            return self.result()
        except CancelledError:
            raise asyncio.CancelledError from None

    def cancel(self) -> bool:
        """Cancel the work if it has not begun; tells whether that was so."""
        cancelled = super().cancel()
        if cancelled:
            _wake([self])
        return cancelled


def settle(outcomes: Iterable[tuple[StoreFuture[Any], Outcome]]) -> None:
    """Resolve futures, and wake each event loop that waits for any of them once.

    (Waking a loop is a system call; a commit may have answers for hundreds of its tasks.)
    """
    settled = []
    for future, (result, error) in outcomes:
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
        settled.append(future)
    _wake(settled)


def _wake(futures: Iterable[StoreFuture[Any]]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for future in futures:
        for waiter in future._awaiting:
            by_loop.setdefault(waiter.get_loop(), []).append(waiter)
    for loop, waiters in by_loop.items():
        try:
            loop.call_soon_threadsafe(_release, waiters)
        except RuntimeError:
            if not loop.is_closed():
                raise


def _release(waiters: list[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
