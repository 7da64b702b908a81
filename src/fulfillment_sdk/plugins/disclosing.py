"""A sink that can't leak what it never gets: its deliveries have been reduced already."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable
from typing import Final, cast

import attrs

from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.plugins.disclosure import Disclosure, disclose
from fulfillment_sdk.relay import Delivery, Outcome, Reject, Sink

UNREADABLE: Final = Reject("the event can't be read")

# Above this, reading and writing the JSON takes milliseconds that are not the loop's to spare.
_LARGE: Final = 32 * 1024


def disclosing(sink: Sink, level: Disclosure) -> Sink:
    """Return the sink as it is for `full`, and otherwise one that hands it what `level` lets by.

    What else the sink has, `open` and `close` say, is there as before.
    """
    if level == "full":
        return sink
    if inspect.iscoroutinefunction(sink.deliver):
        return _Awaited(sink, level)
    return _Called(sink, level)


def reduced(delivery: Delivery, level: Disclosure) -> Delivery:
    """Return a delivery whose body has what the level discloses, and else is the same.

    Raises:
        PayloadError: the body is no JSON object.
    """
    event = attrs.evolve(delivery.event, body=disclose(delivery.body, level))
    return attrs.evolve(delivery, event=event)


class _Disclosing:
    """Stands before a sink; what it doesn't do itself is the sink's."""

    def __init__(self, sink: Sink, level: Disclosure) -> None:
        self.sink = sink
        self.level = level

    def __getattr__(self, name: str) -> object:
        if name in ("sink", "level"):  # while a copy of it is being made
            raise AttributeError(name)
        return getattr(self.sink, name)

    def __repr__(self) -> str:
        return f"<{type(self.sink).__name__}, which gets {self.level} facts>"


class _Called(_Disclosing):
    """For a sink that runs in a thread."""

    def deliver(self, delivery: Delivery, /) -> Outcome | Awaitable[Outcome]:
        """Deliver what is disclosed."""
        try:
            less = reduced(delivery, self.level)
        except PayloadError:
            return UNREADABLE
        return self.sink.deliver(less)


class _Awaited(_Disclosing):
    """For a sink that runs in the dispatcher's loop."""

    async def deliver(self, delivery: Delivery, /) -> Outcome:
        """Deliver what is disclosed."""
        try:
            if len(delivery.body) > _LARGE:
                less = await asyncio.to_thread(reduced, delivery, self.level)
            else:
                less = reduced(delivery, self.level)
        except PayloadError:
            return UNREADABLE
        return await cast("Awaitable[Outcome]", self.sink.deliver(less))
