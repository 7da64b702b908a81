"""The gateway on a socket: HTTP/1.1, one worker, and every connection closed after its answer."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from tests.fakes.deployed_gateway.gateway import DeployedGateway
from tests.fakes.deployed_gateway.upstream import WorkerKilled
from tests.fakes.deployed_gateway.wire import Answer, Request

LOOPBACK: Final = "127.0.0.1"


@contextlib.contextmanager
def serving(gateway: DeployedGateway, *, port: int = 0) -> Iterator[str]:
    """Serve `gateway` on loopback while the block runs; gives its base URL.

    At the end an upstream that hangs is released, and what is in hand gets its answer.
    """
    with _Server((LOOPBACK, port), gateway) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}"
        finally:
            gateway.upstream.release()
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    """A thread for each connection, all of them joined at the end; one of them works at a time."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], gateway: DeployedGateway) -> None:
        super().__init__(address, _Handler)
        self.gateway = gateway
        self.worker = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version = "fake-deployed-gateway"
    sys_version = ""
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _any(self) -> None:
        self.close_connection = True
        # A caller that has gone meanwhile is not our affair.
        with contextlib.suppress(ConnectionError):
            if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
                # Not recorded, and read as no body it would be a case without fields.
                self.send_error(501, "This fake reads bodies with a Content-Length alone")
                self._hang_up_softly()
                return
            request = self._request()
            try:
                with self.server.worker:
                    answer = self.server.gateway.answer(request)
            except WorkerKilled:
                return
            self._write(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _any  # noqa: N815

    def _hang_up_softly(self) -> None:
        """Let the caller send to its end: closed over unread bytes, a socket loses its answer."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while self.rfile.read1():
                pass

    def _request(self) -> Request:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        return Request(self.command, path, query, headers, body)

    def _write(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Connection", "close")
        self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.measured:
            self.send_header("Content-Length", str(len(answer.body)))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body if answer.measured else b"0\r\n\r\n")
