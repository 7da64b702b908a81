"""Where webhooks go is decided on each socket's own address (contract, section 4)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
import pytest_asyncio
from aiohttp import web

from fulfillment_sdk import signing
from fulfillment_sdk.plugins.webhooks import addresses
from fulfillment_sdk.plugins.webhooks.addresses import Guard
from fulfillment_sdk.plugins.webhooks.endpoints import HTTPS_ONLY
from fulfillment_sdk.plugins.webhooks.webhook import WebhookSink
from fulfillment_sdk.relay import Delivered, Outcome, Retry
from fulfillment_sdk.server.gateway.subscriptions.endpoint_url import is_allowed
from tests.integration.endpoints import a_server
from tests.integration.gateway.courier import open_courier
from tests.integration.webhooks.told_names import ToldNames
from tests.unit.plugins.bodies import delivery, status_changed

BOTH = frozenset({"http", "https"})

# As it stands in a URL or comes from a resolver, and why nothing is sent there.
ADDRESSES = {
    "0.0.0.0": "this network",
    "0.1.2.3": "this network",
    "10.0.0.1": "private",
    "10.255.255.255": "private",
    "100.64.0.1": "carrier-grade NAT",
    "100.127.255.254": "carrier-grade NAT",
    "127.0.0.1": "loopback",
    "127.0.0.53": "loopback",
    "127.255.255.254": "loopback",
    "168.63.129.16": "cloud metadata",
    "169.254.0.1": "link-local",
    "169.254.169.254": "link-local",
    "172.16.0.1": "private",
    "172.31.255.254": "private",
    "192.0.0.1": "protocol assignments",
    "192.0.0.170": "protocol assignments",
    "192.0.2.1": "documentation",
    "192.88.99.1": "6to4 relay",
    "192.168.0.1": "private",
    "192.168.255.254": "private",
    "198.18.0.1": "benchmarking",
    "198.19.255.254": "benchmarking",
    "198.51.100.1": "documentation",
    "203.0.113.1": "documentation",
    "224.0.0.1": "multicast",
    "239.255.255.250": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.254": "reserved",
    "255.255.255.255": "broadcast",
    "::": "unspecified",
    "::1": "loopback",
    "::127.0.0.1": "IPv4-compatible",
    "::10.0.0.1": "IPv4-compatible",
    "::ffff:127.0.0.1": "IPv4-mapped",
    "::ffff:10.0.0.1": "IPv4-mapped",
    "::ffff:169.254.169.254": "IPv4-mapped",
    "::ffff:8.8.8.8": "IPv4-mapped",
    "::ffff:0:10.0.0.1": "IPv4-translated",
    "64:ff9b::10.0.0.1": "NAT64",
    "64:ff9b::7f00:1": "NAT64",
    "64:ff9b:1::10.0.0.1": "NAT64",
    "100::1": "discard-only",
    "2001::1": "Teredo",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2": "Teredo",
    "2001:2::1": "benchmarking",
    "2001:10::1": "protocol assignments",
    "2001:20::1": "protocol assignments",
    "2001:db8::1": "documentation",
    "2002:7f00:1::1": "6to4",
    "2002:a00:1::1": "6to4",
    "2600::5efe:10.0.0.1": "ISATAP",
    "2600::200:5efe:169.254.169.254": "ISATAP",
    "3fff::1": "documentation",
    "4000::1": "outside global unicast",
    "5f00::1": "segment routing",
    "fc00::1": "private",
    "fd00:ec2::254": "private",
    "fdff:ffff::1": "private",
    "fe80::1": "link-local",
    "fe80::a9fe:a9fe": "link-local",
    "fe80::1%lo": "link-local",
    "febf:ffff::1": "link-local",
    "fec0::1": "site-local",
    "feff::1": "site-local",
    "ff02::1": "multicast",
    "ff0e::1": "multicast",
}

# Other spellings, and what they come to on every system: a refused address, or no URL or name.
SPELLINGS = {
    "0177.0.0.1": "loopback",
    "0x7f.1": "loopback",
    "0x7f000001": "loopback",
    "017700000001": "loopback",
    "2130706433": "loopback",
    "127.1": "loopback",
    "127.0.1": "loopback",
    "127.0.0.1.": "loopback",
    "127%2E0%2E0%2E1": "loopback",
    "１２７.0.0.1": "loopback",
    "①②⑦.⓪.⓪.①": "loopback",
    "127。0。0。1": "loopback",
    "[0:0:0:0:0:0:0:1]": "loopback",
    "[::1%25lo]": "loopback",
    "[::ffff:7f00:1]": "IPv4-mapped",
    "[FE80::1%25eth0]": "link-local",
    "0": "this network",
    "0x0": "this network",
    "10.1": "private",
    "012.1": "private",
    "0300.0250.1.1": "private",
    "192.168.257": "private",
    "3232235777": "private",
    "0xa9fea9fe": "link-local",
    "169.254.43518": "link-local",
    "4294967295": "broadcast",
    "[v1.fe80::1]": "not an IP address",
}


def in_url(address: str) -> str:
    """Return an address as the host of a URL."""
    return f"[{address.replace('%', '%25')}]" if ":" in address else address


@attrs.define
class Network:
    """Names resolve as told here, all others not at all; what sockets connect to is noted."""

    names: ToldNames = attrs.field(factory=ToldNames)
    connected: list[str] = attrs.field(factory=list)

    async def post(
        self, url: str, *, allow: Guard = addresses.refusal, schemes: frozenset[str] = HTTPS_ONLY
    ) -> Outcome:
        """Make one attempt with a sink of its own, which has resolved nothing yet."""
        sink = WebhookSink(allow=allow, schemes=schemes, resolver=lambda: self.names)
        await sink.open()
        try:
            settings: dict[str, object] = {"url": url, "secrets": [signing.new_secret()]}
            return await sink.deliver(delivery(status_changed(), settings=settings))
        finally:
            await sink.close()


@pytest_asyncio.fixture
async def network(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Network]:
    network, loop = Network(), asyncio.get_running_loop()
    connect: Callable[..., Any] = loop.sock_connect

    async def sock_connect(sock: socket.socket, address: tuple[Any, ...]) -> None:
        network.connected.append(str(address[0]))
        await connect(sock, address)

    monkeypatch.setattr(loop, "sock_connect", sock_connect)
    yield network


def refused(reason: str) -> Retry:
    return Retry(f"the endpoint's address is refused ({reason})")


async def answers_202(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=202)


@pytest.mark.parametrize(("address", "reason"), ADDRESSES.items())
async def test_nothing_is_sent_to_an_address_that_is_not_public(
    network: Network, address: str, reason: str
) -> None:
    network.names.tell("partner.example.org", [address])
    assert await network.post(f"https://{in_url(address)}/hook") == refused(reason)
    assert await network.post("https://partner.example.org/hook") == refused(reason)
    assert network.connected == []
    assert not is_allowed(f"https://{in_url(address)}/hook", dev=False)


@pytest.mark.parametrize(("spelling", "reason"), SPELLINGS.items())
async def test_no_other_spelling_of_it_gets_through(
    network: Network, spelling: str, reason: str
) -> None:
    outcome = await network.post(f"https://{spelling}/hook")
    assert outcome in (
        refused(reason),
        Retry("the endpoint's URL can't be used"),
        Retry("the endpoint's name can't be resolved"),
    )
    assert network.connected == []
    assert not is_allowed(f"https://{spelling}/hook", dev=False)


@pytest.mark.parametrize("address", [one for one, why in ADDRESSES.items() if why != "loopback"])
async def test_development_opens_loopback_and_nothing_else(network: Network, address: str) -> None:
    network.names.tell("partner.example.org", [address])
    for host in (in_url(address), "partner.example.org"):
        outcome = await network.post(
            f"http://{host}/hook", allow=addresses.refusal_dev, schemes=BOTH
        )
        assert outcome == refused(ADDRESSES[address])
    assert network.connected == []


async def test_what_is_allowed_is_connected_to(network: Network) -> None:
    network.names.tell("partner.example.org", ["127.0.0.1"])
    async with a_server(answers_202) as port:
        for host in ("127.0.0.1", "partner.example.org"):
            outcome = await network.post(
                f"http://{host}:{port}/", allow=addresses.refusal_dev, schemes=BOTH
            )
            assert outcome == Delivered("HTTP 202")
    assert network.connected == ["127.0.0.1"] * 2


@pytest.mark.parametrize(
    "answer",
    [
        ("10.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "10.0.0.1"),
        ("fec0::1", "127.0.0.1"),
        ("169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::a00:1", "127.0.0.1"),
    ],
)
async def test_of_mixed_addresses_only_the_allowed_one_is_connected_to(
    network: Network, answer: Sequence[str]
) -> None:
    network.names.tell("partner.example.org", answer)
    async with a_server(answers_202) as port:
        url = f"http://partner.example.org:{port}/"
        outcome = await network.post(url, allow=addresses.refusal_dev, schemes=BOTH)
    assert outcome == Delivered("HTTP 202")
    assert network.connected == ["127.0.0.1"]


async def test_of_mixed_addresses_that_are_all_refused_none_is_connected_to(
    network: Network,
) -> None:
    network.names.tell("partner.example.org", ["10.0.0.1", "::1", "127.0.0.1"])
    outcome = await network.post("https://partner.example.org/hook")
    assert isinstance(outcome, Retry)
    assert "refused" in outcome.why
    assert network.connected == []


async def test_a_name_that_is_rebound_between_two_connects_leads_nowhere(network: Network) -> None:
    network.names.tell("partner.example.org", ["127.0.0.1"], ["169.254.169.254"])
    async with a_server(answers_202) as port:
        url = f"http://partner.example.org:{port}/"
        first = await network.post(url, allow=addresses.refusal_dev, schemes=BOTH)
        second = await network.post(url, allow=addresses.refusal_dev, schemes=BOTH)
    assert (first, second) == (Delivered("HTTP 202"), refused("link-local"))
    assert network.connected == ["127.0.0.1"]


async def test_a_name_is_looked_up_once_for_a_connect_so_that_no_second_answer_counts(
    network: Network,
) -> None:
    network.names.tell("partner.example.org", ["127.0.0.1"], ["10.0.0.1"], ["10.0.0.2"])
    async with a_server(answers_202) as port:
        url = f"http://partner.example.org:{port}/"
        await network.post(url, allow=addresses.refusal_dev, schemes=BOTH)
    assert network.names.names["partner.example.org"] == [["10.0.0.1"], ["10.0.0.2"]]


async def test_a_subscribed_name_that_leads_inside_is_refused_when_its_socket_connects(
    tmp_path: Path, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "fulfillment_sdk.server.gateway.gateway.WebhookSink",
        lambda **options: WebhookSink(resolver=lambda: network.names, **options),
    )
    inside = {
        "a.example.org": ["127.0.0.1"],
        "b.example.org": ["::1"],
        "c.example.org": ["169.254.169.254"],
        "d.example.org": ["10.0.0.1", "127.0.0.1"],
        "e.example.org": ["::ffff:127.0.0.1"],
    }
    async with a_server(answers_202) as port, open_courier(tmp_path, dev=False) as courier:
        subscriptions = []
        for name, found in inside.items():
            network.names.tell(name, found)
            subscriptions.append(await courier.subscribe(f"https://{name}:{port}/hook"))
        await courier.event(1)
        for subscription in subscriptions:
            [attempt] = await courier.tried(subscription, 1)
            assert attempt.outcome == "retry"
            assert "refused" in attempt.why
        waiting = await courier.listed("pending")
        assert {one["subscription_id"] for one in waiting} == set(subscriptions)
    assert network.connected == []


def test_the_table_is_as_long_as_it_should_be() -> None:
    assert len(ADDRESSES) >= 60
