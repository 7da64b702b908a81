"""A ledger on each of the two databases, empty for every test, with a clock that the test moves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import attrs
import pytest
import sqlalchemy as sa

from fulfillment_sdk import wire
from fulfillment_sdk.receiver.cases.arrivals import arrival_of
from fulfillment_sdk.receiver.cases.facts import Fact
from fulfillment_sdk.receiver.cases.judge import Rules
from fulfillment_sdk.receiver.cases.ledger import Arrival, Ledger
from fulfillment_sdk.receiver.cases.rows import held_among
from fulfillment_sdk.receiver.cases.schema import METADATA, SCHEMA
from fulfillment_sdk.receiver.cases.story import Received, received
from fulfillment_sdk.relay import SCHEMA as RELAY
from fulfillment_sdk.relay import Accepted, Delivered, Delivery, Destination, Relay
from fulfillment_sdk.relay.schema import METADATA as RELAY_TABLES
from fulfillment_sdk.store import Sealer, Store
from tests.postgres import new_database
from tests.unit.receiver.cases.facts import step

DATABASES = ("sqlite", "postgresql")
KEYS = [("k", b"k" * 32)]
SCHEMAS = [RELAY, SCHEMA]
PATIENCE = 20  # seconds


class Taker:
    """A sink that notes what it is given."""

    def __init__(self) -> None:
        self.taken: list[Delivery] = []

    async def deliver(self, delivery: Delivery) -> Delivered:
        self.taken.append(delivery)
        return Delivered()


@attrs.define
class House:
    """A store with a ledger; what it passes on lies there until somebody looks."""

    store: Store
    rules: Rules = attrs.field(factory=Rules)
    now: float = 1_800_000_000.0
    taker: Taker = attrs.field(factory=Taker)
    relay: Relay = attrs.field(init=False)
    ledger: Ledger = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.relay = Relay(
            self.store,
            destinations=[Destination("taker", "taker")],
            sinks={"taker": self.taker},
            spared=held_among,
        )
        self.ledger = Ledger(self.relay, self.rules)

    def under(self, rules: Rules) -> None:
        """Go on by other rules."""
        self.rules = rules
        self.ledger = Ledger(self.relay, rules)

    def take(self, *facts: Fact, case_id: str = "case_1") -> list[str]:
        """Take facts in, one transaction each; return what became of the events."""
        return [self.take_together([fact], case_id)[0].status for fact in facts]

    def take_together(self, facts: Sequence[Fact], case_id: str = "case_1") -> list[Accepted]:
        """Take facts in, in one transaction."""
        arrivals = [arrival(fact, case_id) for fact in facts]
        return self.store.write(lambda c: self.ledger.take_in(c, arrivals)).result(PATIENCE)

    def wait(self, seconds: float) -> None:
        """Let time pass, and windows end; on a server it is the rows that get older."""
        self.now += seconds
        if self.store.url.startswith("postgresql"):
            self.store.write(
                lambda c: c.execute(sa.text(f"UPDATE receiver_held SET until = until - {seconds}"))
            ).result(PATIENCE)
        self.store.write(self.ledger.release).result(PATIENCE)

    def lined_up(self) -> list[str]:
        """The ids of what is on its way to the destination, in the order of delivery."""
        query = sa.text(
            "SELECT e.event_id FROM relay_deliveries d JOIN relay_events e ON e.id = d.event "
            "ORDER BY e.lane, d.position, d.event"
        )
        return list(self.store.read(lambda c: c.execute(query).scalars().all()).result(PATIENCE))

    def history(self, case_id: str = "case_1") -> list[Received]:
        return self.store.read(lambda c: received(c, case_id)).result(PATIENCE)

    def outcomes(self, case_id: str = "case_1") -> dict[str, str]:
        return {one.event_id: one.outcome for one in self.history(case_id)}

    def notes(self) -> dict[str, dict[str, str]]:
        """What is noted of events, by id."""
        query = sa.text("SELECT event_id, notes FROM relay_events WHERE notes IS NOT NULL")
        rows = self.store.read(lambda c: c.execute(query).all()).result(PATIENCE)
        return {row.event_id: json.loads(row.notes) for row in rows}


def body_of(fact: Fact, case_id: str = "case_1") -> bytes:
    """The notification that tells this fact."""
    data = {
        "case_id": case_id,
        "previous_status": fact.previous,
        "new_status": fact.status,
        "sequence": fact.sequence,
        "transition_id": fact.transition_id,
    }
    return json.dumps({"id": fact.event_id, "type": fact.type, "data": data}).encode()


def arrival(fact: Fact, case_id: str = "case_1", *, body: bytes | None = None) -> Arrival:
    """A notification as it comes in."""
    written = body_of(fact, case_id) if body is None else body
    return arrival_of(wire.load_event(written), written)


@pytest.fixture(params=DATABASES)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    yield from open_house(request.param, tmp_path)


@pytest.fixture
def small_house(tmp_path: Path) -> Iterator[House]:
    """On SQLite alone: for what is the same on both."""
    yield from open_house("sqlite", tmp_path)


def open_house(database: str, folder: Path) -> Iterator[House]:
    """Open an empty store; on PostgreSQL the tests share one database."""
    url = f"sqlite:///{folder}/receiver.db" if database == "sqlite" else shared_database()
    made: list[House] = []
    clock = lambda: made[0].now if made else 0.0  # noqa: E731
    with Store.open(url, schemas=SCHEMAS, sealer=Sealer(KEYS), clock=clock) as store:
        if database != "sqlite":
            names = ", ".join([*RELAY_TABLES.tables, *METADATA.tables])
            store.write(lambda c: c.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY")).result()
        made.append(House(store))
        yield made[0]


@cache
def shared_database() -> str:
    return new_database()


def steps(*numbers: int) -> list[Fact]:
    return [step(number) for number in numbers]
