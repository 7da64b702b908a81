"""A sink that can't leak what it never gets: its deliveries have been reduced already."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
from collections.abc import Awaitable
from typing import Final, cast

import attrs

from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.plugins.disclosure import shapes
from fulfillment_sdk.plugins.disclosure.disclosure import Disclosure, disclose
from fulfillment_sdk.relay import Delivery, Outcome, Reject, Sink

UNREADABLE: Final = Reject("the event can't be read")

UNDISCLOSED: Final = "undisclosed"
"""What a sink is told of a type that is no word."""

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

    But for an id, a case's id or a type that doesn't look like one: what a sender wrote there is
    left out of the body, and is not told beside it either.

    Raises:
        PayloadError: the body is no JSON object.
    """
    event = delivery.event
    less = attrs.evolve(
        event,
        id=_unspoken(event.id),
        type=event.type if shapes.code(event.type) else UNDISCLOSED,
        lane=_unspoken(event.lane),
        body=disclose(event.body, level),
    )
    return attrs.evolve(delivery, event=less)


def _unspoken(word: str) -> str:
    """Return an id, or what is the same for the same text, and tells nothing of it."""
    if shapes.identifier(word):
        return word
    return f"{UNDISCLOSED}-{hashlib.sha256(word.encode()).hexdigest()[:32]}"


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
