"""Whether the store can be used right now: asked every few seconds, so that readiness can tell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.store import Store

_EVERY = 5.0


class Pulse:
    """Probes the store again and again; ``problem`` is why that failed, or ``""``.

    A read, or a transaction that writes nothing, would not notice a disk that is full.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.problem = ""

    async def feel(self) -> None:
        """Try once."""
        try:
            await self._store.probe()
        except StoreError as error:
            self.problem = error.message
        except sa.exc.SQLAlchemyError as error:  # who ends here would never tell of it again
            self.problem = f"The store can't be used: {type(error).__name__}"
        else:
            self.problem = ""

    async def keep_feeling(
        self,
        *,
        every: float = _EVERY,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Try every so many seconds, until cancelled."""
        while True:
            await self.feel()
            await sleep(every)
