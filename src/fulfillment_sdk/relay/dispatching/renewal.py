"""Renewal: leases of lanes that are under way are made longer, many in one write."""

from __future__ import annotations

import asyncio
import logging

import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay.dispatching.crew import Crew
from fulfillment_sdk.relay.dispatching.hands import Hands
from fulfillment_sdk.relay.tables.claim import renew
from fulfillment_sdk.relay.tables.lanes import LaneKey
from fulfillment_sdk.store import Store

log = logging.getLogger("fulfillment_sdk.relay")

ROUNDS_PER_LEASE = 10


class Renewal:
    """Goes round now and then: what is under way is renewed, what waited too long handed back.

    Args:
        store: where the lanes are.
        hands: what this process holds.
        crew: hands lanes back.
        lease: seconds of the shortest lease.
    """

    def __init__(self, store: Store, hands: Hands, crew: Crew, *, lease: float) -> None:
        self._store = store
        self._hands = hands
        self._crew = crew
        self._pause = lease / ROUNDS_PER_LEASE

    async def run(self) -> None:
        """Go round until cancelled."""
        while True:
            await asyncio.sleep(self._pause)
            try:
                await self.round()
            except StoreError as error:
                log.error("leases are not renewed: %s", error.message)
            except Exception as error:  # noqa: BLE001  without renewals everything comes twice
                log.error("leases are not renewed: %s", type(error).__name__)

    async def round(self) -> None:
        """Renew the leases of which a third has passed."""
        steady = asyncio.get_running_loop().time()
        for desk in self._hands.desks.values():
            self._crew.hand_back_late(desk)
        due = [held for held in self._hands.under_way() if held.lease.wants_renewal(steady)]
        if not due:
            return
        leases = {held.claim.destination_no: held.lease.seconds for held in due}

        def work(connection: sa.Connection) -> set[LaneKey]:
            now = self._store.now(connection)
            claims = [held.claim for held in due]
            return renew(connection, claims, now=now, lease_by_no=leases)

        ours = await self._store.write(work)
        for held in due:
            if held.claim.key in ours:
                held.lease.renewed(steady)
            else:
                held.lease.missed()
