"""Events that the host stores with the relay and passes on later, and what it notes about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import Delivered, Delivery, Destination, Event, Relay
from fulfillment_sdk.store import Store
from tests.unit.relay.both import DATABASES, empty_store
from tests.unit.relay.conftest import Clock

PATIENCE = 20


class Box:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.got: list[Delivery] = []

    async def deliver(self, delivery: Delivery) -> Delivered:
        self.got.append(delivery)
        return Delivered()


@pytest.fixture(params=DATABASES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with empty_store(request.param, tmp_path, Clock()) as opened:
        yield opened


@attrs.frozen
class House:
    store: Store
    box: Box = attrs.field(factory=Box)
    relay: Relay = attrs.field(init=False)

    @relay.default
    def _relay(self) -> Relay:
        destinations = [Destination("box", "box")]
        return Relay(self.store, destinations=destinations, sinks={"box": self.box}, poll=0.05)

    def take(self, *events: Event, keep_back: bool = True) -> list[str]:
        """Take events in, and keep them back."""

        def sift(_c: sa.Connection, new: Mapping[int, Event], _now: float) -> Sequence[Event]:
            return [] if keep_back else list(new.values())

        def work(connection: sa.Connection) -> list[str]:
            accepted = self.relay.accept_in(connection, events, sift=sift)
            return [one.status for one in accepted]

        return self.store.write(work).result(PATIENCE)

    def send(self, *events: Event) -> int:
        return self.store.write(lambda c: self.relay.send_in(c, events)).result(PATIENCE)

    def pending(self) -> list[str]:
        return [one.event_id for one in self.relay.undelivered().result(PATIENCE)]


@pytest.fixture
def house(store: Store) -> House:
    return House(store)


def event(number: int, **more: Any) -> Event:
    return attrs.evolve(Event(f"evt_{number}", "t", "case_1", number, b"{}"), **more)


def test_what_is_kept_back_is_known_and_goes_nowhere(house: House) -> None:
    assert house.take(event(1), event(2)) == ["new", "new"]
    assert house.take(event(1), event(2, body=b"[]")) == ["duplicate", "conflict"]

    assert house.pending() == []
    assert not house.relay.replay("box", "evt_1").result(PATIENCE)
    assert house.relay.replay_many(dead_only=False).result(PATIENCE) == 0


def test_it_goes_out_once_in_the_order_of_its_lane_when_the_host_says_so(house: House) -> None:
    house.take(event(2), event(1))

    assert house.send(event(2, body=b""), event(1, body=b"")) == 2
    assert house.send(event(2), event(1), event(3)) == 0

    assert sorted(house.pending()) == ["evt_1", "evt_2"]


def test_labels_of_that_moment_decide_who_gets_it(house: House) -> None:
    picky = Destination("picky", "box", only={"status": ("new",)})
    house.store.write(lambda c: house.relay.put_destination(c, picky)).result(PATIENCE)
    house.take(event(1))

    house.send(event(1, labels={"status": "new"}))

    assert len(house.pending()) == 2


async def test_a_note_is_shown_to_the_sink_on_every_try(house: House) -> None:
    house.take(event(1, notes={"origin": "feed"}))
    house.take(event(2, notes={"anomaly": "gap"}), event(3), keep_back=False)
    house.send(event(1, notes={"anomaly": "late"}))

    async with house.relay.running():
        while await house.relay.undelivered():
            pass
        assert await house.relay.replay("box", "evt_2")
        while await house.relay.undelivered():
            pass

    noted = [(one.id, dict(one.notes), one.body) for one in house.box.got]
    assert noted == [
        ("evt_1", {"anomaly": "late"}, b"{}"),
        ("evt_2", {"anomaly": "gap"}, b"{}"),
        ("evt_3", {}, b"{}"),
        ("evt_2", {"anomaly": "gap"}, b"{}"),
    ]


def test_a_note_takes_part_in_no_comparison() -> None:
    assert event(1, notes={"anomaly": "late"}) == event(1)
