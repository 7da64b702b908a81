"""Whom a server believes: nobody's headers, but a trusted proxy's; with `--dev` loopback only."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from fulfillment_sdk.server.configuration.resolve import is_loopback
from fulfillment_sdk.server.http import error

Headers = Iterable[tuple[bytes, bytes]]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_HOST = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^:\[\]]+))(?::[0-9]{1,5})?", re.ASCII)
_FORWARDING = re.compile(
    rb"forwarded|via|x-(?:original-)?forwarded(?:-.*)?|x-real-ip|x-client-ip|x-cluster-client-ip"
    rb"|true-client-ip|fastly-client-ip|cf-connecting-ip(?:v6)?"
)
# It ends somewhere in any case: a search that gives up at each quote takes the square of them.
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*(?P<end>"|\\?\Z)')
_ELEMENTS = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*")+')
_PAIRS = re.compile(r'(?:[^";]|"(?:[^"\\]|\\.)*")+')
_NODE = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::[0-9]{1,5})?", re.ASCII)

NOT_LOOPBACK = "With --dev the Host must be loopback"
FORWARDED = "With --dev nothing may be forwarded"


def dev_refusal(headers: Headers) -> str | None:
    """Say why a server with `--dev` refuses a request with these headers, or `None`.

    A page in a browser on this machine can reach loopback under a name of its own, and a proxy
    would let others in: neither may (contract, section 7).
    """
    pairs = [(name.lower(), value) for name, value in headers]
    if any(_FORWARDING.fullmatch(name) for name, _ in pairs):
        return FORWARDED
    hosts = [value.decode("latin-1") for name, value in pairs if name == b"host"]
    found = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
    if found is None or not is_loopback(found["v6"] or found["name"]):
        return NOT_LOOPBACK
    return None


def client_address(peer: str, headers: Headers, trusted: Sequence[str]) -> str:
    """Return the address a request comes from, as far as anyone we trust vouches for it.

    `trusted` are networks. Only what a trusted proxy added counts: the last address in
    `X-Forwarded-For` or `Forwarded` that is not itself a trusted proxy's. A proxy writes one of
    the two and passes the other on as the client wrote it: where they differ, neither counts.
    """
    networks = [ipaddress.ip_network(network) for network in trusted]
    pairs = list(headers)
    claims = {
        _walk(peer, hops, networks) for hops in (_forwarded(pairs), _x_forwarded(pairs)) if hops
    }
    return claims.pop() if len(claims) == 1 else peer


class DevGuard:
    """Answer 400 to what a server with `--dev` must not serve."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        refusal = dev_refusal(scope["headers"]) if scope["type"] == "http" else None
        if refusal is not None:
            await error(refusal, 400)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class ForwardedClients:
    """Put the address that trusted proxies vouch for in the place of the proxy's own."""

    def __init__(self, app: ASGIApp, *, trusted: Sequence[str]) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope.get("client"):
            host, port = scope["client"]
            scope["client"] = (client_address(host, scope["headers"], self._trusted), port)
        await self._app(scope, receive, send)


def _walk(peer: str, hops: list[str], networks: Sequence[Network]) -> str:
    address = peer
    for hop in reversed(hops):
        parsed, following = _parsed(address), _parsed(hop)
        if parsed is None or not any(parsed in network for network in networks):
            break
        if following is None:
            break
        address = str(following)
    return address


def _forwarded(pairs: Sequence[tuple[bytes, bytes]]) -> list[str]:
    """Return the nodes of ``Forwarded`` (RFC 7239), ``""`` for what can't be read.

    What stands in quotes may be the client's own, its ``Host`` for instance: commas and semicolons
    in there part nothing.
    """
    nodes: list[str] = []
    for text in _lines(pairs, b"forwarded"):
        readable = all(quoted["end"] == '"' for quoted in _QUOTED.finditer(text))
        nodes += [_node(element) for element in _ELEMENTS.findall(text)] if readable else [""]
    return nodes


def _node(element: str) -> str:
    named = [pair.partition("=") for pair in _PAIRS.findall(element)]
    values = [value.strip() for name, _, value in named if name.strip().lower() == "for"]
    return values[0].strip('"') if len(values) == 1 else ""


def _x_forwarded(pairs: Sequence[tuple[bytes, bytes]]) -> list[str]:
    texts = _lines(pairs, b"x-forwarded-for")
    return [part.strip() for text in texts for part in text.split(",")]


def _lines(pairs: Sequence[tuple[bytes, bytes]], wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in pairs if name.lower() == wanted]


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    node = _NODE.fullmatch(text)
    try:
        parsed = ipaddress.ip_address((node[1] or node[2]) if node else text)
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed
