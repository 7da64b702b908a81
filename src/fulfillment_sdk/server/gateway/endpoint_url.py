"""Which URLs a subscription may have, as far as the text tells (contract, section 4)."""

from __future__ import annotations

import ipaddress
import re

from yarl import URL

from fulfillment_sdk.plugins import addresses

LONGEST = 2048

_VISIBLE = re.compile(r"[!-~]+", re.ASCII)


def schemes(*, dev: bool) -> frozenset[str]:
    """Return the schemes that webhooks may have."""
    return frozenset({"https", "http"}) if dev else frozenset({"https"})


def guard(*, dev: bool) -> addresses.Guard:
    """Return what decides about an address, here for literals and in the sink for every socket."""
    return addresses.refusal_dev if dev else addresses.refusal


def is_allowed(text: str, *, dev: bool) -> bool:
    """Say whether a URL may be subscribed: its scheme, and its address where it is a literal.

    A name is let through: what it stands for is only known, and is checked, when the sink connects.
    """
    if len(text) > LONGEST or not _VISIBLE.fullmatch(text) or "\\" in text:
        return False
    try:
        url = URL(text)
        host = url.host
        port = url.port
    except ValueError:
        return False
    if url.scheme not in schemes(dev=dev) or not host or not port:
        return False
    if url.user is not None or url.password is not None or url.fragment:
        return False
    return not _is_literal(host) or guard(dev=dev)(host) is None


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
