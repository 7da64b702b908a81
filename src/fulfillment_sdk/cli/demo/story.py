"""The demo from beginning to end."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NoReturn

import requests

from fulfillment_sdk.cli.demo.arrivals import Arrival, Watch, faults
from fulfillment_sdk.cli.demo.case import EMAIL, ORGANIZATION, physical_abuse
from fulfillment_sdk.cli.demo.endpoint import Endpoint
from fulfillment_sdk.cli.demo.screen import Screen
from fulfillment_sdk.cli.demo.staff import Staff, code_from_mailbox
from fulfillment_sdk.client import Client
from fulfillment_sdk.errors import FulfillmentError
from fulfillment_sdk.models import CaseCompleted, Subscription
from fulfillment_sdk.server.local_server import LocalServer

_WAIT_SECONDS = 5.0
_REPORT = "report.pdf"


def tell(*, keep: bool = False, screen: Screen | None = None) -> int:
    """Run the demo and return its exit status: 0 if all notifications came, once each, in order.

    With `keep` the server stays, and its folder with it; otherwise the report alone stays.

    Raises:
        FulfillmentError: a step failed.
    """
    screen = screen or Screen()
    begun = time.monotonic()
    screen.title("One case: API user -> Fulfillment Portal -> Our Portal, and all the way back")
    with _folder() as folder, _terminable(), LocalServer(folder) as server:
        screen.step(
            "The server is up", f"{server.address}  (gateway and portal, process {server.pid})"
        )
        try:
            arrivals = _Loop(screen, server, folder).run()
        except FulfillmentError as error:
            raise FulfillmentError(str(error), remedy=f"The server's log: {server.log}") from error
        found = faults([arrival.name for arrival in arrivals])
        screen.summary(arrivals, found, time.monotonic() - begun)
        if keep:
            server.let_go()
            _say_where(screen, server)
        elif found:
            screen.details(f"The server's log: {server.log}")
        else:
            server.stop()
            _leave_only_the_report(folder)
    return 1 if found else 0


class _Loop:
    """One case's way, with the partner in this process and the other parties in the server."""

    def __init__(self, screen: Screen, server: LocalServer, folder: Path) -> None:
        self._screen = screen
        self._server = server
        self._folder = folder
        self._watch = Watch()
        self._arrivals: list[Arrival] = []
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy has no business on loopback

    def run(self) -> list[Arrival]:
        """Take every step, and return the notifications that reached the plugin, in order."""
        endpoint = Endpoint()
        client = Client(
            base_url=self._server.address, session=self._session, load_entry_points=False
        )
        with closing(self._session), client, endpoint:
            self._verify(client)
            subscription = self._subscribe(client, endpoint)
            with endpoint.receive(subscription.secret, self._folder / "receiver", self._watch):
                case_id = self._create(client)
                self._work(case_id)
                self._download(client, case_id)
            # The receiver has finished what it held: whatever came twice is here by now.
            while (surplus := self._watch.next(seconds=0)) is not None:
                self._arrivals.append(surplus)
        return self._arrivals

    def _verify(self, client: Client) -> None:
        sent = client.auth.request_verification(email=EMAIL, organization_name=ORGANIZATION)
        code = code_from_mailbox(self._session, self._server.address, EMAIL)
        token = client.auth.verify_otp(email=EMAIL, otp=code, organization_name=ORGANIZATION)
        self._screen.step(
            "The partner's e-mail address is verified",
            f"{sent.message}: {EMAIL}",
            f"{token.message}; the token is good until {token.expires[:10]}",
        )

    def _subscribe(self, client: Client, endpoint: Endpoint) -> Subscription:
        subscription = client.subscriptions.create(url=endpoint.address)
        self._screen.step(
            "A webhook is registered",
            f"{endpoint.address}  (a receiver in this process, one plugin)",
        )
        return subscription

    def _create(self, client: Client) -> str:
        created = client.cases.create(physical_abuse())
        self._screen.step(
            "The partner creates a case", f"{created.id}, number {created.reference_number}"
        )
        self._await("new")
        return created.id

    def _work(self, case_id: str) -> None:
        token = self._server.staff_token_file.read_text().strip()
        staff = Staff(self._session, self._server.address, token)
        staff.hire("Amina Otieno")
        steps: tuple[tuple[str, Callable[[str], None], tuple[str, ...]], ...] = (
            ("The portal allocates it to a worker", staff.allocate, ("allocated",)),
            ("The worker starts", staff.start, ("in_progress",)),
            ("The worker submits the form", staff.submit, ("submitted",)),
            ("The quality check passes", staff.approve, ("qc_passed", "completed")),
        )
        for title, act, awaited in steps:
            self._screen.step(title)
            act(case_id)
            self._await(*awaited)

    def _await(self, *names: str) -> None:
        """Show what arrives until all of `names` did, or nothing comes any more."""
        waiting = set(names)
        while waiting:
            arrival = self._watch.next(seconds=_WAIT_SECONDS)
            if arrival is None:
                self._screen.details(*(f"{name} did not arrive" for name in sorted(waiting)))
                return
            self._arrivals.append(arrival)
            self._screen.arrival(arrival)
            if isinstance(arrival.event, CaseCompleted):
                self._screen.completion(arrival.event)
            waiting.discard(arrival.name)

    def _download(self, client: Client, case_id: str) -> None:
        report = client.cases.download_report(case_id, to=self._folder / _REPORT)
        size = report.stat().st_size
        self._screen.step("The partner downloads the report", f"{report}  ({size:,} bytes)")


def _say_where(screen: Screen, server: LocalServer) -> None:
    screen.step(
        "The server stays up",
        f"gateway      {server.address}/api/webhook/webform/",
        f"portal       {server.address}/portal/api/",
        f"mailbox      {server.address}/dev/mailbox/",
        f"staff token  {server.staff_token_file}",
        f"stop it      kill {server.pid}",
    )


@contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder of our own; it goes when the demo is broken off."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="fulfillment-demo-"))
    except OSError as error:
        raise FulfillmentError(
            "No temporary folder can be made", remedy="Set TMPDIR to a folder that can be written."
        ) from error
    try:
        yield folder
    except (KeyboardInterrupt, SystemExit):
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _leave_only_the_report(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != _REPORT:
            entry.unlink()


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the demo as Ctrl-C does, with its server."""

    def end(_number: int, _frame: object) -> NoReturn:
        sys.exit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
