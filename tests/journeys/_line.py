"""What lies between a partner and a gateway, and what goes wrong there."""

from __future__ import annotations

import enum
import http.client
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from ._server import SECONDS

_OF_EACH_CONNECTION = {"connection", "transfer-encoding", "content-length", "host"}
_PAGE = b"<!doctype html><title>Welcome</title><p>Accept the terms of this network.</p>"


class Fault(enum.Enum):
    """What becomes of one request instead of being passed on, or of its answer."""

    ANSWER_LOST = "passed on; the connection ends before the answer"
    MOVED = "not passed on: 301 to the gateway itself"
    PAGE = "not passed on: 200 with the page of a network that wants to be joined"
    CUT = "passed on; the answer ends half-way"


class Line:
    """Passes every request on as it is, but for those that `faults` are waiting for."""

    def __init__(self, gateway: Callable[[], str]) -> None:
        self.faults: deque[Fault] = deque()
        self.passed: list[str] = []
        self._gateway = gateway
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def open(self) -> Iterator[None]:
        """Serve for as long as the block runs."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        line = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                self.close_connection = True
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                line._serve(self, body)

            do_GET = do_POST = do_PATCH = do_DELETE = _any  # noqa: N815  the server's names for them

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        return Handler

    def _serve(self, asked: BaseHTTPRequestHandler, body: bytes) -> None:
        fault = self.faults.popleft() if self.faults else None
        if fault is Fault.MOVED:
            return _reply(asked, 301, {"Location": self._gateway() + asked.path}, b"")
        if fault is Fault.PAGE:
            return _reply(asked, 200, {"Content-Type": "text/html"}, _PAGE)
        status, headers, content = self._pass_on(asked, body)
        if fault is Fault.ANSWER_LOST:
            return None
        return _reply(asked, status, headers, content, cut=fault is Fault.CUT)

    def _pass_on(
        self, asked: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        self.passed.append(f"{asked.command} {asked.path}")
        connection = http.client.HTTPConnection(urlsplit(self._gateway()).netloc, timeout=SECONDS)
        try:
            headers = {name: value for name, value in asked.headers.items() if _stays(name)}
            connection.request(asked.command, asked.path, body or None, headers)
            came = connection.getresponse()
            kept = {name: value for name, value in came.getheaders() if _stays(name)}
            return came.status, kept, came.read()
        finally:
            connection.close()


def _stays(name: str) -> bool:
    return name.lower() not in _OF_EACH_CONNECTION


def _reply(
    asked: BaseHTTPRequestHandler,
    status: int,
    headers: dict[str, str],
    content: bytes,
    *,
    cut: bool = False,
) -> None:
    asked.send_response(status)
    for name, value in (headers | {"Connection": "close"}).items():
        asked.send_header(name, value)
    asked.send_header("Content-Length", str(len(content)))
    asked.end_headers()
    asked.wfile.write(content[: len(content) // 2] if cut else content)
