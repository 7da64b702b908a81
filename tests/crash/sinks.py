"""Where a life's events arrive: sinks that tell the witness, and now and then take nothing."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading

import attrs

from fulfillment_sdk.relay import Delivered, Delivery, Outcome, Retry

from .reach import Fuse
from .witness import Told, Witness

SLOW_SEND = 0.75  # seconds
_FAILS = 0.1  # of the sends


@attrs.define
class Sink:
    """Tells the witness of what arrives.

    Args:
        witness: told of it.
        life: in which one.
        fuse: reached before and after each send.
        chance: of failures and delays.
        pauses_at: the send in which the whole process stops, until it is told to go on.
    """

    witness: Witness
    life: int
    fuse: Fuse
    chance: random.Random
    pauses_at: int = 0
    _sends: int = 0

    def take(self, delivery: Delivery) -> Outcome:
        """Take one event, or fail."""
        if self.chance.random() < _FAILS:
            return Retry("as the seed has it")
        told = Told(
            "arrived",
            self.life,
            event_id=delivery.id,
            case=delivery.lane,
            sequence=delivery.sequence or 0,
            destination=delivery.destination,
        )
        self._sends += 1
        if self._sends == self.pauses_at:
            self.witness.tell(attrs.evolve(told, what="pausing"))
            os.kill(os.getpid(), signal.SIGSTOP)
        self.witness.tell(told)
        self.fuse.at("after a send")
        return Delivered()


@attrs.define
class InLoop(Sink):
    """The sink of what goes in order.

    Args:
        slow: how many sends, the first ones, take long.
        holds_after: the sends after which the others are held; None for none.
        holds: set once one is held.
        goes_on: what ends that.
    """

    slow: int = 0
    holds_after: int | None = None
    holds: threading.Event = attrs.field(factory=threading.Event)
    goes_on: threading.Event = attrs.field(factory=threading.Event)
    _begun: int = 0

    async def deliver(self, delivery: Delivery) -> Outcome:
        """Take one event, a while after it was sent."""
        self.fuse.at("before a send")
        self._begun += 1
        if self.holds_after is not None and self._begun > self.holds_after:
            self.holds.set()
            while not self.goes_on.is_set():  # noqa: ASYNC110  set in another thread
                await asyncio.sleep(0.005)
        slow = self._begun <= self.slow
        await asyncio.sleep(SLOW_SEND if slow else self.chance.random() * 0.005)
        return self.take(delivery)


@attrs.define
class InThread(Sink):
    """The sink of what goes as it comes."""

    def deliver(self, delivery: Delivery) -> Outcome:
        """Take one event, at once."""
        self.fuse.at("before a send")
        return self.take(delivery)
