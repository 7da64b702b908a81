"""Stands between the gateway and a partner, and does to notifications what a test asked for."""

from __future__ import annotations

import json
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import attrs

from fulfillment_sdk import signing
from fulfillment_sdk.models.events import CASE_COMPLETED
from fulfillment_sdk.testing.partner.faults import Faults


@attrs.frozen
class Request:
    """One notification on its way: its headers and its bytes."""

    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)

    @property
    def data(self) -> Mapping[str, object]:
        """What it says about the case, if it can be read."""
        found = _object(self.body).get("data")
        return found if isinstance(found, dict) else {}

    @property
    def case_id(self) -> str:
        """The case that it is about."""
        return str(self.data.get("case_id", ""))

    @property
    def status(self) -> str:
        """The status that it tells of, `completed` for a completion, else its type."""
        kind = str(_object(self.body).get("type", ""))
        if kind == CASE_COMPLETED:
            return "completed"
        return str(self.data.get("new_status", kind))


@attrs.frozen
class Answer:
    """What the gateway is answered."""

    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict)


Forward = Callable[[Request], Answer]
"""Hands a notification to the partner; raises `OSError` where nobody answers."""

TAKEN = Answer(202)


class Proxy:
    """Decides what happens to each notification.

    Args:
        faults: what a test asked for.
        forward: where notifications go.
    """

    def __init__(self, faults: Faults, forward: Forward) -> None:
        self._faults = faults
        self._forward = forward
        self._held: defaultdict[str, list[Request]] = defaultdict(list)
        self._ended = threading.Event()

    def pass_on(self, request: Request) -> Answer | None:
        """Return what the gateway is answered; None for nothing, its connection just ends."""
        request = self._signed(request)
        fault = self._faults.next_for(request.status)
        kind = None if fault is None else fault.kind
        if fault is not None and kind == "delay":
            self._ended.wait(fault.seconds)
        if fault is not None and kind == "refuse":
            return Answer(fault.status)
        if kind == "drop":
            return None
        if kind == "hold":
            self._held[request.case_id].append(request)
            return TAKEN
        if kind == "forge":
            request = attrs.evolve(request, headers=_forged(request.headers))
        answer = self._tell(request)
        if kind == "duplicate":
            self._tell(request)
        if _is_taken(answer):
            # The gateway believes that the partner has these: what it does not take stays here.
            held = self._held.pop(request.case_id, [])
            self._held[request.case_id] += [one for one in held if not _is_taken(self._tell(one))]
        return None if kind == "lose_answer" else answer

    def end(self) -> None:
        """Let nothing wait any longer."""
        self._ended.set()

    def _tell(self, request: Request) -> Answer | None:
        try:
            return self._forward(request)
        except OSError:
            return None

    def _signed(self, request: Request) -> Request:
        secret = self._faults.only_secret
        if secret is None:
            return request
        known = {name.lower(): text for name, text in request.headers.items()}
        anew = signing.headers(
            [secret],
            known[signing.ID_HEADER],
            int(known[signing.TIMESTAMP_HEADER]),
            request.body,
        )
        return attrs.evolve(request, headers={**known, **anew})


@contextmanager
def listening(proxy: Proxy) -> Iterator[str]:
    """Serve the proxy on a free port for as long as the block runs; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            answer = proxy.pass_on(Request(dict(self.headers.items()), body))
            if answer is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(answer.status)
            for name, text in answer.headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False  # a gateway keeps its connections
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/webhook/"
    finally:
        proxy.end()
        server.shutdown()
        thread.join()
        server.server_close()


def _is_taken(answer: Answer | None) -> bool:
    return answer is not None and 200 <= answer.status < 300


def _forged(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: "v1," + "A" * 43 + "=" if name.lower() == signing.SIGNATURE_HEADER else text
        for name, text in headers.items()
    }


def _object(body: bytes) -> dict[str, object]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
