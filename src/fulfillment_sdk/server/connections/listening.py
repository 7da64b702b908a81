"""The socket a server listens on, bound before anything else so that its port is known."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from fulfillment_sdk.errors import ConfigurationError

BACKLOG = 2048
_LISTENING = "0A"  # the state's code in Linux's table of sockets


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host` and `port`; port 0 takes a free one.

    It listens at once: what arrives before the server is up waits, instead of being refused.

    Raises:
        ConfigurationError: the port is taken (the error names by whom, where that can be told),
            or the address is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError):
        raise ConfigurationError(
            f"{host} is no address to listen on",
            remedy="Give --host an address of this machine, such as 127.0.0.1.",
        ) from None
    listener = socket.socket(family, kind, protocol)
    try:
        # Ports of ended connections may be taken again; those of live listeners may not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _refused(error, host, str(address[0]), port) from None
    return listener


def owner(address: str, port: int, *, proc: Path = Path("/proc")) -> int | None:
    """Return the id of the process whose listener is in the way, where the system tells (Linux).

    `address` is the one that is wanted; a listener on another one is in nobody's way.
    """
    wanted = {f"socket:[{inode}]" for inode in _listeners(proc, address, port)}
    if not wanted:
        return None
    for process in proc.glob("[0-9]*"):
        # Other users' processes can't be looked into; others end meanwhile.
        with suppress(OSError):
            if any(str(entry.readlink()) in wanted for entry in (process / "fd").iterdir()):
                return int(process.name)
    return None


def _listeners(proc: Path, address: str, port: int) -> Iterable[str]:
    wanted = _as_listed(address)
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (proc / "net" / table).read_text("ascii").splitlines()[1:]:
                _, local, _, state, *rest = line.split()
                at, _, number = local.partition(":")
                meets = at == wanted or not int(at, 16) or not int(wanted, 16)
                if state == _LISTENING and int(number, 16) == port and meets:
                    yield rest[5]


def _as_listed(address: str) -> str:
    """Write an address as the system's tables do: words of four bytes, in this machine's order."""
    packed = ipaddress.ip_address(address.partition("%")[0]).packed
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)


def _refused(error: OSError, host: str, address: str, port: int) -> ConfigurationError:
    if error.errno == errno.EADDRINUSE:
        pid = owner(address, port)
        who = "another process" if pid is None else f"process {pid}"
        return ConfigurationError(
            f"Port {port} on {host} is in use by {who}",
            remedy="Stop it, or choose another port with --port (0 picks a free one).",
        )
    if error.errno == errno.EACCES:
        return ConfigurationError(
            f"Port {port} on {host} needs more rights than this process has",
            remedy="Choose a port from 1024 on with --port, and put a proxy in front.",
        )
    return ConfigurationError(
        f"Can't listen on {host}: {os.strerror(error.errno) if error.errno else 'refused'}",
        remedy="Give --host an address of this machine, such as 127.0.0.1.",
    )
