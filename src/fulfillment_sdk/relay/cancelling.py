"""Cancellations that are not ours: a sink, or a library of its, cancelled the task it runs in."""

from __future__ import annotations

import asyncio
import contextlib


def is_asked_to_end() -> bool:
    """Tell whether somebody asked the current task to end, and nobody took that back."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # called outside of a loop
        return False
    return task is not None and task.cancelling() > 0


async def go_on() -> None:
    """Take back that the current task is to end.

    Before Python 3.13 a request that was not raised yet outlives its being taken back: it is
    raised, and dropped, here.
    """
    task = asyncio.current_task()
    while task is not None and task.uncancel() > 0:
        continue
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(0)
