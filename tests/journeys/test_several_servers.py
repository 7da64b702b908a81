"""Two gateways, two portals, one database, TLS in front: nothing of it may be missed when it dies.

The page's own proxy configurations run here (`docs/deployment.md`).
"""

from __future__ import annotations

import queue
import signal
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
from requests.adapters import HTTPAdapter

from fulfillment_sdk import Client, Receiver
from fulfillment_sdk.cli.demo.case import physical_abuse
from fulfillment_sdk.models import CaseEvent
from tests.integration.gateway.parts import BASE

from ._endpoints import eventually
from ._fleet import CODES_PER_ADDRESS, Fleet, Office, fleet
from ._partner import Recorder
from ._server import SECONDS
from ._tls import ADDRESS

CREATORS, EACH = 3, 8
STEPS = ("allocated", "in_progress")


@pytest.fixture(scope="module", params=["nginx", "haproxy"])
def servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    with fleet(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


class From(HTTPAdapter):
    """Connects from another address of this machine, as another partner would."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **named: Any
    ) -> None:
        named["source_address"] = (self._address, 0)
        super().init_poolmanager(connections, maxsize, block, **named)


@contextmanager
def receiving(servers: Fleet, partner: Client, folder: Path, plugin: object) -> Iterator[None]:
    """Subscribe to events, and receive them over https."""
    listener = socket.create_server((ADDRESS, 0))
    url = f"https://{ADDRESS}:{listener.getsockname()[1]}/webhook"
    secret = partner.subscriptions.create(url=url).secret
    assert secret
    receiver = Receiver([secret], folder, [plugin], load_entry_points=False)
    config = uvicorn.Config(
        receiver.asgi(),
        log_config=None,
        ws="none",
        lifespan="on",
        ssl_certfile=servers.keys.certificate,
        ssl_keyfile=servers.keys.key,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(SECONDS)
        listener.close()


class Work:
    """Partners' threads that create cases, and staff's that move them on."""

    def __init__(self, partner: Client, office: Office) -> None:
        self._partner, self._office = partner, office
        self._fresh: queue.Queue[str | None] = queue.Queue()
        self._enough = threading.Semaphore(0)
        self.created: list[str] = []
        self.failures: list[BaseException] = []
        self._creators = [threading.Thread(target=self._create) for _ in range(CREATORS)]
        self._movers = [threading.Thread(target=self._move) for _ in range(2)]

    def start(self) -> None:
        for thread in (*self._creators, *self._movers):
            thread.start()

    def wait_for(self, count: int) -> None:
        """Wait until so many more cases are there."""
        for _ in range(count):
            assert self._enough.acquire(timeout=SECONDS)

    def finish(self) -> None:
        for thread in self._creators:
            thread.join()
        for _ in self._movers:
            self._fresh.put(None)
        for thread in self._movers:
            thread.join()
        assert self.failures == []

    def _create(self) -> None:
        try:
            for _ in range(EACH):
                case_id = self._partner.cases.create(physical_abuse()).id
                self.created.append(case_id)
                self._fresh.put(case_id)
                self._enough.release()
        except BaseException as error:  # noqa: BLE001  shown in the test
            self.failures.append(error)

    def _move(self) -> None:
        try:
            while (case_id := self._fresh.get()) is not None:
                for to in STEPS:
                    self._office.post(f"cases/{case_id}/transitions/", to=to)
        except BaseException as error:  # noqa: BLE001  shown in the test
            self.failures.append(error)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("servers", ["nginx"], indirect=True)
def test_a_gateway_that_is_killed_at_work_takes_nothing_along(
    servers: Fleet, tmp_path: Path
) -> None:
    plugin, office = Recorder(), Office(servers)
    office.post("workers/", name="Amina Otieno")
    partner = servers.partner("owner@partner.example", "Partner")
    before = set(office.cases())
    with partner, receiving(servers, partner, tmp_path / "receiver", plugin):
        work = Work(partner, office)
        work.start()
        work.wait_for(CREATORS * EACH // 3)
        servers.gateways[0].signal(signal.SIGKILL)
        assert servers.gateways[0].wait() == -signal.SIGKILL
        work.finish()
        total = CREATORS * EACH
        events = plugin.take(total * (1 + len(STEPS)))
    servers.gateways[0].start()

    assert len(set(work.created)) == total, "each was created"
    assert sorted(set(office.cases()) - before) == sorted(work.created), "and none twice"
    told: dict[str, list[CaseEvent]] = defaultdict(list)
    for event in events:
        told[event.case_id].append(event)
    expected = [(1, "new"), *((n, to) for n, to in enumerate(STEPS, 2))]
    assert {
        case_id: [(event.sequence, event.new_status) for event in of_case]
        for case_id, of_case in told.items()
    } == dict.fromkeys(work.created, expected)
    assert plugin.rest() == []


@pytest.mark.timeout(120)
def test_the_partners_own_address_counts_whatever_it_claims(servers: Fleet) -> None:
    def ask(address: str, n: int, **headers: str) -> int:
        session = servers.session()
        session.mount("https://", From(address))
        answer = session.post(
            f"{servers.address}{BASE}/auth/request-verification/",
            json={"email": f"n{n}@partner.example", "organization_name": f"Partner {n}"},
            headers={name.replace("_", "-"): text for name, text in headers.items()},
            timeout=SECONDS,
        )
        return answer.status_code

    # As many as one address may ask for, at whichever gateway.
    assert [ask("127.0.0.5", n) for n in range(CODES_PER_ADDRESS)] == [200] * CODES_PER_ADDRESS
    assert ask("127.0.0.5", 90) == 429
    assert ask("127.0.0.5", 91, X_Forwarded_For="203.0.113.9") == 429
    assert ask("127.0.0.5", 92, Forwarded="for=203.0.113.9") == 429
    assert ask("127.0.0.6", 93) == 200


@pytest.mark.timeout(120)
@pytest.mark.parametrize("servers", ["nginx"], indirect=True)
def test_the_proxys_log_has_the_calls_and_no_query(servers: Fleet) -> None:
    url = f"{servers.address}{BASE}/cases/?src_uid=call-of-somebody"
    answer = servers.session().get(url, timeout=SECONDS)
    log = servers.keys.authority.parent / "nginx" / "access.log"
    eventually(lambda: answer.headers["X-Request-Id"] in log.read_text())
    (line,) = [
        line
        for line in log.read_text().splitlines()
        if line.endswith(answer.headers["X-Request-Id"])
    ]
    assert f"GET {BASE}/cases/ 401 " in line
    assert "call-of-somebody" not in log.read_text()


@pytest.mark.timeout(120)
def test_partners_reach_what_is_theirs_over_verified_tls_alone(servers: Fleet) -> None:
    session = servers.session()

    def status(path: str) -> int:
        return session.get(servers.address + path, timeout=SECONDS).status_code

    assert status(f"{BASE}/cases/") == 401
    assert {status(path) for path in ("/portal/api/cases/", "/admin/api/organizations/")} == {404}
    assert {status(path) for path in ("/gateway/notifications/", "/metrics", "/readyz")} == {404}
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{servers.address}{BASE}/cases/", timeout=SECONDS)
    bare = servers.address.replace("https:", "http:") + f"{BASE}/cases/"
    with requests.Session() as unencrypted:
        try:
            refused = unencrypted.get(bare, timeout=SECONDS).status_code
        except requests.exceptions.ConnectionError:
            refused = 400
    assert refused == 400
