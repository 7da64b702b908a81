"""The partner's side: a receiver with a plugin, mounted in a web server of this process."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from fulfillment_sdk.receiver import Receiver

_HOST = "127.0.0.1"


class Endpoint(socketserver.ThreadingMixIn, WSGIServer):
    """Listens from the beginning, so that its address can be registered; `receive` answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((_HOST, 0), _Quiet)

    @property
    def address(self) -> str:
        """The address to register as a webhook."""
        return f"http://{_HOST}:{self.server_port}/webhook"

    def server_bind(self) -> None:
        """Bind, without asking a name server who we are."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = _HOST, self.server_address[1]
        self.setup_environ()

    @contextmanager
    def receive(self, secret: str, folder: Path, *plugins: object) -> Iterator[Receiver]:
        """Serve a receiver for what is signed with `secret`, until the block ends."""
        with Receiver([secret], folder, plugins, load_entry_points=False) as receiver:
            self.set_app(receiver.wsgi())
            thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            try:
                yield receiver
            finally:
                self.shutdown()
                thread.join()


class _Quiet(WSGIRequestHandler):
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: standard output is the demo's."""
