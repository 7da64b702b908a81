"""Gateway and portal as two processes, with somebody between them who can hold a call."""

from __future__ import annotations

import signal
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import requests

from fulfillment_sdk import signing
from tests.ports import free_port

from ._server import SECONDS, ServerProcess

Moment = Literal["before the portal has it", "after the portal has answered"]
BEFORE: Moment = "before the portal has it"
AFTER: Moment = "after the portal has answered"

LEASE = 15.0
"""Seconds after which a reservation that a crash left is taken over (contract, section 2)."""


def kill(server: ServerProcess) -> None:
    """End a server by SIGKILL."""
    server.signal(signal.SIGKILL)
    assert server.wait() == -signal.SIGKILL


class Bridge:
    """Passes the gateway's calls on to the portal; holds one where it is told to.

    The call that was held is let on, or dropped: then its connection ends without an answer.
    """

    def __init__(self, portal: str) -> None:
        self._portal = portal
        self._hold: Moment | None = None
        self._gate = threading.Lock()
        self._held = threading.Event()
        self._go_on = threading.Event()
        self._drop = False
        bridge = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bridge.pass_on(self)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Bridge:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.let_go()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def hold(self, moment: Moment) -> None:
        """Hold the next call at `moment`."""
        self._held.clear()
        self._go_on.clear()
        self._drop = False
        self._hold = moment

    def wait(self) -> None:
        """Wait until a call is held."""
        assert self._held.wait(SECONDS), "no call came to the bridge"

    def let_go(self, *, drop: bool = False) -> None:
        """Let the held call go on, or drop it."""
        self._drop = drop
        self._hold = None
        self._go_on.set()

    def pass_on(self, call: BaseHTTPRequestHandler) -> None:
        """Serve one call."""
        body = call.rfile.read(int(call.headers["Content-Length"]))
        names = ("Authorization", "Content-Type", "X-Request-Id")
        headers = {name: call.headers[name] for name in names}
        with self._gate:
            hold, self._hold = self._hold, None
        if hold == BEFORE and self._dropped():
            return
        try:
            answer = requests.post(self._portal + call.path, body, headers=headers, timeout=SECONDS)
        except requests.RequestException:
            return
        if hold == AFTER and self._dropped():
            return
        call.send_response(answer.status_code)
        call.send_header("Content-Type", answer.headers["Content-Type"])
        call.send_header("Content-Length", str(len(answer.content)))
        call.end_headers()
        call.wfile.write(answer.content)

    def _dropped(self) -> bool:
        self._held.set()
        assert self._go_on.wait(SECONDS)
        return self._drop


class Hops:
    """Both parties, each at an address that outlives it, and the bridge between them."""

    def __init__(
        self, folder: Path, bridge: Bridge, *, ports: tuple[int, int], environ: Mapping[str, str]
    ) -> None:
        gateway_port, portal_port = ports
        shared = {
            "FULFILLMENT_INTAKE_TOKEN": "intake-token-of-both",
            "FULFILLMENT_NOTIFY_SECRETS": signing.new_secret(),
            "FULFILLMENT_NOTIFY_BACKOFF": "0.05:0.2",
            "FULFILLMENT_PORTAL_URL": bridge.address,
            "FULFILLMENT_GATEWAY_URL": f"http://127.0.0.1:{gateway_port}",
            **environ,
        }
        self.bridge = bridge
        self.portal, self.gateway = (
            ServerProcess(folder / role, flags=["--dev", "--role", role], port=port, environ=shared)
            for role, port in (("portal", portal_port), ("gateway", gateway_port))
        )

    def let_the_lease_pass(self) -> int:
        """Let fifteen seconds pass for what the killed gateway had reserved; return how many."""
        with closing(sqlite3.connect(self.gateway.folder / "gateway.db")) as database, database:
            return database.execute(
                "UPDATE gateway_reservations SET held_until = held_until - ? WHERE answer IS NULL",
                (LEASE,),
            ).rowcount


@contextmanager
def two_processes(folder: Path, environ: Mapping[str, str] | None = None) -> Iterator[Hops]:
    """Run gateway and portal as processes of their own for as long as the block runs."""
    ports = free_port(), free_port()
    with Bridge(f"http://127.0.0.1:{ports[1]}") as bridge:
        hops = Hops(folder, bridge, ports=ports, environ=environ or {})
        with hops.portal, hops.gateway:
            yield hops
