"""Servers of ours for the load: the receiver, and the same one without its store.

Each is an ASGI application on uvicorn with uvloop and httptools, as the `server` extra has it.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any

import attrs
import uvicorn

from benchmarks import events
from benchmarks.processes import Spec, end_with_parent, many_files, tell
from fulfillment_sdk.models import StatusChanged
from fulfillment_sdk.notifications import read_notification
from fulfillment_sdk.plugins import hookimpl
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.receiver.asgi import AsgiApp, Message, Receive, Send, read_body
from fulfillment_sdk.receiver.cases.ledger import Arrival, Ledger
from fulfillment_sdk.receiver.reply import STORED, UNSIGNED, Reply, refuse_head
from fulfillment_sdk.relay import Accepted
from fulfillment_sdk.store import StoreFuture

CREATED = json.dumps(
    {
        "id": "1042",
        "reference_number": "HL-CMS-20250314-01042",
        "status": "received",
        "created_at": "2025-03-14T13:57:47Z",
        "assigned_to": None,
        "eventType": "case.created",
        "payload": {},
        "timestamp": "2025-03-14T13:57:47Z",
    },
    separators=(",", ":"),
).encode()


class NothingToDo:
    """A partner's plugin that does nothing."""

    @hookimpl
    async def fulfillment_status_changed(self, event: StatusChanged) -> None:
        """Take the event."""


class NotStoring(Receiver):
    """The receiver, complete but for its store: it verifies, reads, and says that it stored."""

    async def handle_async(self, method: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer as the receiver would, without keeping anything."""
        refused = refuse_head(method, headers)
        if refused is not None:
            return refused
        notification = read_notification(headers, body, [events.SECRET], time.time())
        return STORED if notification.kind == "accepted" else UNSIGNED

    def start(self) -> None:
        """Open nothing."""

    def stop(self) -> None:
        """There is nothing to close."""


class WithoutCases(Receiver):
    """The receiver, but for what it knows of cases: it stores each event and lines it up."""

    def _open_ledger(self) -> Ledger | None:
        ledger = super()._open_ledger()
        return None if ledger is None else StoringAlone(ledger.relay, ledger.rules)


class StoringAlone(Ledger):
    """What a receiver keeps if it keeps nothing of its cases."""

    def take(self, arrival: Arrival) -> StoreFuture[Accepted]:
        """Store an event and line it up."""
        return self.relay.accept(arrival.event)


class KeepingApp(AsgiApp):
    """The receiver with its plugin disabled: events are lined up for it, and wait.

    That is the work of a peer whose intake runs without its dispatcher.
    """

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(receiver)
        self._keeping = receiver

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Disable the plugin once the receiver has started."""
        await super().__call__(scope, receive, self._disabling(send))

    def _disabling(self, send: Send) -> Send:
        async def wrapped(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._disable()
            await send(message)

        return wrapped

    def _disable(self) -> None:
        relay = self._keeping.relay

        def work(connection: Any) -> None:
            for one in relay.list_destinations(connection):
                relay.put_destination(connection, attrs.evolve(one, enabled=False))

        relay.store.write(work).result()


async def answer_only(scope: Message, receive: Receive, send: Send) -> None:
    """Read the body and answer 202: what the HTTP server alone can do."""
    if scope["type"] == "http":
        await read_body(receive)
        pairs = [(name.encode(), value.encode()) for name, value in STORED.headers]
        await send({"type": "http.response.start", "status": 202, "headers": pairs})
        await send({"type": "http.response.body", "body": STORED.body})
        return
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def create_only(scope: Message, receive: Receive, send: Send) -> None:
    """Read the body and answer 201, with a case to us and a message to a peer; keep nothing."""
    if scope["type"] != "http":
        await answer_only(scope, receive, send)
        return
    await read_body(receive)
    pairs = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(CREATED))]
    pairs.append((b"fulfillment-features", b"idempotency"))
    await send({"type": "http.response.start", "status": 201, "headers": pairs})
    await send({"type": "http.response.body", "body": CREATED})


def make_app(kind: str, spec: Spec) -> Any:
    """Return the application of that kind."""
    plugins = [NothingToDo()]
    keys = [("bench", bytes(32))]
    if kind == "answer-only":
        return answer_only
    if kind == "creating":
        return create_only
    if kind == "not-storing":
        return AsgiApp(NotStoring(events.SECRET, spec["data"], plugins, load_entry_points=False))
    make = WithoutCases if kind == "without-cases" else Receiver
    receiver = make(
        events.SECRET, spec["data"], plugins, load_entry_points=False, storage_keys=keys
    )
    return AsgiApp(receiver) if kind == "receiver" else KeepingApp(receiver)


def serve(app: Any) -> None:
    """Serve the application on a free port, and tell the port."""
    many_files()
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", 0))
    end_with_parent()
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", lifespan="on", access_log=False, log_level="warning"
    )
    tell(port=listening.getsockname()[1])
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    serve(make_app(sys.argv[1], json.loads(sys.argv[2])))
