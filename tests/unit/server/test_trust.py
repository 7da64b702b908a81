"""Whose headers count: nobody's but trusted proxies', and with `--dev` loopback only."""

from __future__ import annotations

import pytest

from fulfillment_sdk.server.trust import FORWARDED, NOT_LOOPBACK, client_address, dev_refusal

LOCAL = (b"Host", b"127.0.0.1:8000")


def headers(*pairs: tuple[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:80", "LOCALHOST", "127.0.0.1:8000", "127.1.2.3", "[::1]:8000"]
)
def test_dev_serves_a_loopback_host(host: str) -> None:
    assert dev_refusal(headers(("Host", host))) is None


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "192.0.2.1"),
        *("", "0.0.0.0", "[::]", "[::1", "::1", "localhost:80:80", "localhost:x", "2130706433"),
        *("localhost,evil.example", "localhost@evil.example", "1²7.0.0.1"),
    ],
)
def test_dev_refuses_any_other_host(host: str) -> None:
    assert dev_refusal(headers(("Host", host))) == NOT_LOOPBACK


def test_dev_refuses_no_host_and_two() -> None:
    assert dev_refusal([]) == NOT_LOOPBACK
    assert dev_refusal([LOCAL, LOCAL]) == NOT_LOOPBACK


@pytest.mark.parametrize(
    "name",
    [
        *("Forwarded", "X-Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"),
        *("X-Real-IP", "Via", "X-Original-Forwarded-For", "X-Cluster-Client-IP", "X-Client-IP"),
        *("True-Client-IP", "Fastly-Client-IP", "CF-Connecting-IP", "CF-Connecting-IPv6"),
    ],
)
def test_dev_refuses_what_was_forwarded(name: str) -> None:
    assert dev_refusal([LOCAL, (name.encode(), b"127.0.0.1")]) == FORWARDED


@pytest.mark.parametrize(
    ("peer", "given", "address"),
    [
        ("192.0.2.1", [("X-Forwarded-For", "203.0.113.9")], "192.0.2.1"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [("X-Forwarded-For", "203.0.113.9")], "203.0.113.9"),
        ("10.0.0.1", [("X-Forwarded-For", "1.1.1.1, 203.0.113.9, 10.0.0.2")], "203.0.113.9"),
        (
            "10.0.0.1",
            [("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "203.0.113.9")],
            "203.0.113.9",
        ),
        ("10.0.0.1", [("X-Forwarded-For", "10.0.0.3")], "10.0.0.3"),
        ("10.0.0.1", [("X-Forwarded-For", "1.1.1.1, nonsense")], "10.0.0.1"),
        ("10.0.0.1", [("Forwarded", "for=1.1.1.1, proto=https;for=203.0.113.9")], "203.0.113.9"),
        ("10.0.0.1", [("Forwarded", 'For="[2001:db8::1]:4711"')], "2001:db8::1"),
        ("10.0.0.1", [("Forwarded", 'host="a, for=1.1.1.1";for=203.0.113.9')], "203.0.113.9"),
        ("10.0.0.1", [("Forwarded", 'for=203.0.113.9;host="a, for=1.1.1.1"')], "203.0.113.9"),
        ("10.0.0.1", [("Forwarded", 'host="a;for=1.1.1.1";for=203.0.113.9')], "203.0.113.9"),
        ("10.0.0.1", [("Forwarded", 'host="\\";for=1.1.1.1";for=203.0.113.9')], "203.0.113.9"),
        ("10.0.0.1", [("Forwarded", 'for=1.1.1.1, for="203.0.113.9')], "10.0.0.1"),
        ("10.0.0.1", [("Forwarded", 'for="203.0.113.9:4711"')], "203.0.113.9"),
        ("10.0.0.1", [("Forwarded", "for=203.0.113.9;for=1.1.1.1")], "10.0.0.1"),
        ("10.0.0.1", [("X-Forwarded-For", "1.1.1.1, 203.0.113.9:4711")], "203.0.113.9"),
        ("10.0.0.1", [("X-Forwarded-For", "[2001:db8::1]:4711")], "2001:db8::1"),
        ("10.0.0.1", [("X-Forwarded-For", "2001:db8::1")], "2001:db8::1"),
        ("10.0.0.1", [("X-Forwarded-For", "203.0.113.9:x")], "10.0.0.1"),
        ("10.0.0.1", [("Forwarded", "for=unknown")], "10.0.0.1"),
        ("10.0.0.1", [("Forwarded", "proto=https")], "10.0.0.1"),
        (
            "10.0.0.1",
            [("Forwarded", "for=203.0.113.9"), ("X-Forwarded-For", "1.1.1.1")],
            "10.0.0.1",
        ),
        (
            "10.0.0.1",
            [("Forwarded", "for=203.0.113.9"), ("X-Forwarded-For", "1.1.1.1, 203.0.113.9")],
            "203.0.113.9",
        ),
        ("10.0.0.1", [("Forwarded", "for=unknown"), ("X-Forwarded-For", "1.1.1.1")], "10.0.0.1"),
        ("::ffff:10.0.0.1", [("X-Forwarded-For", "203.0.113.9")], "203.0.113.9"),
        ("not an address", [("X-Forwarded-For", "203.0.113.9")], "not an address"),
    ],
)
def test_only_what_a_trusted_proxy_added_counts(
    peer: str, given: list[tuple[str, str]], address: str
) -> None:
    assert client_address(peer, headers(*given), ["10.0.0.0/8"]) == address


@pytest.mark.timeout(10)
@pytest.mark.parametrize("part", ['"\\', '"', '"a",', 'for="\\', "for=1.1.1.1,", "a"])
def test_a_header_that_means_harm_is_read_in_no_time(part: str) -> None:
    given = part * (60_000 // len(part))
    assert client_address("10.0.0.1", headers(("Forwarded", given)), ["10.0.0.0/8"])
