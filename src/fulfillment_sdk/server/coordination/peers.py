"""The servers of one party on one database: they must have the same keys.

With keys of its own, a second gateway would refuse the first one's tokens and read nothing of what
it sealed. So each server says which keys it has (as digests) for as long as it lives, and one whose
keys don't fit is not started.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import sqlalchemy as sa
from attrs import frozen

from fulfillment_sdk.errors import ConfigurationError, StoreError
from fulfillment_sdk.server.configuration import options
from fulfillment_sdk.server.configuration.settings import Settings
from fulfillment_sdk.server.coordination import locks
from fulfillment_sdk.server.coordination.leases import Leases
from fulfillment_sdk.store import Store

ALIVE_SECONDS: Final = 30.0
"""After which a server that was killed no longer counts."""

_EVERY: Final = 10.0
_PREFIX: Final = "server:"

Keyrings = Mapping[str, Sequence[str]]
"""Digests of keys, newest first, by the variable that sets them."""

_log = logging.getLogger(__name__)


def digests(keys: Sequence[tuple[str, bytes]]) -> list[str]:
    """Return what may be told of keys, in their order: nobody gets from there to a key."""
    purpose = b"fulfillment: which key this is, 1:"
    return [
        hmac.digest(key, purpose + key_id.encode(errors="replace"), "sha256").hex()[:32]
        for key_id, key in keys
    ]


def keyrings(settings: Settings) -> Keyrings:
    """Return what the servers of a party must have in common."""
    return {
        options.STORAGE_KEYS.variable: digests(settings.storage_keys),
        options.JWT_KEYS.variable: digests(settings.jwt_keys),
    }


def unfit(mine: Keyrings, others: Keyrings) -> str | None:
    """Return the variable whose keys don't fit, ``None`` where all do.

    They fit where each side knows the other's newest key: that is the one it writes with.
    """
    for variable, own in mine.items():
        theirs = others.get(variable, ())
        if own and theirs and (own[0] not in theirs or theirs[0] not in own):
            return variable
    return None


@frozen
class Peers:
    """One server among those of its party; ``name`` is its own, and nobody else's."""

    store: Store
    leases: Leases
    name: str
    keyrings: Keyrings

    def join(self, connection: sa.Connection) -> None:
        """Say that this server is here, in the caller's transaction.

        Raises ``ConfigurationError`` where another one is here whose keys don't fit.
        """
        if connection.dialect.name == "sqlite":
            self.leases.forget_all(connection)  # the data folder has one server at a time
        # Of two that start at one moment, one sees the other.
        locks.hold(connection, f"servers of {self.leases.table.name}")
        now = self.store.now(connection)
        for lease in self.leases.held(connection, _PREFIX, now=now):
            variable = unfit(self.keyrings, json.loads(lease.detail))
            if variable is not None and lease.holder != self.name:
                raise _disagreement(variable)
        self.leases.forget_ended(connection, now=now)
        self._renew(connection, now)

    async def keep(
        self, *, every: float = _EVERY, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """Stay known until cancelled; a store that fails is tried again."""
        while True:
            await sleep(every)
            try:
                await self.store.write(lambda c: self._renew(c, self.store.now(c)))
            except (StoreError, sa.exc.SQLAlchemyError) as error:
                _log.warning("other servers may miss this one: %s", type(error).__name__)

    async def leave(self) -> None:
        """Say that this server ends; where that can't be said, it counts a little longer."""
        with contextlib.suppress(StoreError, sa.exc.SQLAlchemyError):
            await self.store.write(
                lambda c: self.leases.release(c, _PREFIX + self.name, holder=self.name)
            )

    def _renew(self, connection: sa.Connection, now: float) -> None:
        self.leases.take(
            connection,
            _PREFIX + self.name,
            holder=self.name,
            now=now,
            seconds=ALIVE_SECONDS,
            detail=json.dumps({name: list(keys) for name, keys in self.keyrings.items()}),
        )


def _disagreement(variable: str) -> ConfigurationError:
    return ConfigurationError(
        f"Another server runs on this database with other keys in {variable}",
        remedy=f"Set {variable} to the same on all servers of a database; keys that were made in a"
        " data folder are that server's alone. To change it while others run, first add the new"
        " key behind the present one everywhere, then move it to the front. A server that was"
        f" killed counts for {ALIVE_SECONDS:.0f} seconds more.",
    )
