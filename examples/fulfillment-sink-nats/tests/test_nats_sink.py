"""What is in the stream, and what becomes of an event that doesn't get there."""

from __future__ import annotations

import asyncio
import json
import queue
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
from conftest import PASSWORD, NatsServer
from fulfillment_sink_nats import NatsSettings, make_nats_sink
from fulfillment_sink_nats.sink import NatsSink
from nats.js.api import StreamConfig

from fulfillment_sdk import signing
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.plugins import Secret, hookimpl
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.relay import Attempt, Delivered, Delivery, Event, Outcome, Reject, Retry


@pytest.fixture
def stream() -> str:
    return f"s{secrets.token_hex(4)}"


def settings(server: NatsServer, stream: str, **more: object) -> NatsSettings:
    usual = {"servers": (Secret(server.url),), "stream": stream, "subject": stream}
    return NatsSettings(**{**usual, **more})


def delivery(id: str = "evt_1", type: str = "case.completed", body: bytes = b"{}") -> Delivery:
    return Delivery(event=Event(id, type, "case_1", 6, body), destination="bus", attempt=1)


@asynccontextmanager
async def running(settings: NatsSettings) -> AsyncIterator[NatsSink]:
    sink = make_nats_sink(settings)
    await sink.open()
    try:
        yield sink
    finally:
        await sink.close()


def deliver(settings: NatsSettings, *deliveries: Delivery) -> list[Outcome]:
    async def all_of_them() -> list[Outcome]:
        async with running(settings) as sink:
            return [await sink.deliver(one) for one in deliveries]

    return asyncio.run(all_of_them())


async def add_stream(server: NatsServer, config: StreamConfig) -> None:
    client = await nats.connect(server.url)
    await client.jetstream().add_stream(config)
    await client.close()


def test_an_event_is_published_by_its_type_under_its_id(server: NatsServer, stream: str) -> None:
    outcomes = deliver(
        settings(server, stream),
        delivery("evt_1", "case.completed", b'{"id": "evt_1"}'),
        delivery("evt_2", "strange > type.*", b'{"id": "evt_2"}'),
    )

    assert outcomes == [Delivered(), Delivered()]
    found = asyncio.run(server.messages(stream))
    assert [(subject, headers["Nats-Msg-Id"], body) for subject, headers, body in found] == [
        (f"{stream}.case.completed", "evt_1", b'{"id": "evt_1"}'),
        (f"{stream}.other", "evt_2", b'{"id": "evt_2"}'),
    ]


def test_a_repetition_is_known_across_a_restart_of_the_server(
    server: NatsServer, stream: str
) -> None:
    first = deliver(settings(server, stream), delivery())
    with server.away():
        pass
    again = deliver(settings(server, stream), delivery())

    assert [*first, *again] == [Delivered(), Delivered("it was there already")]
    assert len(asyncio.run(server.messages(stream))) == 1


def test_a_stream_that_it_makes_knows_repetitions_for_two_days(
    server: NatsServer, stream: str
) -> None:
    deliver(settings(server, stream), delivery())

    async def window() -> float:
        client = await nats.connect(server.url)
        info = await client.jetstream().stream_info(stream)
        await client.close()
        return float(info.config.duplicate_window or 0)

    assert asyncio.run(window()) == 172_800


def test_an_event_larger_than_the_server_takes_is_given_up(server: NatsServer, stream: str) -> None:
    too_large = Reject("larger than the NATS server takes")
    asyncio.run(
        add_stream(server, StreamConfig(name=stream, subjects=[f"{stream}.>"], max_msg_size=1000))
    )
    outcomes = deliver(
        settings(server, stream), delivery(body=b"x" * 2**21), delivery(body=b"x" * 2000)
    )

    assert outcomes == [too_large, too_large]


def test_without_its_stream_an_event_waits(server: NatsServer, stream: str) -> None:
    assert deliver(settings(server, stream, create=False), delivery()) == [
        Retry("no stream takes the subject")
    ]


def test_a_stream_that_was_removed_is_made_again_with_the_next_connection(
    server: NatsServer, stream: str
) -> None:
    async def removed() -> None:
        client = await nats.connect(server.url)
        await client.jetstream().delete_stream(stream)
        await client.close()

    deliver(settings(server, stream), delivery())
    asyncio.run(removed())

    assert deliver(settings(server, stream), delivery()) == [Delivered()]


def test_no_password_is_told_where_it_is_wrong(
    server: NatsServer, stream: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    url = server.url.replace(PASSWORD, "hush-wrong")
    asked = settings(server, stream, servers=(Secret(url),))
    [outcome] = deliver(asked, delivery())

    assert isinstance(outcome, Retry)
    assert "hush" not in caplog.text + repr(asked) + str(outcome)


def test_what_a_receiver_is_told_ends_up_in_the_stream(
    server: NatsServer, stream: str, tmp_path: Path
) -> None:
    class Observer:
        def __init__(self) -> None:
            self.attempts: queue.SimpleQueue[Attempt] = queue.SimpleQueue()

        @hookimpl
        def fulfillment_on_attempt(self, attempt: Attempt) -> None:
            self.attempts.put(attempt)

    secret, observer = signing.new_secret(), Observer()
    data = {"case_id": "case_1", "previous_status": None, "new_status": "new", "sequence": 1}
    body = json.dumps({"id": "evt_9", "type": "case.status_changed", "data": data}).encode()
    headers = signing.headers([secret], "evt_9", int(time.time()), body)
    table = {"kind": "nats", "servers": [server.url], "stream": stream, "subject": stream}
    with Receiver([secret], tmp_path, [observer], sinks={"bus": table}) as receiver:
        reply = receiver.handle("POST", {"Content-Type": "application/json", **headers}, body)
        delivered = observer.attempts.get(timeout=20)

    assert (reply.status, delivered.outcome) == (202, "delivered")
    [(subject, _, published)] = asyncio.run(server.messages(stream))
    assert subject == f"{stream}.case.status_changed"
    assert json.loads(published)["data"]["new_status"] == "new"


@pytest.mark.parametrize(
    "table",
    [
        {"subject": "with blanks"},
        {"stream": "a.b"},
        {"remember": 0},
        {"serves": ["nats://127.0.0.1"]},
    ],
)
def test_settings_that_cannot_be_used_are_an_error_at_once(
    table: dict[str, object], tmp_path: Path
) -> None:
    usual: dict[str, object] = {"kind": "nats", "servers": ["nats://127.0.0.1"]}
    with pytest.raises(ConfigurationError):
        Receiver([signing.new_secret()], tmp_path, sinks={"bus": {**usual, **table}})
