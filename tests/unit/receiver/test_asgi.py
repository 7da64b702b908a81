"""The receiver under ASGI: requests, lifespan, and what else a server may open."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.receiver.asgi import AsgiApp, Message, Receive, Send, read_headers
from tests.unit.plugins.bodies import status_changed
from tests.unit.receiver.conftest import Inbox, MakeReceiver, signed

BODY = status_changed()


async def talk(
    app: Callable[[Message, Receive, Send], Awaitable[None]],
    scope: Message,
    messages: Iterable[Message],
) -> list[Message]:
    """Run the application on what the server says; return what it said."""
    said: list[Message] = []
    incoming = iter(messages)

    async def receive() -> Message:
        return next(incoming)

    async def send(message: Message) -> None:
        said.append(message)

    await app(scope, receive, send)
    return said


async def post(
    receiver: Receiver, *chunks: bytes, method: str = "POST", headers: dict[str, str] | None = None
) -> list[Message]:
    body = b"".join(chunks)
    pairs = [
        (name.lower().encode(), value.encode())
        for name, value in (signed(body) if headers is None else headers).items()
    ]
    scope: dict[str, Any] = {"type": "http", "method": method, "headers": pairs}
    messages = [
        {"type": "http.request", "body": chunk, "more_body": n < len(chunks)}
        for n, chunk in enumerate(chunks, 1)
    ]
    return await talk(receiver.asgi(), scope, messages)


async def test_a_notification_is_stored_and_reaches_the_plugin(
    make_receiver: MakeReceiver,
) -> None:
    inbox = Inbox()

    start, body = await post(make_receiver(inbox), BODY)

    assert start["status"] == 202
    assert (b"content-type", b"application/json") in start["headers"]
    assert body["body"] == b'{"status":"stored"}'
    assert (await asyncio.to_thread(inbox.take)).id == "evt_1"


async def test_a_body_in_chunks_is_put_together(make_receiver: MakeReceiver) -> None:
    start, _ = await post(make_receiver(Inbox()), BODY[:10], BODY[10:20], BODY[20:])

    assert start["status"] == 202


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("PUT", None, 405),
        ("POST", {"content-type": "text/plain"}, 415),
        ("POST", {"content-type": "application/json", "content-length": "99999999"}, 413),
    ],
)
async def test_what_the_head_decides_is_answered_whatever_the_body(
    make_receiver: MakeReceiver, method: str, headers: dict[str, str] | None, status: int
) -> None:
    start, _ = await post(make_receiver(Inbox()), b"", method=method, headers=headers)

    assert start["status"] == status


@pytest.mark.parametrize(
    ("content_type", "left"),
    [
        # With a rest unread, some servers cut the connection, and the answer with it.
        ({"content-type": "text/plain"}, 0),
        ({"content-type": "application/json", "content-encoding": "gzip"}, 0),
        ({"content-type": "application/json", "content-length": "99999999"}, 3),
    ],
)
async def test_what_is_refused_is_read_unless_it_is_too_large(
    make_receiver: MakeReceiver, content_type: dict[str, str], left: int
) -> None:
    pairs = [(name.encode(), value.encode()) for name, value in content_type.items()]
    scope = {"type": "http", "method": "POST", "headers": pairs}
    messages = iter(
        [{"type": "http.request", "body": b"x", "more_body": more} for more in (True, True, False)]
    )

    await talk(make_receiver(Inbox()).asgi(), scope, messages)

    assert len(list(messages)) == left


async def test_what_is_refused_and_does_not_come_in_is_refused_in_time(
    make_receiver: MakeReceiver,
) -> None:
    said: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        said.append(message)

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"text/plain")]}
    await AsgiApp(make_receiver(Inbox()), patience=0.01)(scope, receive, send)

    assert said[0]["status"] == 415


async def test_a_body_that_does_not_come_in_is_waited_for_no_longer_than_its_sender_would(
    make_receiver: MakeReceiver,
) -> None:
    said: list[Message] = []

    async def receive() -> Message:
        if said:
            raise AssertionError("it reads on after its answer")
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        said.append(message)

    pairs = [(name.lower().encode(), value.encode()) for name, value in signed(BODY).items()]
    scope = {"type": "http", "method": "POST", "headers": pairs}
    await AsgiApp(make_receiver(Inbox()), patience=0.01)(scope, receive, send)

    assert said[0]["status"] == 503
    assert (b"retry-after", b"5") in said[0]["headers"]


async def test_more_than_16_mib_is_refused_without_reading_on(make_receiver: MakeReceiver) -> None:
    chunk = b" " * 2**20
    read = 0

    def endless() -> Iterable[Message]:
        nonlocal read
        while True:
            read += len(chunk)
            yield {"type": "http.request", "body": chunk, "more_body": True}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    start, _ = await talk(make_receiver(Inbox()).asgi(), scope, endless())

    assert start["status"] == 413
    assert read == 17 * 2**20


async def test_a_client_that_goes_away_gets_no_answer(make_receiver: MakeReceiver) -> None:
    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    messages: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    assert await talk(make_receiver(Inbox()).asgi(), scope, messages) == []


async def test_an_answer_to_head_has_no_body(make_receiver: MakeReceiver) -> None:
    start, body = await post(make_receiver(Inbox()), b"", method="HEAD")

    assert (start["status"], body["body"]) == (405, b"")


def test_a_repeated_header_is_joined_so_that_no_signature_fits_it_twice() -> None:
    pairs = [(b"Webhook-Id", b"evt_1"), (b"webhook-id", b"evt_2")]

    assert read_headers(pairs) == {"webhook-id": "evt_1,evt_2"}


async def test_the_loop_runs_on_while_the_store_opens(
    make_receiver: MakeReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = make_receiver(Inbox())
    opening, go_on = threading.Event(), threading.Event()
    start = receiver._process.ensure_started

    def slow_start(*, patience: float, rest: float) -> None:
        opening.set()
        assert go_on.wait(20)
        start(patience=patience, rest=rest)

    monkeypatch.setattr(receiver._process, "ensure_started", slow_start)
    answer = asyncio.create_task(post(receiver, BODY))
    await asyncio.to_thread(opening.wait, 20)
    waited = answer.done()
    go_on.set()

    assert not waited
    assert (await answer)[0]["status"] == 202


async def test_the_lifespan_starts_and_stops_the_receiver(make_receiver: MakeReceiver) -> None:
    receiver = make_receiver(Inbox())
    dispatching: list[bool] = []

    def messages() -> Iterable[Message]:
        yield {"type": "lifespan.startup"}
        dispatching.append(receiver.relay.is_dispatching)
        yield {"type": "lifespan.shutdown"}

    said = await talk(receiver.asgi(), {"type": "lifespan"}, messages())

    assert [message["type"] for message in said] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert dispatching == [True]
    assert not receiver._process.is_started


async def test_a_store_that_is_away_does_not_keep_the_host_from_starting(
    make_receiver: MakeReceiver, tmp_path: Path
) -> None:
    (tmp_path / "receiver.db").mkdir()
    receiver = make_receiver(Inbox(), data=tmp_path)

    said = await talk(
        receiver.asgi(),
        {"type": "lifespan"},
        [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}],
    )

    assert said[0]["type"] == "lifespan.startup.complete"


async def test_a_wrong_setting_that_shows_late_keeps_the_host_from_starting(
    make_receiver: MakeReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = make_receiver(Inbox())

    def fail() -> None:
        raise ConfigurationError("The storage key is not that of this database")

    monkeypatch.setattr(receiver, "start", fail)

    said = await talk(
        receiver.asgi(),
        {"type": "lifespan"},
        [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}],
    )

    assert said[0] == {
        "type": "lifespan.startup.failed",
        "message": "The storage key is not that of this database",
    }


async def test_a_websocket_is_closed(make_receiver: MakeReceiver) -> None:
    said = await talk(make_receiver(Inbox()).asgi(), {"type": "websocket"}, [])

    assert said == [{"type": "websocket.close", "code": 1000}]
