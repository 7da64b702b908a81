"""One course of events for hosts with and without a loop.

A course is a generator: it yields each future that it needs the result of, and returns the reply.
It is written once and run by `run_here` in a thread or by `run_in_loop` in asyncio.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any, TypeAlias, TypeVar

from fulfillment_sdk.store import StoreFuture

R = TypeVar("R")

Steps: TypeAlias = Generator[StoreFuture[Any], Any, R]


def run_here(steps: Steps[R], *, seconds: float) -> R:
    """Run a course to its end, waiting in this thread for up to `seconds` at each step."""
    try:
        future = next(steps)
        while True:
            try:
                result = future.result(seconds)
            except Exception as error:  # noqa: BLE001 - the course decides what an error means
                future.cancel()
                future = steps.throw(error)
            else:
                future = steps.send(result)
    except StopIteration as end:
        reply: R = end.value
        return reply


async def run_in_loop(steps: Steps[R], *, seconds: float) -> R:
    """Run a course to its end, awaiting each step for up to `seconds`."""
    try:
        future = next(steps)
        while True:
            try:
                async with asyncio.timeout(seconds):
                    result = await future
            except Exception as error:  # noqa: BLE001 - the course decides what an error means
                future = steps.throw(error)
            else:
                future = steps.send(result)
    except StopIteration as end:
        reply: R = end.value
        return reply
