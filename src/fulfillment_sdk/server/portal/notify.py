"""The way to the gateway: one destination that is tried without end (contract, section 4)."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Final

from fulfillment_sdk.relay import Delivery, Destination, Outcome, Reject, Retry, RetryPolicy, Sink

NAME: Final = "gateway"
KIND: Final = "webhook"
PATH: Final = "/gateway/notifications/"
ATTEMPT_SECONDS: Final = 18.0
"""The sink's 15 s, and the reading of an answer. What a killed portal had in hand waits for one and
a half times as long until another one sends it."""


class Steadfast:
    """A sink that takes no refusal as final: a notification is delayed, never lost.

    What the gateway refuses is a mistake in how the two are set up, and it is tried again until
    somebody has put that right.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    async def open(self) -> None:
        """Open the sink behind it."""
        await _call(self._sink, "open")

    async def close(self) -> None:
        """Close the sink behind it."""
        await _call(self._sink, "close")

    async def deliver(self, delivery: Delivery) -> Outcome:
        """Deliver, and try again whatever is refused."""
        outcome = self._sink.deliver(delivery)
        if isinstance(outcome, Awaitable):
            outcome = await outcome
        return Retry(outcome.why) if isinstance(outcome, Reject) else outcome


def gateway(
    gateway_url: str, *, secrets: Sequence[str], backoff: tuple[float, float]
) -> Destination:
    """Return the gateway as a destination; ``backoff`` is the first and the longest pause."""
    return Destination(
        NAME,
        KIND,
        settings={"url": gateway_url.rstrip("/") + PATH, "secrets": list(secrets)},
        policy=RetryPolicy.endless_backoff(*backoff),
        timeout=ATTEMPT_SECONDS,
    )


async def _call(sink: Sink, method: str) -> None:
    function = getattr(sink, method, None)
    result = function() if function is not None else None
    if isinstance(result, Awaitable):
        await result
