"""How often somebody may call: windows of fixed length in memory, and whose call it is."""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from starlette.requests import Request

ROOM: Final = 100_000
"""So many windows are kept of one kind: some 30 MB."""


class Windows:
    """Counts calls in windows of fixed length, one for each key, in this process only.

    ``most`` calls are let through in the ``seconds`` after the first one. Contract, section 2
    (429). There is room for ``room`` windows; a further one pushes the oldest out: who has so many
    addresses is not kept out by counting them, and shall not have our memory as well.
    """

    def __init__(self, most: int, *, seconds: float, room: int = ROOM) -> None:
        self._most = most
        self._seconds = seconds
        self._room = room
        self._windows: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()
        self._sweep_at = 0.0

    def wait(self, key: Hashable, now: float) -> int | None:
        """Count a call and return ``None``, or the whole seconds to wait before the next one."""
        self._sweep(now)
        wait = self.look(key, now)
        if wait is None:
            ends, count = self._window(key, now)
            self._windows[key] = (ends, count + 1)
            if not count:
                self._windows.move_to_end(key)
            if len(self._windows) > self._room:
                self._windows.popitem(last=False)
        return wait

    def look(self, key: Hashable, now: float) -> int | None:
        """Answer as ``wait`` does, without counting."""
        ends, count = self._window(key, now)
        return max(1, math.ceil(ends - now)) if count >= self._most else None

    def __len__(self) -> int:
        return len(self._windows)

    def _window(self, key: Hashable, now: float) -> tuple[float, int]:
        ends, count = self._windows.get(key, (now, 0))
        # A clock that was set back must not leave a window open for longer than it is long.
        return (ends, count) if now < ends <= now + self._seconds else (now + self._seconds, 0)

    def _sweep(self, now: float) -> None:
        """Forget windows that have ended, once per length: memory holds only the recent callers."""
        if abs(now - self._sweep_at) < self._seconds:
            return
        self._sweep_at = now
        last = now + self._seconds
        self._windows = OrderedDict(
            (key, value) for key, value in self._windows.items() if now < value[0] <= last
        )


def caller(request: Request) -> str:
    """Return the address that limits are counted for."""
    return network_of(request.client.host if request.client else "")


def network_of(host: str) -> str:
    """Return whose an address is: an IPv4 address, or the /64 that an IPv6 caller has to itself."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
