"""How often somebody may call: windows in memory, and counted mails in the store."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Hashable, Sequence

import sqlalchemy as sa
from starlette.requests import Request

from fulfillment_sdk.server.gateway.schema import mails

HOUR = 3600.0
"""The period of the limits on codes, in seconds."""


class Windows:
    """Counts calls in windows of fixed length, one for each key, in this process only.

    ``most`` calls are let through in the ``seconds`` after the first one. Contract, section 2
    (429).
    """

    def __init__(self, most: int, *, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._windows: dict[Hashable, tuple[float, int]] = {}
        self._sweep_at = 0.0

    def wait(self, key: Hashable, now: float) -> int | None:
        """Count a call and return ``None``, or the whole seconds to wait before the next one."""
        self._sweep(now)
        wait = self.look(key, now)
        if wait is None:
            ends, count = self._window(key, now)
            self._windows[key] = (ends, count + 1)
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
        self._windows = {key: value for key, value in self._windows.items() if value[0] > now}


def caller(request: Request) -> str:
    """Return the address that limits are counted for: an IPv6 caller has a /64 to itself."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))


def seconds_to_wait(times: Sequence[float], most: int, now: float) -> int | None:
    """Say whether one more is within the limit: ``None``, or the whole seconds to wait.

    ``times`` are the epoch seconds of what was counted in the last hour, in any order.
    """
    if len(times) < most:
        return None
    if most < 1:
        return math.ceil(HOUR)
    # So many have to leave the hour until there is room for one more.
    leaves_last = sorted(times)[len(times) - most]
    return max(1, math.ceil(leaves_last + HOUR - now))


def count_mail(
    connection: sa.Connection,
    *,
    mail_id: str,
    email: str,
    address: str,
    limits: tuple[int, int],
    now: float,
) -> int | None:
    """Count one mail against an e-mail and a caller's address, both given as digests.

    ``limits`` are the most per e-mail and per address in an hour (contract, section 1). Returns
    ``None`` where it was counted, else the whole seconds to wait, and nothing was counted.
    """
    waits = [
        wait
        for column, value, most in (
            (mails.c.email, email, limits[0]),
            (mails.c.address, address, limits[1]),
        )
        if (wait := seconds_to_wait(_recent(connection, column, value, now), most, now)) is not None
    ]
    if waits:
        return max(waits)
    connection.execute(mails.insert().values(id=mail_id, email=email, address=address, sent_at=now))
    return None


def forget_mail(connection: sa.Connection, mail_id: str) -> None:
    """Take back a mail that could not be sent."""
    connection.execute(mails.delete().where(mails.c.id == mail_id))


def _recent(
    connection: sa.Connection, column: sa.Column[str], value: str, now: float
) -> Sequence[float]:
    query = sa.select(mails.c.sent_at).where(column == value, mails.c.sent_at > now - HOUR)
    return connection.execute(query).scalars().all()
