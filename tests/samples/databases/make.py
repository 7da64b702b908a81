"""Make the sample databases of this revision: `python -m tests.samples.databases.make`.

Run it once for each revision that is released, on that revision's code, and leave the older files
as they are: they are what the suite migrates. One file is a dump in SQLite's words, with a first
line that tells (as JSON) what a test needs to know to read it. Its name has the database and the
revisions of the schemas in it.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path

import attrs
import sqlalchemy as sa

from fulfillment_sdk import signing
from fulfillment_sdk.receiver.cases.facts import Fact
from fulfillment_sdk.receiver.cases.judge import Rules
from fulfillment_sdk.receiver.cases.ledger import Arrival, Ledger
from fulfillment_sdk.receiver.cases.schema import SCHEMA as RECEIVER
from fulfillment_sdk.receiver.secrets import totals
from fulfillment_sdk.receiver.secrets.schema import SCHEMA as SECRETS
from fulfillment_sdk.receiver.secrets.uses import Count
from fulfillment_sdk.relay import (
    Delivered,
    Delivery,
    Destination,
    Event,
    Outcome,
    Reject,
    Relay,
    Retry,
    RetryPolicy,
)
from tests.integration.gateway.parts import BASE, CASE, NOTIFY_SECRET, StandInPortal, open_house
from tests.integration.portal.desk import Captor, Clock, Desk, make_settings
from tests.integration.portal.files.senders import add, attached

FOLDER = Path(__file__).parent
KEYS = (("k", b"k" * 32),)
NOTE = b"What the neighbour said."
SUBSCRIBED = "https://partner.example.org/hook"

Facts = dict[str, object]
Make = Callable[[Path], Coroutine[None, None, Facts]]


class Judge:
    """A sink that answers by the event's id."""

    def __init__(self) -> None:
        self.all_tried = asyncio.Event()
        self._left = {"evt_arrived", "evt_retried", "evt_dead"}

    async def deliver(self, delivery: Delivery) -> Outcome:
        """Deliver, refuse, or ask for another try."""
        self._left.discard(delivery.id)
        if not self._left:
            self.all_tried.set()
        if delivery.id == "evt_dead":
            return Reject("422")
        return Retry("503") if delivery.id == "evt_retried" else Delivered("202")


def events() -> list[Event]:
    """Return the events of the receiver's database."""
    return [
        _event("evt_arrived", "case_1", 1),
        _event("evt_dead", "case_2", 1),
        _event("evt_retried", "case_3", 1),
        _event("evt_waiting", "case_3", 2),
    ]


async def receiver(folder: Path) -> Facts:
    """What arrived, what is dead, retried, waiting or held; a conflict, a quarantine, a use."""
    judge = Judge()
    relay = Relay(
        f"sqlite:///{folder}/receiver.db",
        keys=KEYS,
        destinations=[
            Destination(
                "judge",
                "judge",
                policy=RetryPolicy((0.0, 86_400.0), jitter=0.0),
                settings={"secret": "hush"},
            ),
            Destination("held", "judge", ordering="none", types=("none.such",), enabled=False),
        ],
        sinks={"judge": judge},
        schemas=[RECEIVER, SECRETS],
    )
    early = Arrival(_event("evt_held", "case_4", 2), Fact("evt_held", "t", 2))
    try:
        await Ledger(relay, Rules(opening=1e9)).take(early)
        async with relay.running():
            for event in events():
                await relay.accept(event)
            await relay.accept(Event("evt_arrived", "t", "case_1", 1, b"other bytes"))
            await relay.quarantine("evt_odd", b"no event", "unreadable")
            used = {"0123456789abcdef": Count(5, 1_743_955_200.0)}
            await relay.store.write(lambda connection: totals.add(connection, "process", used))
            await asyncio.wait_for(judge.all_tried.wait(), 30)
    finally:
        await asyncio.to_thread(relay.close)
    return {"secret": "hush"}


