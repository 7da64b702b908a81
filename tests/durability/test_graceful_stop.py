"""SIGTERM ends a server after what is in hand is finished (contract, section 7)."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from fulfillment_sdk import Client
from fulfillment_sdk.cli.demo.case import physical_abuse
from tests.journeys._hops import AFTER, BEFORE, Hops, Moment, two_processes
from tests.journeys._server import SECONDS, ServerProcess


class SlowEndpoint:
    """A partner that has read a notification and takes its time to answer."""

    def __init__(self) -> None:
        self.came = threading.Event()
        self.answer = threading.Event()
        self.ids: list[str] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.ids.append(self.headers["webhook-id"])
                endpoint.came.set()
                assert endpoint.answer.wait(SECONDS)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.address = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> SlowEndpoint:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.answer.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def hops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hops]:
    environ = {"FULFILLMENT_RETRY_SCHEDULE": ",".join(["0", *["0.1"] * 50])}
    with two_processes(tmp_path_factory.mktemp("hops"), environ) as running:
        yield running


@pytest.mark.parametrize("moment", [BEFORE, AFTER])
def test_a_case_in_hand_gets_its_201_and_then_the_gateway_ends(hops: Hops, moment: Moment) -> None:
    with (
        ThreadPoolExecutor(1) as other,
        Client(base_url=hops.gateway.address, token=_token(hops.gateway)) as client,
    ):
        hops.bridge.hold(moment)
        creating = other.submit(
            client.cases.create, physical_abuse(), idempotency_key=moment.replace(" ", "-")
        )
        hops.bridge.wait()
        hops.gateway.signal(signal.SIGTERM)
        _wait_until_it_takes_no_more(hops.gateway)
        assert hops.gateway.outlives(0.5)
        assert not creating.done()
        hops.bridge.let_go()
        created = creating.result(SECONDS)
        assert hops.gateway.wait() == 0
        hops.gateway.start()
        assert (
            client.cases.create(physical_abuse(), idempotency_key=moment.replace(" ", "-"))
            == created
        )


def test_a_notification_in_hand_is_settled_and_not_sent_again(hops: Hops) -> None:
    with (
        SlowEndpoint() as endpoint,
        Client(base_url=hops.gateway.address, token=_token(hops.gateway)) as client,
    ):
        client.subscriptions.create(url=endpoint.address)
        client.cases.create(physical_abuse())
        assert endpoint.came.wait(SECONDS)
        hops.gateway.signal(signal.SIGTERM)
        _wait_until_it_takes_no_more(hops.gateway)
        assert hops.gateway.outlives(0.5)
        endpoint.answer.set()
        assert hops.gateway.wait() == 0
        first = list(endpoint.ids)
        endpoint.came.clear()
        hops.gateway.start()
        client.cases.create(physical_abuse())
        assert endpoint.came.wait(SECONDS)
    # Whatever was left over would have been due before the second case's event.
    assert len(first) == 1
    assert len(set(endpoint.ids)) == len(endpoint.ids) == 2


def _token(gateway: ServerProcess) -> str:
    answer = requests.post(
        f"{gateway.address}/api/webhook/webform/auth/token/",
        json={"organization_name": "Partner", "organization_email": "intake@partner.example"},
        timeout=SECONDS,
    )
    token: str = answer.json()["token"]
    return token


def _wait_until_it_takes_no_more(server: ServerProcess) -> None:
    """Wait until its socket is closed."""
    for _ in range(10_000):
        try:
            requests.get(f"{server.address}/healthz", timeout=SECONDS)
        except requests.ConnectionError:
            return
    raise AssertionError("it goes on serving")
