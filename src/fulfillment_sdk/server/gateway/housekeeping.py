"""Forgetting what has had its time: codes, counted mails, expired tokens, old reservations."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.server.gateway.cases import reservations
from fulfillment_sdk.server.gateway.identity import codes, limits
from fulfillment_sdk.server.gateway.schema import codes as codes_table
from fulfillment_sdk.server.gateway.schema import keys as keys_table
from fulfillment_sdk.server.gateway.schema import mails as mails_table
from fulfillment_sdk.server.gateway.schema import reservations as reservations_table
from fulfillment_sdk.server.gateway.schema import tokens as tokens_table
from fulfillment_sdk.store import Store

BATCH = 500
"""Rows of a table that one transaction removes at most: nobody waits long behind it."""

_EVERY = 3600.0
_logger = logging.getLogger(__name__)


def sweep(connection: sa.Connection, now: float) -> int:
    """Remove up to ``BATCH`` rows of each kind that are out of date; returns how many there were.

    ``now`` in epoch seconds. A recorded 201 is kept for 400 days (contract, section 2).
    """
    old = (
        (codes_table.c.pair, codes_table.c.issued_at, codes.KEPT),
        (mails_table.c.id, mails_table.c.sent_at, limits.HOUR),
        (tokens_table.c.jti, tokens_table.c.expires_at, 0.0),
    )
    removed = 0
    for key, time, kept in old:
        # Locked: what is renewed at this moment stays, and two gateways remove different rows.
        query = sa.select(key).where(time <= now - kept).limit(BATCH)
        ids = connection.execute(query.with_for_update(skip_locked=True)).scalars().all()
        if ids:
            connection.execute(sa.delete(key.table).where(key.in_(ids)))
        removed += len(ids)
    return removed + _sweep_reservations(connection, now)


def _sweep_reservations(connection: sa.Connection, now: float) -> int:
    table = reservations_table
    query = sa.select(table.c.intake_id).where(table.c.created_at <= now - reservations.KEPT)
    ids = connection.execute(query.limit(BATCH).with_for_update(skip_locked=True)).scalars().all()
    if ids:
        connection.execute(keys_table.delete().where(keys_table.c.intake_id.in_(ids)))
        connection.execute(table.delete().where(table.c.intake_id.in_(ids)))
    return len(ids)


async def keep_house(
    store: Store,
    clock: Callable[[], float],
    *,
    every: float = _EVERY,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Sweep now and every so many seconds, until cancelled; a store that fails is tried again."""
    while True:
        try:
            removed = BATCH
            while removed >= BATCH:
                removed = await store.write(lambda connection: sweep(connection, clock()))
        except StoreError as error:
            _logger.warning("gateway housekeeping failed: %s", error.message)
        except sa.exc.SQLAlchemyError as error:
            _logger.warning("gateway housekeeping failed: %s", type(error).__name__)
        await sleep(every)
