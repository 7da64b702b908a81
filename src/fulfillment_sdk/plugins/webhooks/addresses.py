"""Which IP addresses a webhook may be sent to (contract, section 4, "Gateway -> partner").

A guard is a function from the text of an IP address to the reason why it is refused, or None. It is
asked about the address that a socket is about to connect to, so neither a name, a literal nor a
rebinding resolver gets around it.

The table is explicit because `ipaddress.is_global` is not a guard: it is true for `64:ff9b::a00:1`,
`2002:a00:1::1`, `fec0::1` and `::10.0.0.1`, each of which can lead to a private IPv4 or IPv6 host.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from typing import TypeAlias

Guard: TypeAlias = Callable[[str], str | None]

LOOPBACK = "loopback"

# IANA's special-purpose registries (RFC 6890 and its updates). More specific networks stand first.
_IPV4 = tuple(
    (IPv4Network(network), reason)
    for network, reason in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", LOOPBACK),
        ("168.63.129.16/32", "cloud metadata"),  # Azure's is outside every reserved block
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("255.255.255.255/32", "broadcast"),
        ("240.0.0.0/4", "reserved"),
    )
)

_IPV6 = tuple(
    (IPv6Network(network), reason)
    for network, reason in (
        ("::/128", "unspecified"),
        ("::1/128", LOOPBACK),
        ("::ffff:0:0/96", "IPv4-mapped"),
        ("::ffff:0:0:0/96", "IPv4-translated"),
        ("::/96", "IPv4-compatible"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "NAT64"),
        ("100::/64", "discard-only"),
        ("2001::/32", "Teredo"),
        ("2001:2::/48", "benchmarking"),
        ("2001:db8::/32", "documentation"),
        ("2001::/23", "protocol assignments"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)

# Every public IPv6 host lives here today: what is outside is refused even if no line above names
# it.
_GLOBAL_UNICAST = IPv6Network("2000::/3")

# An interface identifier that holds the IPv4 address to tunnel to, under any prefix (RFC 5214,
# section 6.1). Prefixes that a site chose for NAT64 or 6rd can't be told from others.
_ISATAP = (b"\0\0\x5e\xfe", b"\2\0\x5e\xfe")


def refusal(ip: str) -> str | None:
    """Say why an address is not public, or None if it is.

    `ip` is an IPv4 or IPv6 literal, with or without a zone (`fe80::1%eth0`); anything else is
    refused too. Contract, section 4: "only https to public addresses".
    """
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return "not an IP address"
    if isinstance(address, IPv4Address):
        return _ipv4_refusal(address)
    named = next((reason for network, reason in _IPV6 if address in network), None)
    if named is not None or address not in _GLOBAL_UNICAST:
        return named or "outside global unicast"
    inner = IPv4Address(address.packed[12:])
    return "ISATAP" if address.packed[8:12] in _ISATAP and _ipv4_refusal(inner) else None


def _ipv4_refusal(address: IPv4Address) -> str | None:
    return next((reason for network, reason in _IPV4 if address in network), None)


def refusal_dev(ip: str) -> str | None:
    """Say why an address is neither public nor loopback, or None if it is.

    Contract, section 4: "with `--dev` also `http` and loopback".
    """
    reason = refusal(ip)
    return None if reason == LOOPBACK else reason


def anything(ip: str) -> str | None:
    """Refuse nothing: for the trusted hop between portal and gateway, set up by an operator."""
    return None