async def gateway(folder: Path) -> Facts:
    """An organisation with its token, a case, and a subscription that is owed an event."""
    async with (
        StandInPortal().running() as portal,
        open_house(folder, storage_keys=KEYS, portal_url=portal.url) as house,
    ):
        token = await house.token()
        created = await house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="key_1")
        made = await house.post(f"{BASE}/subscriptions/", {"url": SUBSCRIBED}, token=token)
        await house.gateway.context.store.write(
            lambda connection: _hold(house.gateway.context.relay, connection, made.json()["id"])
        )
        organization_id = await house.organization_id()
        body = _notification("evt_owed", created.json()["id"], organization_id)
        headers = signing.headers([NOTIFY_SECRET], "evt_owed", int(house.clock()), body)
        taken = await house.http.post(
            "/gateway/notifications/",
            content=body,
            headers={**headers, "Content-Type": "application/json"},
        )
        answers = (created.status_code, made.status_code, taken.status_code)
        assert answers == (201, 201, 202), answers
        return {
            "token": token,
            "created": created.json(),
            "secret": made.json()["secret"],
            "subscription": made.json()["id"],
        }


async def portal(folder: Path) -> Facts:
    """A case that went the whole way to its completion, with files, and one that is new."""
    captor = Captor()
    desk = Desk(make_settings(folder), clock=Clock(), captor=captor)
    await desk.portal.start()
    try:
        await desk.hire()
        attachment_id = await attached(desk, NOTE)
        done = await desk.create(attachments_case=[{"attachment_id": attachment_id}])
        await desk.drive(done, "in_progress")
        added = await add(desk, done, NOTE)
        for to in ("submitted", "qc_passed"):
            await desk.step(done, to)
        new = await desk.create(narrative="Another story.")
        await captor.first(7)
        shown = await desk.case(done)
    finally:
        await desk.portal.stop()
        await desk.http.aclose()
    return {"done": done, "new": new, "shown": shown, "file": added.json()["id"]}


def _event(event_id: str, lane: str, sequence: int) -> Event:
    return Event(event_id, "t", lane, sequence, f"body of {event_id}".encode(), "org")


def _hold(relay: Relay, connection: sa.Connection, name: str) -> None:
    """Keep what a destination is owed: its endpoint is not there."""
    destination = relay.get_destination(connection, name)
    assert destination is not None
    relay.put_destination(connection, attrs.evolve(destination, enabled=False))


def _notification(event_id: str, case_id: str, organization_id: str) -> bytes:
    data = {
        "case_id": case_id,
        "reference_number": "HL-CMS-000001",
        "organization_id": organization_id,
        "previous_status": None,
        "new_status": "new",
        "timestamp": "2025-04-07T04:26:40.000000Z",
        "sequence": 1,
        "transition_id": "trn_1",
        "actor": "partner",
        "reason": "created",
        "final": False,
        "message": "Case created",
    }
    whole = {
        "id": event_id,
        "type": "case.status_changed",
        "version": "1",
        "timestamp": "2025-04-07T04:26:40.000000Z",
        "data": data,
    }
    return json.dumps(whole).encode()


def dump(database: Path, facts: Facts) -> Path:
    """Write one database as SQL, under the name of its revisions."""
    with closing(sqlite3.connect(database)) as connection:
        tables = "SELECT name FROM sqlite_master WHERE name LIKE '%_schema_version' ORDER BY name"
        revisions = [
            f"{table.removesuffix('_schema_version')}-"
            + str(connection.execute(f"SELECT version_num FROM {table}").fetchone()[0])
            for (table,) in connection.execute(tables).fetchall()
        ]
        lines = [f"-- {json.dumps(facts)}", *connection.iterdump()]
    path = FOLDER / ".".join([database.stem, *revisions, "sql"])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def main() -> None:
    """Make all three."""
    makers: dict[str, Make] = {"receiver": receiver, "gateway": gateway, "portal": portal}
    for name, make in makers.items():
        with tempfile.TemporaryDirectory() as folder:
            facts = asyncio.run(make(Path(folder)))
            print(dump(Path(folder) / f"{name}.db", facts).name)  # noqa: T201


if __name__ == "__main__":
    main()
