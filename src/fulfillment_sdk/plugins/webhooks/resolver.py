"""Look endpoints' names up without a thread per look-up.

The system's `getaddrinfo` blocks a thread of a small pool for as long as a name server likes, and a
time limit does not give the thread back: a few names whose servers are silent hold up all others,
and the end of the process. Here one thread of c-ares waits for the answers to all look-ups.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Sequence

from fulfillment_sdk._extras import needs

with needs("webhook"):
    import aiodns
    from aiohttp.abc import AbstractResolver, ResolveResult

SECONDS = 5.0
"""What one look-up may take: a third of an attempt's time."""

# A lost datagram is repeated after 1 s, 2 s more and so on (sooner where servers are quick). Once
# a name has one kind of address, the other kind is not asked for again, so that a server which
# ignores AAAA costs a second and not the name.
_REPEAT_AFTER = 1.0
_TRIES = 4

_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
_AS_NUMBERS = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV


def numeric(host: str, port: int, family: int = socket.AF_UNSPEC) -> list[ResolveResult]:
    """Read an address in any spelling that the system takes (`127.1`, `0x7f000001`).

    Raises ``OSError`` where it is a name; nobody is asked about it. Spellings are the system's to
    read because its `connect` would read them the same way, and the guard must see what comes out.
    """
    try:
        infos = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, _NUMERIC)
    except UnicodeError:
        raise OSError(errno.EINVAL, "not a name") from None
    return [
        _result(host, socket.getnameinfo(address[:4], _AS_NUMBERS)[0], port, kind)
        for kind, _, _, _, address in infos
    ]


class Resolver(AbstractResolver):
    """Resolves names by the hosts file and the system's name servers; see `aiohttp.abc`.

    `seconds` bounds each look-up, `nameservers` (`host:port` or `host`) replace those of
    `/etc/resolv.conf`. Nothing starts before the first name is asked for; `close` ends what runs.
    Sources of names beyond hosts file and DNS (mDNS, LDAP) are not asked.
    """

    def __init__(
        self, *, seconds: float = SECONDS, nameservers: Sequence[str] | None = None
    ) -> None:
        self._seconds = seconds
        self._nameservers = nameservers
        self._channel: aiodns.DNSResolver | None = None

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return a name's addresses, or raise ``OSError`` (with ``ETIMEDOUT``: nobody answered)."""
        try:
            return numeric(host, port, family)
        except OSError:
            pass
        try:
            async with asyncio.timeout(self._seconds):
                found = await self._open().getaddrinfo(
                    host, port=port, family=family, type=socket.SOCK_STREAM
                )
        except TimeoutError:
            raise OSError(errno.ETIMEDOUT, "no name server answered in time") from None
        except aiodns.error.DNSError as error:
            late = error.args[:1] == (aiodns.error.ARES_ETIMEOUT,)
            raise OSError(errno.ETIMEDOUT if late else None, "the look-up failed") from error
        return [
            _result(host, str(node.addr[0], "ascii"), port, node.family) for node in found.nodes
        ]

    async def close(self) -> None:
        """End all look-ups; a later one begins anew."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    def _open(self) -> aiodns.DNSResolver:
        if self._channel is None:
            self._channel = aiodns.DNSResolver(
                self._nameservers,
                asyncio.get_running_loop(),
                timeout=_REPEAT_AFTER,
                tries=_TRIES,
            )
        return self._channel


def _result(hostname: str, host: str, port: int, family: int) -> ResolveResult:
    return ResolveResult(
        hostname=hostname, host=host, port=port, family=family, proto=0, flags=_NUMERIC
    )
