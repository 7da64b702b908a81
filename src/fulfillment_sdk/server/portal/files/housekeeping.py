"""Forgetting files that nobody refers to: unused attachments, and uploads that died half-way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.files import rows
from fulfillment_sdk.server.portal.files.attachments import KEPT_UNUSED
from fulfillment_sdk.server.portal.schema import FILES
from fulfillment_sdk.server.uploads import Pace

UNFINISHED: Final = 3 * Pace().whole
"""After how many seconds an upload that is not complete is not going to be."""
BATCH: Final = 8
"""Files that one transaction removes at most: they may have 10 MiB each."""

_EVERY: Final = 600.0
_logger = logging.getLogger(__name__)


def sweep(connection: sa.Connection, now: float) -> int:
    """Remove up to ``BATCH`` files that have had their time, and return how many there were.

    ``now`` in epoch seconds. What a case refers to is kept, and what staff added to one.
    """
    unfinished = sa.and_(FILES.c.stored_at.is_(None), FILES.c.created_at <= now - UNFINISHED)
    unused = sa.and_(FILES.c.case_id.is_(None), FILES.c.created_at <= now - KEPT_UNUSED)
    ids = [
        file_id
        for condition in (unfinished, unused)
        for file_id in connection.execute(
            # Locked, so that no case is given one that is on its way out; two portals that sweep
            # at one moment remove different ones.
            sa.select(FILES.c.id)
            .where(condition)
            .limit(BATCH // 2)
            .with_for_update(skip_locked=True)
        ).scalars()
    ]
    return rows.remove(connection, sorted(set(ids)))


async def keep_house(
    desk: Desk,
    *,
    every: float = _EVERY,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Sweep now and every so many seconds, until cancelled; a store that fails is tried again."""
    while True:
        try:
            while await desk.store.write(lambda connection: sweep(connection, desk.clock())):
                pass
        except (StoreError, sa.exc.SQLAlchemyError) as error:
            _logger.warning("portal housekeeping failed: %s", type(error).__name__)
        await sleep(every)
