"""A partner's application, run as a script: a receiver whose plugin tells what reaches it.

Arguments: the folder, the port, the secret, and the path of the socket that is told.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from fulfillment_sdk import CaseCompleted, Receiver, StatusChanged, hookimpl
from fulfillment_sdk.models import CaseEvent


class Teller:
    """A plugin that sends one datagram an event: what is sent outlives a kill."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        self._tell(event)

    @hookimpl
    def fulfillment_case_completed(self, event: CaseCompleted) -> None:
        self._tell(event)

    def _tell(self, event: CaseEvent) -> None:
        facts = (os.getpid(), event.case_id, event.sequence, event.id, event.transition_id)
        self._socket.sendto(" ".join(map(str, facts)).encode(), self._path)


class Server(uvicorn.Server):
    """Says where it serves, as `fulfillment serve` does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(f"Serving on http://127.0.0.1:{self.config.port}\n")
        sys.stdout.flush()


def main(folder: str, port: str, secret: str, told: str) -> None:
    # uvicorn raises the signal anew after a graceful end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    receiver = Receiver([secret], Path(folder), [Teller(told)], load_entry_points=False)
    Server(uvicorn.Config(receiver.asgi(), port=int(port), log_config=None, ws="none")).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
