"""A receiver in a folder of its own, and a gateway that signs for it."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest
import sqlalchemy as sa

from fulfillment_sdk import signing
from fulfillment_sdk.models.events import StatusChanged
from fulfillment_sdk.plugins import hookimpl
from fulfillment_sdk.receiver import Receiver

NOW = 1_743_955_200.0
SECRET = signing.new_secret()

T = TypeVar("T")


class Box(Generic[T]):
    """Where one thread leaves what another takes."""

    def __init__(self) -> None:
        self._things: queue.SimpleQueue[T] = queue.SimpleQueue()

    def put(self, thing: T) -> None:
        self._things.put(thing)

    def take(self) -> T:
        """Wait for the next thing."""
        return self._things.get(timeout=20)

    @property
    def is_empty(self) -> bool:
        return self._things.empty()


class Inbox(Box[StatusChanged]):
    """A plugin that keeps what it gets."""

    name = "inbox"

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        self.put(event)


def signed(
    body: bytes, *, event_id: str = "evt_1", at: float = NOW, secret: str = SECRET
) -> dict[str, str]:
    """The headers that a gateway sends with `body`."""
    headers = signing.headers([secret], event_id, int(at), body)
    return {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}


def count(receiver: Receiver, table: sa.Table) -> int:
    """How many rows a table of the receiver's database has."""
    query = sa.select(sa.func.count()).select_from(table)
    return int(receiver.relay.store.read(lambda c: c.execute(query).scalar_one()).result())


MakeReceiver = Callable[..., Receiver]


@pytest.fixture
def make_receiver(tmp_path: Path) -> Iterator[MakeReceiver]:
    """Make receivers in one folder, with a clock that stands still; they are stopped at the end."""
    made: list[Receiver] = []

    def make(*plugins: object, **options: Any) -> Receiver:
        usual = {"data": tmp_path / "data", "clock": lambda: NOW, "load_entry_points": False}
        receiver = Receiver([SECRET], plugins=plugins, **{**usual, **options})
        made.append(receiver)
        return receiver

    yield make
    for receiver in made:
        receiver.stop()
