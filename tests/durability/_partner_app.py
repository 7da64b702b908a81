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
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
        self.send(" ".join(map(str, facts)))

    def send(self, text: str) -> None:
        self._socket.sendto(text.encode(), self._path)


class Wire:
    """The receiver, with each event told that came over the wire and was answered with a 2xx."""

    def __init__(self, app: ASGIApp, teller: Teller) -> None:
        self._app = app
        self._teller = teller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_tell(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 300:
                identity = dict(scope["headers"])[b"webhook-id"].decode()
                self._teller.send(f"wire {identity}")
            await send(message)

        await self._app(scope, receive, send_and_tell)


class Server(uvicorn.Server):
    """Says where it serves, as `fulfillment serve` does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(f"Serving on http://127.0.0.1:{self.config.port}\n")
        sys.stdout.flush()


def main(folder: str, port: str, secret: str, told: str) -> None:
    # uvicorn raises the signal anew after a graceful end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    teller = Teller(told)
    receiver = Receiver([secret], Path(folder), [teller], load_entry_points=False)
    app = Wire(receiver.asgi(), teller)
    Server(uvicorn.Config(app, port=int(port), log_config=None, ws="none")).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
