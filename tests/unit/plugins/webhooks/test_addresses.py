"""Where a webhook may go (contract, section 4)."""

from __future__ import annotations

import pytest

from fulfillment_sdk.plugins.webhooks.addresses import anything, refusal, refusal_dev

REFUSED = {
    "0.0.0.0": "this network",
    "10.0.0.1": "private",
    "100.64.0.1": "carrier-grade NAT",
    "100.127.255.255": "carrier-grade NAT",
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "168.63.129.16": "cloud metadata",
    "169.254.169.254": "link-local",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.192": "protocol assignments",
    "192.0.2.1": "documentation",
    "192.88.99.1": "6to4 relay",
    "192.168.1.1": "private",
    "198.19.0.1": "benchmarking",
    "198.51.100.7": "documentation",
    "203.0.113.9": "documentation",
    "224.0.0.1": "multicast",
    "250.1.2.3": "reserved",
    "255.255.255.255": "broadcast",
    "::": "unspecified",
    "::1": "loopback",
    "::10.0.0.1": "IPv4-compatible",
    "::ffff:10.0.0.1": "IPv4-mapped",
    "::ffff:8.8.8.8": "IPv4-mapped",
    "::ffff:0:8.8.8.8": "IPv4-translated",
    "64:ff9b::a00:1": "NAT64",
    "64:ff9b:1::a00:1": "NAT64",
    "100::1": "discard-only",
    "2001::1": "Teredo",
    "2001:2::1": "benchmarking",
    "2001:10::1": "protocol assignments",
    "2001:db8::1": "documentation",
    "2002:a00:1::1": "6to4",
    "2600::5efe:10.0.0.1": "ISATAP",
    "2600:0:0:1:200:5efe:7f00:1": "ISATAP",
    "2a00:1450:4001:0:0:5efe:169.254.169.254": "ISATAP",
    "3fff::1": "documentation",
    "5f00::1": "segment routing",
    "fd00:ec2::254": "private",
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "fec0::1": "site-local",
    "ff02::1": "multicast",
    "4000::1": "outside global unicast",
    "localhost": "not an IP address",
    "": "not an IP address",
    "0177.0.0.1": "not an IP address",
    "2130706433": "not an IP address",
}

PUBLIC = (
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "223.255.255.255",
    "2600::1",
    "2600::5efe:8.8.8.8",
    "2600::200:5efe:808:808",
    "2600::5eff:10.0.0.1",
    "2600::100:5efe:10.0.0.1",
    "2a00:1450:4001::1",
    "2001:4860:4860::8888",
)


@pytest.mark.parametrize(("ip", "reason"), REFUSED.items())
def test_what_is_not_public_is_refused_with_its_reason(ip: str, reason: str) -> None:
    assert refusal(ip) == reason


@pytest.mark.parametrize("ip", PUBLIC)
def test_a_public_address_is_allowed(ip: str) -> None:
    assert refusal(ip) is None


def test_development_allows_loopback_and_nothing_else_that_is_refused() -> None:
    allowed = {ip for ip in REFUSED if refusal_dev(ip) is None}

    assert allowed == {"127.0.0.1", "127.255.255.254", "::1"}


def test_the_trusted_hop_may_go_anywhere() -> None:
    assert anything("10.0.0.1") is None
