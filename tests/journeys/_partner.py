"""The partner's application: a receiver with a plugin, served over real HTTP from a thread."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
import uvicorn

from fulfillment_sdk import CaseCompleted, Client, Receiver, StatusChanged, hookimpl
from fulfillment_sdk.models import CaseEvent

from ._server import SECONDS, ServerProcess

EMAIL = "intake@partner.example"
ORGANIZATION = "Partner"


class Recorder:
    """A plugin that keeps every event that reaches it."""

    def __init__(self) -> None:
        self._queue: queue.Queue[CaseEvent] = queue.Queue()

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        self._queue.put(event)

    @hookimpl
    def fulfillment_case_completed(self, event: CaseCompleted) -> None:
        self._queue.put(event)

    def take(self, count: int) -> list[CaseEvent]:
        """Wait for the next `count` events."""
        return [self._queue.get(timeout=SECONDS) for _ in range(count)]

    def rest(self) -> list[CaseEvent]:
        """Return what has come beyond what was taken."""
        found = []
        while not self._queue.empty():
            found.append(self._queue.get())
        return found


RECORDER = Recorder()
"""One for `fulfillment dispatch --plugin`."""


class Endpoint:
    """An address that can be registered; who calls is refused until there is a receiver."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}/webhook"

    @contextmanager
    def receiving(self, secret: str, folder: Path, plugin: object) -> Iterator[Receiver]:
        """Serve a receiver until the block ends; afterwards it has finished what it held."""
        receiver = Receiver([secret], folder, [plugin], load_entry_points=False)
        config = uvicorn.Config(receiver.asgi(), log_config=None, ws="none", lifespan="on")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [self._socket]})
        self._socket.listen()  # from here on, callers wait until the thread is there
        thread.start()
        try:
            yield receiver
        finally:
            server.should_exit = True
            thread.join(SECONDS)


def verified(client: Client, gateway: ServerProcess) -> None:
    """Obtain a token as a partner does: by the code in a mail."""
    client.auth.request_verification(email=EMAIL, organization_name=ORGANIZATION)
    mailbox = requests.get(f"{gateway.address}/dev/mailbox/", params={"to": EMAIL}, timeout=SECONDS)
    words: list[str] = mailbox.json()[0]["text"].split()
    (code,) = {word.strip(".:") for word in words if word.strip(".:").isdigit() and len(word) >= 6}
    client.auth.verify_otp(email=EMAIL, otp=code, organization_name=ORGANIZATION)
