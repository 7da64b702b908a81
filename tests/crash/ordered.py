"""A life of a receiver: it is handed a case's events in any order, by several threads at once."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import attrs
import sqlalchemy as sa

from fulfillment_sdk import Receiver, StatusChanged, hookimpl, signing
from fulfillment_sdk.receiver.cases.schema import held
from fulfillment_sdk.relay.schema import deliveries

from .acts import LONGEST_SECONDS
from .processes import PRELOADED

KEYS = "k:" + "A" * 43 + "="
THREADS = 4
Place = tuple[str, int]  # case and number

_CONTEXT = multiprocessing.get_context("forkserver")


@attrs.frozen(kw_only=True)
class OrderedLife:
    """What one life is to do.

    Args:
        number: its own, counted from 1.
        data: the receiver's database.
        folder: where it tells what it did.
        todo: the events that it hands in, and may be killed amid.
        secret: they are signed with.
        window: seconds for which they wait for each other.
        lasts: whether it lives until all of it was passed on.
    """

    number: int
    data: str
    folder: Path
    todo: Sequence[Place]
    secret: str
    window: float
    lasts: bool = False


@attrs.frozen
class Notebook:
    """A plugin that writes down what it sees, each line at once."""

    file: int
    name: str = "notebook"

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        os.write(self.file, f"{event.case_id} {event.sequence} {event.anomaly}\n".encode())


def live(life: OrderedLife) -> None:
    """Be the process: ends by being killed, or once everything was passed on."""
    logging.basicConfig(filename=life.folder / f"{life.number}.log")
    seen = os.open(life.folder / "seen", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    answered = os.open(life.folder / "answered", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    receiver = Receiver(
        life.secret,
        life.data,
        [Notebook(seen)],
        load_entry_points=False,
        storage_keys=KEYS,
        window=life.window,
        opening=life.window,
    )
    receiver.start()
    parts = [life.todo[place::THREADS] for place in range(THREADS)]
    threads = [
        threading.Thread(target=_hand_in, args=(receiver, life, part, answered)) for part in parts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if life.lasts:
        _until_all_is_passed_on(receiver)
    receiver.stop()
    os._exit(0)


def body_of(place: Place) -> bytes:
    """The same notification, whoever hands it in."""
    case_id, sequence = place
    data = {
        "case_id": case_id,
        "sequence": sequence,
        "new_status": "allocated" if sequence % 2 else "pending_allocation",
        "previous_status": "pending_allocation" if sequence % 2 else "allocated",
        "transition_id": f"trn_{sequence}",
    }
    event = {"id": f"{case_id}-{sequence}", "type": "case.status_changed", "data": data}
    return json.dumps(event).encode()


def begin(life: OrderedLife) -> ForkServerProcess:
    """Begin a life, in a process of its own."""
    _CONTEXT.set_forkserver_preload([*PRELOADED, __name__])
    process = _CONTEXT.Process(target=live, args=(life,))
    process.start()
    return process


def _hand_in(receiver: Receiver, life: OrderedLife, part: Sequence[Place], answered: int) -> None:
    for place in part:
        body = body_of(place)
        signed = signing.headers([life.secret], f"{place[0]}-{place[1]}", int(time.time()), body)
        headers = {"Content-Type": "application/json", **signed}
        while receiver.handle("POST", headers, body).status not in (200, 202):
            time.sleep(0.05)
        os.write(answered, f"{place[0]} {place[1]}\n".encode())


def _until_all_is_passed_on(receiver: Receiver) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    store = receiver.relay.store
    counts = [sa.select(sa.func.count()).select_from(one) for one in (held, deliveries)]
    left = sa.select(*[count.scalar_subquery() for count in counts])
    while any(store.read(lambda c: tuple(c.execute(left).one())).result()):
        if time.monotonic() > deadline:
            raise TimeoutError("something is still pending")
        time.sleep(0.05)
