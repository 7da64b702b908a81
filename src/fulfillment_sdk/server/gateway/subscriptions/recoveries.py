"""Recoveries: an organisation has one under way at a time, at all gateways of a database.

Each makes the store busy for as long as it lasts, which may be minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.schema import LEASES

LEASE: Final = 60.0
"""Seconds after which the place of a gateway that was killed is another's."""

RENEWED: Final = 20.0

Sleep = Callable[[float], Awaitable[None]]

_logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def alone(
    context: Context, owner: str, *, sleep: Sleep = asyncio.sleep
) -> AsyncIterator[bool]:
    """Keep an organisation's other recoveries out for as long as the block runs.

    ``False`` where another one is under way. Raises ``StoreError`` where that can't be told.
    """
    holder = context.ids("recovery")
    if not await context.store.write(lambda c: take(c, context, owner, holder)):
        yield False
        return
    renewing = asyncio.create_task(_renew(context, owner, holder, sleep))
    try:
        yield True
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        with contextlib.suppress(StoreError):  # it ends by itself then
            await context.store.write(lambda c: LEASES.release(c, _lease(owner), holder=holder))


def take(connection: sa.Connection, context: Context, owner: str, holder: str) -> bool:
    """Take an organisation's place, or keep one's own; ``False`` where another one has it."""
    now = context.store.now(connection)
    return LEASES.take(connection, _lease(owner), holder=holder, now=now, seconds=LEASE)


async def _renew(context: Context, owner: str, holder: str, sleep: Sleep) -> None:
    while True:
        await sleep(RENEWED)
        try:
            await context.store.write(lambda c: take(c, context, owner, holder))
        except StoreError as error:
            _logger.warning("a recovery may not be alone: %s", error.message)


def _lease(owner: str) -> str:
    return f"recovery:{owner}"
