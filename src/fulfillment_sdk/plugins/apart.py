"""Trying several strangers at once, each in a thread and a loop of its own."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

import attrs

from fulfillment_sdk.relay.dispatching import bounded_run

T = TypeVar("T")


@attrs.define(eq=False)
class Apart(Generic[T]):
    """One that is tried.

    Args:
        begin: begins it.
        seconds: how long it may take.
        otherwise: what is returned of one that takes longer, or ends its thread.
    """

    begin: Callable[[], Coroutine[Any, Any, T]]
    seconds: float
    otherwise: T

    def run(self) -> None:
        """Try it in this thread, whatever it raises."""
        with contextlib.suppress(BaseException):  # what there is to say of that is said already
            self.otherwise = bounded_run.run(self.begin())


def try_apart(several: Sequence[Apart[T]]) -> list[T]:
    """Try each, and return what came of them, in their order.

    One that blocks its loop, or never comes back from making its sink, holds up no other one, and
    is left behind when its time is over.
    """
    begun = time.monotonic()
    threads = [
        threading.Thread(target=one.run, name=f"trial-{n}", daemon=True)
        for n, one in enumerate(several)
    ]
    for thread in threads:
        thread.start()
    for one, thread in zip(several, threads, strict=True):
        thread.join(max(0.0, begun + one.seconds - time.monotonic()))
    return [one.otherwise for one in several]
