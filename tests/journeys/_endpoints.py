"""What listens in the tests' own process: a partner's endpoint, and a tap between two parties."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import attrs
import requests

from ._server import SECONDS


@attrs.frozen
class Received:
    """One request as it came in; the names of headers in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)


Answer = tuple[int, Mapping[str, str], bytes]
RESET = None
"""Instead of an answer: the connection is reset."""


class Listener:
    """Keeps every POST that comes in, and answers it as it is told."""

    def __init__(self, answer: Callable[[Received], Answer | None]) -> None:
        self._answer = answer
        self._received: list[Received] = []
        self._news = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def received(self, case_id: str) -> list[Received]:
        """Return what has come about a case."""
        with self._news:
            return [one for one in self._received if case_id.encode() in one.body]

    def wait(self, case_id: str, count: int) -> list[Received]:
        """Return what came about a case, once it is so much."""
        with self._news:
            enough = self._news.wait_for(
                lambda: sum(case_id.encode() in one.body for one in self._received) >= count,
                SECONDS,
            )
        found = self.received(case_id)
        assert enough, f"{len(found)} of {count} came"
        return found

    @contextmanager
    def listening(self) -> Iterator[None]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def _take(self, request: Received) -> Answer | None:
        answer = self._answer(request)
        with self._news:
            self._received.append(request)
            self._news.notify_all()
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take = self._take

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers["content-length"]))
                answer = take(Received(self.path, headers, body))
                if answer is RESET:
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()
                    self.close_connection = True
                    return
                status, named, content = answer
                self.send_response(status)
                for name, value in named.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        return Handler


def passing_on(address: Callable[[], str]) -> Callable[[Received], Answer]:
    """Return the answer of the party at an address, for a tap."""

    def answer(request: Received) -> Answer:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name not in ("host", "content-length", "connection")
        }
        came = requests.post(
            address() + request.path, data=request.body, headers=headers, timeout=SECONDS
        )
        return came.status_code, {"Content-Type": "application/json"}, came.content

    return answer


def eventually(condition: Callable[[], bool]) -> None:
    """Ask again, over HTTP, until it holds."""
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, "it did not come about in time"
