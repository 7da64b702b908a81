"""A process with one sink that ends it, and one that takes a moment for its answer."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from fulfillment_sdk.relay import Delivered, Delivery, Destination, Outcome, Relay, RetryPolicy

ENDED_BY_A_SINK = 3
ANSWER_SECONDS = 0.05
LEASE = 0.6  # seconds: on a server nothing comes back before
KEYS = [("k", b"k" * 32)]


class Ends:
    """Does what a segfault would do."""

    async def deliver(self, delivery: Delivery) -> Outcome:
        os._exit(ENDED_BY_A_SINK)


class Answers:
    """Writes down what has arrived, and says when that is all."""

    def __init__(self, arrived: Path, wanted: int = 0) -> None:
        self._arrived = arrived
        self._wanted = wanted
        self.has_all = asyncio.Event()

    async def deliver(self, delivery: Delivery) -> Outcome:
        await asyncio.sleep(ANSWER_SECONDS)
        with self._arrived.open("a") as file:
            file.write(f"{delivery.id}\n")
        if len(set(self._arrived.read_text().split())) == self._wanted:
            self.has_all.set()
        return Delivered()


def open_relay(url: str, answers: Answers) -> Relay:
    """Open a relay with both destinations."""
    policy = RetryPolicy.endless_backoff()
    return Relay(
        url,
        keys=KEYS,
        destinations=[
            Destination("bad", "ends", timeout=LEASE / 2, policy=policy),
            Destination("good", "answers", timeout=LEASE / 2, policy=policy),
        ],
        sinks={"ends": Ends(), "answers": answers},
        poll=0.1,
        lease=LEASE,
    )


def live(url: str, arrived: Path, wanted: int) -> None:
    """Dispatch until the good destination has `wanted` events, or the bad one ends everything."""

    async def until_all() -> None:
        answers = Answers(arrived, wanted)
        relay = open_relay(url, answers)
        async with relay.running():
            await answers.has_all.wait()
        relay.close()

    asyncio.run(until_all())
