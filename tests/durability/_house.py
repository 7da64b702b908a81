"""Everything that can be killed: the server in one process or in two, and the partner's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import attrs
import requests

from fulfillment_sdk import Client, signing
from tests.journeys._hops import LEASE, kill
from tests.journeys._server import SECONDS, ServerProcess
from tests.ports import free_port

from ._partner import Journal, PartnerProcess
from ._story import Story

SETTINGS = {
    "FULFILLMENT_NOTIFY_BACKOFF": "0.05:0.2",
    "FULFILLMENT_RETRY_SCHEDULE": ",".join(["0", *["0.2"] * 500]),
}


@attrs.frozen
class House:
    """The processes by name, what the partner's plugin got, and who moves the cases.

    `token` is the partner's; `secret` signs what goes to the partner, `notify_secret` what goes
    from the portal to the gateway. `unsettled` are events that the receiver held when killed,
    `unsettled_on_the_wire` those that the gateway held when anybody was.
    """

    processes: Mapping[str, ServerProcess]
    journal: Journal
    story: Story
    token: str
    secret: str
    notify_secret: str
    unsettled: set[str] = attrs.field(factory=set)
    unsettled_on_the_wire: set[str] = attrs.field(factory=set)

    def kill_and_restart(self, name: str) -> None:
        """Kill a process by SIGKILL, and start it again once its connections have failed."""
        process = self.processes[name]
        with self.story.one_away():
            kill(process)
            _let_the_lease_pass(process.folder / "gateway.db")
            self.unsettled.update(_pending(process.folder / "receiver.db"))
            for party in self.processes.values():
                self.unsettled_on_the_wire.update(_pending(party.folder / "gateway.db"))
            process.start()


@contextmanager
def house(folder: Path, *, parties: tuple[str, ...]) -> Iterator[House]:
    """Run the `parties` (`all`, or `gateway` and `portal`) and a partner's receiver."""
    ports = {name: free_port() for name in (*parties, "receiver")}
    address = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    secret, notify_secret = signing.new_secret(), signing.new_secret()
    environ = SETTINGS | {
        "FULFILLMENT_INTAKE_TOKEN": "intake-token-of-both",
        "FULFILLMENT_NOTIFY_SECRETS": notify_secret,
        "FULFILLMENT_PORTAL_URL": address[parties[-1]],
        "FULFILLMENT_GATEWAY_URL": address[parties[0]],
    }
    running = {
        name: ServerProcess(
            folder / name, flags=["--dev", "--role", name], port=ports[name], environ=environ
        )
        for name in parties
    }
    with Journal() as journal:
        receiver = PartnerProcess(
            folder / "receiver", port=ports["receiver"], secret=secret, journal=journal
        )
        gateway, portal = running[parties[0]], running[parties[-1]]
        with receiver, portal:
            if gateway is not portal:
                gateway.start()
            token = _token(gateway)
            with Client(base_url=gateway.address, token=token) as client:
                client.subscriptions.create(url=address["receiver"], secret=secret)
            _hire(portal)
            story = Story(gateway, portal, token)
            try:
                processes = {**running, "receiver": receiver}
                yield House(processes, journal, story, token, secret, notify_secret)
            finally:
                story.close()
                if gateway is not portal:
                    gateway.__exit__(None, None, None)


def _token(gateway: ServerProcess) -> str:
    answer = requests.post(
        f"{gateway.address}/api/webhook/webform/auth/token/",
        json={"organization_name": "Partner", "organization_email": "intake@partner.example"},
        timeout=SECONDS,
    )
    token: str = answer.json()["token"]
    return token


def _hire(portal: ServerProcess) -> None:
    answer = requests.post(
        f"{portal.address}/portal/api/workers/",
        json={"name": "Amina Otieno"},
        headers={"Authorization": f"Bearer {portal.staff_token}"},
        timeout=SECONDS,
    )
    assert answer.status_code == 201, answer.text


def _let_the_lease_pass(database: Path) -> None:
    """Let fifteen seconds pass for what a killed gateway had reserved (contract, section 2)."""
    if database.exists():
        with closing(sqlite3.connect(database)) as opened, opened:
            opened.execute(
                "UPDATE gateway_reservations SET held_until = held_until - ? WHERE answer IS NULL",
                (LEASE,),
            )


def _pending(database: Path) -> list[str]:
    """Return the ids of the events that are yet to be delivered, as the database has it."""
    if not database.exists():
        return []
    with closing(sqlite3.connect(database)) as opened:
        rows = opened.execute(
            "SELECT event_id FROM relay_events WHERE id IN (SELECT event FROM relay_deliveries)"
        )
        return [event_id for (event_id,) in rows]
