"""Silent name servers hold up nobody but the endpoints whose names they keep to themselves."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import uvloop
from aiohttp import web
from aiohttp.abc import AbstractResolver

from fulfillment_sdk import signing
from fulfillment_sdk.plugins.webhooks import addresses
from fulfillment_sdk.plugins.webhooks.resolver import Resolver, numeric
from fulfillment_sdk.plugins.webhooks.webhook import WebhookSink
from fulfillment_sdk.relay import Delivered, Destination, Event, Outcome, Relay, Retry
from tests.integration.endpoints import a_server
from tests.integration.webhooks.name_server import NameServer, a_name_server
from tests.unit.plugins.bodies import delivery, status_changed

GOOD = "good.example.org"
HOSTILE = [f"h{number}.hostile.example.org" for number in range(50)]


@contextlib.asynccontextmanager
async def a_sink(resolver: Callable[[], AbstractResolver]) -> AsyncIterator[WebhookSink]:
    sink = WebhookSink(allow=addresses.refusal_dev, schemes=frozenset({"http"}), resolver=resolver)
    await sink.open()
    try:
        yield sink
    finally:
        await sink.close()


async def post(sink: WebhookSink, url: str) -> Outcome:
    settings: dict[str, object] = {"url": url, "secrets": [signing.new_secret()]}
    return await sink.deliver(delivery(status_changed(), settings=settings))


def asking(server: NameServer, *, seconds: float = 5.0) -> Callable[[], Resolver]:
    return functools.partial(Resolver, nameservers=[server.address], seconds=seconds)


async def answers_202(_request: web.Request) -> web.Response:
    return web.Response(status=202)


async def test_a_good_endpoint_is_served_at_once_and_the_relay_stops_while_fifty_names_hang(
    tmp_path: Path,
) -> None:
    arrived = asyncio.Event()

    async def handler(_request: web.Request) -> web.Response:
        arrived.set()
        return web.Response(status=202)

    async with (
        a_name_server({GOOD: {"A": ["127.0.0.1"], "AAAA": []}}) as names,
        a_server(handler) as port,
    ):
        sink = WebhookSink(
            allow=addresses.refusal_dev,
            schemes=frozenset({"http"}),
            resolver=asking(names, seconds=30.0),
        )
        relay = Relay(
            f"sqlite:///{tmp_path}/relay.db",
            sinks={"webhook": sink},
            destinations=[
                Destination(
                    name,
                    "webhook",
                    settings={
                        "url": f"http://{name}:{port}/",
                        "secrets": [signing.new_secret()],
                    },
                    owner="hostile" if name in HOSTILE else "good",
                )
                for name in [*HOSTILE, GOOD]
            ],
        )
        async with relay.running(grace=0.5):
            await relay.accept(event("evt_1", owner="hostile"))
            async with asyncio.timeout(20):
                while len({name for name, _ in names.asked if name in HOSTILE}) < len(HOSTILE):
                    await names.heard()
            started = time.monotonic()
            await relay.accept(event("evt_2", owner="good"))
            async with asyncio.timeout(5):
                await arrived.wait()
            assert time.monotonic() - started < 3
            stopping = time.monotonic()
        await asyncio.get_running_loop().shutdown_default_executor()
        assert time.monotonic() - stopping < 5


def event(event_id: str, *, owner: str) -> Event:
    body = status_changed(event_id)
    return Event(event_id, "case.status_changed", "case_1", 1, body, owner=owner)


async def test_a_name_that_nobody_answers_is_tried_again_long_before_the_attempt_s_time_is_up() -> (
    None
):
    async with a_name_server({}) as names, a_sink(asking(names, seconds=0.3)) as sink:
        started = time.monotonic()
        outcome = await post(sink, f"http://{HOSTILE[0]}/")

    assert outcome == Retry("the endpoint's name can't be resolved (ETIMEDOUT)")
    assert time.monotonic() - started < 5


async def test_a_name_that_does_not_exist_is_tried_again() -> None:
    async with (
        a_name_server({"none.example.org": {"A": [], "AAAA": []}}) as names,
        a_sink(asking(names)) as sink,
    ):
        outcome = await post(sink, "http://none.example.org/")

    assert outcome == Retry("the endpoint's name can't be resolved")


async def test_a_server_that_ignores_questions_for_ipv6_does_not_cost_the_name() -> None:
    async with (
        a_name_server({GOOD: {"A": ["127.0.0.1"]}}) as names,
        a_server(answers_202) as port,
        a_sink(asking(names)) as sink,
    ):
        outcome = await post(sink, f"http://{GOOD}:{port}/")

    assert outcome == Delivered("HTTP 202")
    assert (GOOD, "AAAA") in names.asked


async def test_every_address_that_a_name_server_tells_is_guarded() -> None:
    inside = {"A": ["10.0.0.1", "169.254.169.254"], "AAAA": ["fd00::1", "2600::5efe:10.0.0.1"]}
    async with a_name_server({GOOD: inside}) as names, a_sink(asking(names)) as sink:
        outcome = await post(sink, f"http://{GOOD}/")

    assert isinstance(outcome, Retry)
    assert outcome.why.startswith("the endpoint's address is refused (")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1"])
async def test_localhost_and_addresses_are_known_without_a_name_server(host: str) -> None:
    async with (
        a_name_server({}) as names,
        a_server(answers_202) as port,
        a_sink(asking(names)) as sink,
    ):
        outcome = await post(sink, f"http://{host}:{port}/")

    assert outcome == Delivered("HTTP 202")
    assert names.asked == []


async def test_localhost_is_known_with_the_system_s_own_settings() -> None:
    async with a_server(answers_202) as port, a_sink(Resolver) as sink:
        outcome = await post(sink, f"http://localhost:{port}/")

    assert outcome == Delivered("HTTP 202")


async def test_closing_ends_the_look_ups_under_way_and_a_later_one_begins_anew() -> None:
    async with a_name_server({GOOD: {"A": ["127.0.0.1"], "AAAA": []}}) as names:
        resolver = asking(names, seconds=30.0)()
        waiting = [asyncio.create_task(resolver.resolve(name)) for name in HOSTILE]
        await names.heard()

        started = time.monotonic()
        await resolver.close()
        ended = await asyncio.gather(*waiting, return_exceptions=True)

        assert time.monotonic() - started < 5
        assert all(isinstance(one, OSError) for one in ended)
        assert [one["host"] for one in await resolver.resolve(GOOD)] == ["127.0.0.1"]
        await resolver.close()


async def test_a_sink_that_closes_ends_its_look_ups() -> None:
    class Counted(Resolver):
        closed = 0

        async def close(self) -> None:
            Counted.closed += 1
            await super().close()

    async with a_name_server({}) as names:
        async with a_sink(lambda: Counted(nameservers=[names.address], seconds=30.0)) as sink:
            attempt = asyncio.create_task(post(sink, f"http://{HOSTILE[0]}/"))
            await names.heard()
            started = time.monotonic()
        await asyncio.wait([attempt])

    assert Counted.closed == 1
    assert time.monotonic() - started < 5


def test_look_ups_work_in_the_loop_that_the_server_runs_in() -> None:
    async def look_up() -> list[str]:
        async with a_name_server({GOOD: {"A": ["192.0.2.1"], "AAAA": []}}) as names:
            resolver = asking(names, seconds=30.0)()
            hanging = asyncio.create_task(resolver.resolve(HOSTILE[0]))
            await names.heard()
            found = [one["host"] for one in await resolver.resolve(GOOD)]
            await resolver.close()
            await asyncio.gather(hanging, return_exceptions=True)
            return found

    assert uvloop.run(look_up()) == ["192.0.2.1"]


async def test_a_look_up_that_was_given_up_does_no_harm_when_it_ends() -> None:
    async with a_name_server({GOOD: {"A": ["127.0.0.1"], "AAAA": []}}) as names:
        resolver = asking(names)()
        given_up = asyncio.create_task(resolver.resolve(HOSTILE[0]))
        await names.heard()
        given_up.cancel()

        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert [one["host"] for one in await resolver.resolve(GOOD)] == ["127.0.0.1"]
        await resolver.close()


@pytest.mark.parametrize(
    ("spelling", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("127.1", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("2001:db8:0:0::1", "2001:db8::1"),
    ],
)
def test_an_address_in_any_spelling_is_what_the_system_takes_it_for(
    spelling: str, address: str
) -> None:
    [found] = numeric(spelling, 443)

    assert (found["host"], found["port"]) == (address, 443)
    assert found["family"] == (socket.AF_INET6 if ":" in address else socket.AF_INET)


@pytest.mark.parametrize("name", ["example.org", "localhost", "127.0.0.1.example", "x" * 300])
def test_a_name_is_no_address(name: str) -> None:
    with pytest.raises(OSError, match=r"\S"):
        numeric(name, 443)
