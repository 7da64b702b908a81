"""A life of the relay, in a process of its own: some threads accept, and a dispatcher sends."""

from __future__ import annotations

import functools
import logging
import os
import random
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.relay import (
    SCHEMA,
    Accepted,
    Destination,
    Event,
    Relay,
    RetryPolicy,
)
from fulfillment_sdk.relay.dispatching.loop_thread import LoopThread
from fulfillment_sdk.store import Sealer, Store

from .acts import grace_of, held_after, perform
from .points import Act, fuse_at
from .reach import Fuse
from .sinks import InLoop, InThread
from .witness import Told, What, Witness

KEYS = [("k", b"k" * 32)]
DESTINATIONS = ("in order", "as it comes")
THREADS = 3
_LEASE = 20.0
_SHORT_LEASE, _SHORT_TIMEOUT = 1.5, 1.0  # so that each slow send is renewed
_SLOW_SENDS = 6  # the first of a life


@attrs.frozen(kw_only=True)
class Life:
    """What one life is to do.

    Args:
        number: its own, counted from 1.
        url: the database.
        witness: told of everything.
        seed: of delays and failures.
        point: where it is killed; None to live until everything has arrived.
        hits: the how manieth time.
        todo: case -> the first sequence that was not acknowledged in an earlier life.
        upto: the last sequence of each case.
        slow: whether the first sends take longer than a third of their leases.
        short: whether leases are short, so that others soon take over what it had claimed.
        act: what it does once everything is handed in; without one it waits until all has arrived.
        pauses_at: the send (of those in order) in which the whole process stops, until it is told
            to go on.
        stays_until: once everything has arrived, it lives on until this file is there.
    """

    number: int
    url: str
    witness: Witness
    seed: str
    point: str | None
    hits: int
    todo: Mapping[str, int]
    upto: int
    slow: bool = False
    short: bool = False
    act: Act = ""
    pauses_at: int = 0
    stays_until: Path | None = None


def live(life: Life) -> None:
    """Be the process: ends by being killed, or once everything has arrived."""
    logging.basicConfig(filename=life.witness.path.with_suffix(".log"))
    logging.getLogger("fulfillment_sdk.relay").addHandler(_Ear(life))
    try:
        _live(life, fuse_at(life.point, life.hits))
    except BaseException:  # noqa: BLE001  there is nobody else to tell
        life.witness.tell(Told("failed", life.number, note=traceback.format_exc()))
        os._exit(1)
    os._exit(0)


def event_of(case: str, sequence: int) -> Event:
    """Return an event; the same whoever hands it in."""
    id = f"{case}-{sequence:03}"
    return Event(id, "case.status_changed", case, sequence, b"body of " + id.encode())


def _live(life: Life, fuse: Fuse) -> None:
    short = life.slow or life.short
    lease, timeout = (_SHORT_LEASE, _SHORT_TIMEOUT) if short else (_LEASE, _LEASE / 2)
    policy = RetryPolicy((0, 0.01), jitter=0.5, endless=True)
    usual = Destination("", "", policy=policy, concurrency=3, timeout=timeout)
    in_order, as_it_comes = DESTINATIONS
    chance = random.Random(life.seed)
    store = Store.open(life.url, schemas=[SCHEMA], sealer=Sealer(KEYS))
    loop = InLoop(
        life.witness,
        life.number,
        fuse,
        chance,
        pauses_at=life.pauses_at,
        slow=_SLOW_SENDS if life.slow else 0,
        holds_after=held_after(life.act),
    )
    relay = Relay(
        store,
        destinations=[
            attrs.evolve(usual, name=in_order, sink="loop"),
            attrs.evolve(usual, name=as_it_comes, sink="thread", ordering="none"),
        ],
        sinks={"loop": loop, "thread": InThread(life.witness, life.number, fuse, chance)},
        random=chance.random,
        poll=0.05,
        lease=lease,
    )
    dispatching = LoopThread(
        functools.partial(relay.running, grace=grace_of(life.act)), name="dispatching"
    )
    dispatching.start()
    try:
        producers = [_Producer(life, relay, fuse, number) for number in range(THREADS)]
        for producer in producers:
            producer.start()
        for producer in producers:
            producer.join()
            if producer.error is not None:
                raise producer.error
        perform(life.act, relay, loop, life.stays_until)
    finally:
        dispatching.stop()
    store.close()


class _Ear(logging.Handler):
    """Tells the witness of what the relay says about settlements that come too late to count."""

    def __init__(self, life: Life) -> None:
        super().__init__()
        self._life = life

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith(("lease lost", "settlement lost")):
            self._life.witness.tell(Told("lost", self._life.number))


class _Producer(threading.Thread):
    """Hands the events of its cases in, of each case one after the other is acknowledged.

    Every second one does so in transactions of its own, as a host would that stores more than the
    events.
    """

    def __init__(self, life: Life, relay: Relay, fuse: Fuse, number: int) -> None:
        super().__init__(name=f"producer-{number}", daemon=True)
        self.error: BaseException | None = None
        self._life, self._relay, self._fuse = life, relay, fuse
        self._cases = sorted(life.todo)[number::THREADS]
        self._together = number % 2 == 1

    def run(self) -> None:
        try:
            for sequence in range(1, self._life.upto + 1):
                batch = [
                    event_of(case, sequence)
                    for case in self._cases
                    if sequence >= self._life.todo[case]
                ]
                self._hand_in(batch)
        except BaseException as error:  # noqa: BLE001  raised by whoever waits for this thread
            self.error = error

    def _hand_in(self, batch: Sequence[Event]) -> None:
        """Hand a batch in until it is stored: as long as the store can't be used, again."""
        while True:
            for event in batch:
                self._tell("handed", event)
            try:
                results = self._accept(batch)
            except StoreUnavailable:
                time.sleep(0.05)
                continue
            for event, result in zip(batch, results, strict=True):
                self._acknowledged(event, result)
            return

    def _accept(self, batch: Sequence[Event]) -> list[Accepted]:
        if self._together:
            return self._relay.store.write(lambda c: self._relay.accept_in(c, batch)).result()
        futures = [self._relay.accept(event) for event in batch]
        return [future.result() for future in futures]

    def _acknowledged(self, event: Event, result: Accepted) -> None:
        self._tell("acknowledged", event, result.status)
        self._fuse.at("after an acknowledgement")

    def _tell(self, what: What, event: Event, note: str = "") -> None:
        self._life.witness.tell(
            Told(
                what,
                self._life.number,
                event_id=event.id,
                case=event.lane,
                sequence=event.sequence or 0,
                note=note,
            )
        )
