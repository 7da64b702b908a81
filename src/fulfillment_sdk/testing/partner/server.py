"""A real server for a whole session of tests, as one test sees it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import attrs
import requests

from fulfillment_sdk.client import Client
from fulfillment_sdk.client.tokens import MemoryTokens
from fulfillment_sdk.errors import FulfillmentError
from fulfillment_sdk.models import CreatedCase, NewCase, Person, Priority, RecordState
from fulfillment_sdk.server.local_server import LocalServer
from fulfillment_sdk.testing.partner.arrivals import RETRIES
from fulfillment_sdk.testing.partner.office import Office

SETTINGS: Final[Mapping[str, str]] = {
    # What a test breaks is soon tried again, and not given up before the test is.
    "FULFILLMENT_RETRY_SCHEDULE": ",".join(map(str, RETRIES)),
    "FULFILLMENT_NOTIFY_BACKOFF": "0.1:1",
    # Each test has an address of its own.
    "FULFILLMENT_CODE_LIMITS": "1000000,1000000",
}


@attrs.frozen
class PartnerServer:
    """The server, and in it an organization that no other test has.

    So no case, event or subscription of another test is in sight, and nothing has to be removed.

    Args:
        address: where gateway and portal are.
        client: the organization's, with its token.
        organization_name: what it is called.
        email: the address that owns it.
        office: the portal's people.
        log: the file that the server logs to.
    """

    address: str
    client: Client
    organization_name: str
    email: str
    office: Office
    log: Path

    def make_case(self, **fields: object) -> CreatedCase:
        """File a case: one about invented people, but for the `fields` of `NewCase` given."""
        usual: dict[str, object] = {
            "reporter": Person(fname="Test Reporter"),
            "gbv_related": False,
            "case_category_id": "362485",
            "narrative": "An invented case, for a test.",
            "plan": "None.",
            "priority": Priority.MEDIUM,
            "status": RecordState.OPEN,
        }
        return self.client.cases.create(NewCase(**{**usual, **fields}))  # type: ignore[arg-type]


@contextmanager
def running(folder: Path, settings: Mapping[str, str]) -> Iterator[LocalServer]:
    """Run a server in a process of its own for as long as the block runs; one worker is there."""
    with LocalServer(folder, settings={**SETTINGS, **settings}, tethered=True) as server:
        with closing(_session()) as session:
            Office(session, server.address, server.staff_token_file.read_text().strip()).hire()
        yield server


@contextmanager
def joined(server: LocalServer) -> Iterator[PartnerServer]:
    """Found an organization there; when the block ends, nothing is sent to it any more.

    Raises:
        FulfillmentError: the server has ended; the remedy is what it said itself.
    """
    if not server.is_running():
        raise FulfillmentError(
            "The server for these tests has ended", remedy=server.last_words or "Start them anew."
        )
    name = f"Partner {secrets.token_hex(6)}"
    email = f"{name.split()[1]}@partner.example"
    with closing(_session()) as session:
        staff_token = server.staff_token_file.read_text().strip()
        client = Client(
            base_url=server.address,
            tokens=MemoryTokens(),
            session=session,
            load_entry_points=False,
        )
        with client:
            client.auth.legacy_token(organization_name=name, organization_email=email)
            yield PartnerServer(
                address=server.address,
                client=client,
                organization_name=name,
                email=email,
                office=Office(session, server.address, staff_token),
                log=server.log,
            )
            if server.is_running():
                for subscription in list(client.subscriptions.list()):
                    client.subscriptions.delete(subscription.id)


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # a proxy has no business on loopback
    return session
