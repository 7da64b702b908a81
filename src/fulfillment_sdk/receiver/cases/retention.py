"""Letting go of what is known of cases once it is as old as what was received of them may get."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import sqlalchemy as sa

from fulfillment_sdk.receiver.cases.schema import cases, held, history
from fulfillment_sdk.store import Store

PAGE: Final = 500
"""Cases that one write looks at."""

PAUSE: Final = 0.05  # seconds between two writes, which belong to the others

Sleep = Callable[[float], Awaitable[None]]


async def sweep(store: Store, keep: float, *, sleep: Sleep = asyncio.sleep) -> None:
    """Forget history that is older than `keep` seconds, and cases of which nothing is newer.

    Of a case that waits for anything, all stays. What is sent once more of a case that is forgotten
    begins it anew, as an event that the relay has forgotten is new to it.
    """
    before = await store.read(store.now) - keep
    after = ""
    while True:
        ids = await store.read(functools.partial(page, after=after))
        old = await store.read(functools.partial(has_old, ids=ids, before=before))
        if old:
            await store.write(functools.partial(forget, ids=ids, before=before))
            await sleep(PAUSE)
        if len(ids) < PAGE:
            return
        after = ids[-1]


def page(connection: sa.Connection, after: str) -> Sequence[str]:
    """Return the ids of the cases behind one, in order, a page at most."""
    query = sa.select(cases.c.case_id).where(cases.c.case_id > after).order_by(cases.c.case_id)
    return connection.execute(query.limit(PAGE)).scalars().all()


def has_old(connection: sa.Connection, ids: Sequence[str], before: float) -> bool:
    """Tell whether anything of these cases was decided before then."""
    old = sa.select(history.c.n).where(history.c.case_id.in_(ids), history.c.decided_at < before)
    bare = sa.select(cases.c.case_id).where(cases.c.case_id.in_(ids), cases.c.last_at < before)
    return any(connection.execute(query.limit(1)).first() for query in (old, bare))


def forget(connection: sa.Connection, ids: Sequence[str], before: float) -> None:
    """Remove what is old of these cases; those that somebody has in hand are left."""
    mine = (
        sa.select(cases.c.case_id)
        .where(cases.c.case_id.in_(ids), cases.c.held == 0)
        .order_by(cases.c.case_id)
        .with_for_update(skip_locked=True)
    )
    free = connection.execute(mine).scalars().all()
    waits = sa.exists().where(held.c.case_id == history.c.case_id)
    connection.execute(
        sa.delete(history).where(history.c.case_id.in_(free), history.c.decided_at < before, ~waits)
    )
    remembered = sa.exists().where(history.c.case_id == cases.c.case_id)
    connection.execute(
        sa.delete(cases).where(cases.c.case_id.in_(free), cases.c.last_at < before, ~remembered)
    )
