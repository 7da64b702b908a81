"""A receiver has what it misses from a real server's feed, and compares itself with it."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from fulfillment_sdk import Client, Receiver, signing
from fulfillment_sdk.cli.demo.case import physical_abuse
from fulfillment_sdk.models import Event
from fulfillment_sdk.receiver.cases.schema import held
from fulfillment_sdk.relay.schema import events

from ._partner import Recorder
from ._raw import Partner
from ._server import SECONDS, ServerProcess
from ._staff import Staff

STEPS = ("allocated", "in_progress")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def token(server: ServerProcess) -> str:
    Staff(server).hire()
    return Partner(server).token()


@pytest.fixture
def client(server: ServerProcess, token: str) -> Iterator[Client]:
    with Client(base_url=server.address, token=token) as connected:
        yield connected


def driven(server: ServerProcess, client: Client) -> list[Event]:
    """Drive a new case, and return its events as the feed shows them."""
    case = client.cases.create(physical_abuse())
    staff = Staff(server)
    for step in STEPS:
        staff.move(case.id, step)
    found: list[Event] = []
    deadline = time.monotonic() + SECONDS
    while len(found) < 1 + len(STEPS):
        assert time.monotonic() < deadline
        found = list(client.events.iterate(case_id=case.id, wait=0.2))
    return found


def send(receiver: Receiver, secret: str, events: Sequence[Event]) -> list[int]:
    """Have notifications come in as the gateway would send them; not in the feed's very bytes."""
    statuses = []
    for event in events:
        body = json.dumps(event.raw, indent=1).encode()
        signed = signing.headers([secret], event.id, int(time.time()), body)
        headers = {"Content-Type": "application/json", **signed}
        statuses.append(receiver.handle("POST", headers, body).status)
    return statuses


def test_a_gap_is_filled_from_the_servers_feed_and_the_notification_may_come_later(
    server: ServerProcess, client: Client, tmp_path: Path
) -> None:
    created, allocated, in_progress = driven(server, client)
    recorder, secret = Recorder(), signing.new_secret()
    with Receiver(
        secret, tmp_path, [recorder], load_entry_points=False, feed=client, window=5
    ) as receiver:
        assert send(receiver, secret, [created, in_progress]) == [202, 202]

        assert [one.sequence for one in recorder.take(3)] == [1, 2, 3]
        assert send(receiver, secret, [allocated]) == [200]

        told = receiver.reconcile(case_id=created.case_id)
        assert (told.compared, told.differences) == (3, ())
        received = receiver.history(created.case_id)
        assert [one.origin for one in received] == ["webhook", "webhook", "feed"]
    assert recorder.rest() == []


def test_a_receiver_that_missed_everything_is_repaired(
    server: ServerProcess, client: Client, tmp_path: Path
) -> None:
    events = driven(server, client)
    recorder, secret = Recorder(), signing.new_secret()
    with Receiver(secret, tmp_path, [recorder], load_entry_points=False) as receiver:
        missing = receiver.reconcile(client)
        assert {one.id for one in events} <= {one.event_id for one in missing.differences}

        assert receiver.reconcile(client, repair=True).is_clean
        assert receiver.reconcile(client).differences == ()
        assert [one.status for one in receiver.history(events[0].case_id)] == ["new", *STEPS]


def test_a_dispatcher_in_a_process_of_its_own_asks_the_feed_too(
    server: ServerProcess, client: Client, token: str, tmp_path: Path
) -> None:
    created, _, in_progress = driven(server, client)
    secret = signing.new_secret()
    receiver = Receiver(
        secret,
        tmp_path / "data",
        [Recorder()],
        load_entry_points=False,
        dispatch=False,
        window=600,
    )
    receiver.start()
    send(receiver, secret, [created, in_progress])
    _make_older(receiver, 100.0)
    environment = {"FULFILLMENT_BASE_URL": server.address, "FULFILLMENT_TOKEN": token}
    dispatch = subprocess.Popen(
        [
            *(sys.executable, "-m", "fulfillment_sdk", "dispatch", str(tmp_path / "data")),
            *("--plugin", "tests.journeys._partner:RECORDER", "--feed"),
        ],
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": f"{ROOT / 'src'}", **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + SECONDS
        while len(receiver.history(created.case_id)) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert receiver.history(created.case_id)[-1].origin == "feed"
    finally:
        dispatch.kill()
        dispatch.wait()
        receiver.stop()


def _make_older(receiver: Receiver, seconds: float) -> None:
    """Have what waits wait for so long already."""
    received = sa.update(events).values(accepted_at=events.c.accepted_at - seconds)
    waits = sa.update(held).values(until=held.c.until - seconds)
    for statement in (received, waits):
        receiver.relay.store.write(functools.partial(_run, statement)).result(SECONDS)


def _run(statement: sa.Update, connection: sa.Connection) -> None:
    connection.execute(statement)
