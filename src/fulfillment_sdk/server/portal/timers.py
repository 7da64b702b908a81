"""The timers of the lifecycle: an assignment not accepted, a rework not begun, a deadline missed.

A timer is a time in the case's row (``due_at``), so it survives a restart. Firing it is one
transaction that looks again under the case's lock, so it happens once, whoever else looks.
Contract, section 3.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math

import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.lifecycle import Actor
from fulfillment_sdk.server.portal import cases
from fulfillment_sdk.server.portal.advance import Advanced, advance
from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.due import timer_step
from fulfillment_sdk.server.portal.schema import CASES

log = logging.getLogger(__name__)

_BATCH = 200
# Another process's timers are seen after this at the latest; one's own at once.
_LONGEST_SLEEP = 30.0
_AFTER_A_FAILURE = 5.0


class Timers:
    """Fires what is due. ``run`` does it for ever, ``run_due`` once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._wake = asyncio.Event()
        self._planned = math.inf

    def expect(self, due_at: float | None) -> None:
        """Say that a timer was set, so that ``run`` does not oversleep it; call it in the loop."""
        if due_at is not None and due_at < self._planned:
            self._wake.set()

    async def run(self) -> None:
        """Fire timers until cancelled."""
        while True:
            self._wake.clear()
            self._planned = math.inf
            pause = await self.turn()
            self._planned = self._desk.clock() + pause
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)

    async def run_due(self, now: float) -> int:
        """Fire every timer that is due ``now`` (epoch seconds) and return how many fired.

        One that can't fire, its case being locked, say, holds up no other. Raises ``StoreError``
        where there is such a one, after all others; what fired is kept.
        """
        total = 0
        while True:
            due = await self._desk.store.read(lambda connection: _due(connection, now))
            tried = await asyncio.gather(
                *(self._fire(case_id, now) for case_id in due), return_exceptions=True
            )
            fired = tried.count(True)
            total += fired
            for failure in tried:
                if isinstance(failure, BaseException):
                    raise failure
            if len(due) < _BATCH or not fired:
                return total

    async def _fire(self, case_id: str, now: float) -> bool:
        def work(connection: sa.Connection) -> bool:
            return fire(self._desk, connection, case_id, now=now) is not None

        return await self._desk.store.write(work)

    async def turn(self) -> float:
        """Fire what is due and return for how long there is nothing to do, in seconds.

        Where the store can't be used, that is the time until it is tried again.
        """
        try:
            await self.run_due(self._desk.clock())
            planned = await self._desk.store.read(_next_due)
        except (StoreError, sa.exc.SQLAlchemyError) as error:
            log.warning("Timers wait for the store: %s", type(error).__name__)
            return _AFTER_A_FAILURE
        pause = math.inf if planned is None else planned - self._desk.clock()
        return min(max(pause, 0.0), _LONGEST_SLEEP)


def fire(desk: Desk, connection: sa.Connection, case_id: str, *, now: float) -> Advanced | None:
    """Take the step that a case's timer stands for, unless it is no longer due."""
    case = cases.lock(connection, case_id)
    if case is None or case.due_at is None or case.due_at > now:
        return None
    step = timer_step(case.status)
    if step is None:
        return None
    row, reason = step
    return advance(
        desk,
        connection,
        case,
        row.new,
        actor=Actor.TIMER,
        reason=reason,
        done_by=Actor.TIMER,
    )


def _due(connection: sa.Connection, now: float) -> list[str]:
    statement = sa.select(CASES.c.id).where(CASES.c.due_at <= now)
    rows = connection.execute(statement.order_by(CASES.c.due_at).limit(_BATCH))
    return list(rows.scalars())


def _next_due(connection: sa.Connection) -> float | None:
    return connection.execute(sa.select(sa.func.min(CASES.c.due_at))).scalar()
