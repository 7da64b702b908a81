"""Letting go of what is known of cases once it is as old as what was received of them may get."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import sqlalchemy as sa

from fulfillment_sdk.receiver.cases.schema import cases, history
from fulfillment_sdk.store import Store

PAGE: Final = 500
"""Rows that one write removes at most."""

PAUSE: Final = 0.05  # seconds between two writes, which belong to the others

Sleep = Callable[[float], Awaitable[None]]


async def sweep(store: Store, keep: float, *, sleep: Sleep = asyncio.sleep) -> None:
    """Forget history that is older than `keep` seconds, and cases of which nothing is newer.

    Of a case that waits for anything, all stays. What is sent once more of a case that is forgotten
    begins it anew, as an event that the relay has forgotten is new to it.
    """
    before = await store.read(store.now) - keep
    last: int | None = 0
    while last is not None:
        numbers, last = await store.read(functools.partial(old_history, after=last, before=before))
        if numbers:
            await store.write(functools.partial(forget_history, numbers=numbers, before=before))
            await sleep(PAUSE)
    after: str | None = ""
    while after is not None:
        ids, after = await store.read(functools.partial(old_cases, after=after, before=before))
        if ids:
            await store.write(functools.partial(forget_cases, ids=ids, before=before))
            await sleep(PAUSE)


def old_history(
    connection: sa.Connection, after: int, before: float
) -> tuple[Sequence[int], int | None]:
    """Return what was decided before then among a page of history, and where to go on."""
    columns = history.c
    rows = connection.execute(
        sa.select(columns.event, columns.decided_at)
        .where(columns.event > after)
        .order_by(columns.event)
        .limit(PAGE)
    ).all()
    old = [row.event for row in rows if row.decided_at is not None and row.decided_at < before]
    # They are nearly in the order of time: where nothing of a page is old, nothing behind it is.
    return old, rows[-1].event if old and len(rows) == PAGE else None


def forget_history(connection: sa.Connection, numbers: Sequence[int], before: float) -> None:
    """Remove rows of history that are still that old: a number may be another event's by now."""
    columns = history.c
    old = columns.event.in_(numbers), columns.decided_at < before
    connection.execute(sa.delete(history).where(*old))


def old_cases(
    connection: sa.Connection, after: str, before: float
) -> tuple[Sequence[str], str | None]:
    """Return the cases without news since then among a page of them, and where to go on."""
    rows = connection.execute(
        sa.select(cases.c.case_id, cases.c.last_at, cases.c.held)
        .where(cases.c.case_id > after)
        .order_by(cases.c.case_id)
        .limit(PAGE)
    ).all()
    old = [row.case_id for row in rows if row.last_at < before and not row.held]
    return old, rows[-1].case_id if len(rows) == PAGE else None


def forget_cases(connection: sa.Connection, ids: Sequence[str], before: float) -> None:
    """Remove cases of which there is still no news; those that somebody has in hand are left."""
    mine = (
        sa.select(cases.c.case_id)
        .where(cases.c.case_id.in_(ids), cases.c.last_at < before, cases.c.held == 0)
        .order_by(cases.c.case_id)
        .with_for_update(skip_locked=True)
    )
    free = connection.execute(mine).scalars().all()
    connection.execute(sa.delete(cases).where(cases.c.case_id.in_(free)))
