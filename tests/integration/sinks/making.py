"""Sinks as a receiver's configuration asks for them, and handed deliveries as a relay does."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import AsyncIterator, Awaitable

from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.plugins.sinks import SinkKinds
from fulfillment_sdk.relay import Delivery, Outcome, RetryPolicy, Sink


def make(**table: object) -> Sink:
    """Return the sink that a table asks for."""
    return SinkKinds.of(Plugins()).bind("it", table, RetryPolicy())[1]


@contextlib.asynccontextmanager
async def a_sink(**table: object) -> AsyncIterator[Sink]:
    """Make the sink that a table asks for, and have it open."""
    sink = make(**table)
    await _call(sink, "open")
    try:
        yield sink
    finally:
        await _call(sink, "close")


async def deliver(sink: Sink, delivery: Delivery) -> Outcome:
    """Deliver where the sink would be called: in the loop, or in a thread."""
    if inspect.iscoroutinefunction(sink.deliver):
        outcome: Outcome = await sink.deliver(delivery)
        return outcome
    answer = await asyncio.to_thread(sink.deliver, delivery)
    return await answer if isinstance(answer, Awaitable) else answer


async def _call(sink: Sink, method: str) -> None:
    function = getattr(sink, method, None)
    if function is None:
        return
    if inspect.iscoroutinefunction(function):
        await function()
    else:
        await asyncio.to_thread(function)
