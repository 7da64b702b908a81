"""Which URLs a subscription may have, as far as the text tells (contract, section 4)."""

from __future__ import annotations

import ipaddress
import re

from yarl import URL

from fulfillment_sdk.plugins.webhooks import addresses

LONGEST = 2048

_VISIBLE = re.compile(r"[!-~]+", re.ASCII)
# A host name, or another spelling of an IPv4 address (`127.1`, `0x7f000001`): what ends in a number
# is no name (RFC 3696, section 2; WHATWG URL, "ends in a number").
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII | re.IGNORECASE)


def schemes(*, dev: bool) -> frozenset[str]:
    """Return the schemes that webhooks may have."""
    return frozenset({"https", "http"}) if dev else frozenset({"https"})


def guard(*, dev: bool) -> addresses.Guard:
    """Return what decides about an address, here for literals and in the sink for every socket."""
    return addresses.refusal_dev if dev else addresses.refusal


def is_allowed(text: str, *, dev: bool) -> bool:
    """Say whether a URL may be subscribed: its scheme, and its address where it is a literal.

    A name is let through: what it stands for is only known, and is checked, when the sink connects.
    Other spellings of an IPv4 address, in octal, hex or short, are refused like any other nonsense.
    """
    if len(text) > LONGEST or not _VISIBLE.fullmatch(text) or "\\" in text:
        return False
    try:
        url = URL(text)
        host = url.raw_host
        port = url.port
    except ValueError:
        return False
    if url.scheme not in schemes(dev=dev) or not host or not port:
        return False
    if url.user is not None or url.password is not None or url.fragment:
        return False
    return guard(dev=dev)(host) is None if _is_literal(host) else _is_name(host)


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_name(host: str) -> bool:
    last = host.rstrip(".").rpartition(".")[2]
    return _NAME.fullmatch(host) is not None and _NUMBER.fullmatch(last) is None
