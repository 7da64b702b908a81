"""A gateway whose time is moved by hand, and what it tells of its deliveries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay import Attempt, Destination, Undelivered
from fulfillment_sdk.relay.schema import destinations, lanes
from tests.integration.gateway.parts import BASE, STAFF, Clock, House, open_house
from tests.integration.gateway.test_subscriptions import notification, notify, subscribe


@attrs.define
class Courier:
    """One organisation's subscriptions, and the events that go out to them."""

    house: House
    token: str
    organization_id: str
    commits: asyncio.Event

    @property
    def clock(self) -> Clock:
        return self.house.clock

    async def subscribe(self, url: str, **body: object) -> str:
        """Return the id of a new subscription."""
        return str((await subscribe(self.house, self.token, url=url, **body))["id"])

    async def event(self, number: int, *, case: str = "case_1", sequence: int = 0) -> str:
        """Have the portal's notification come in, and return its id."""
        event_id = f"evt_{number}"
        body = notification(
            self.organization_id, number=number, case_id=case, sequence=sequence or number
        )
        assert await notify(self.house, body, event_id=event_id) == 202
        return event_id

    async def attempts(self, subscription: str, event_id: str | None = None) -> list[Attempt]:
        """Return a subscription's tries, oldest first."""
        made = await self.house.gateway.context.relay.attempts(event_id=event_id)
        return [one for one in made if one.destination == subscription]

    async def undelivered(self, subscription: str) -> list[Undelivered]:
        """Return what a subscription has not got, dead letters included."""
        found = await self.house.gateway.context.relay.undelivered()
        return [one for one in found if one.destination == subscription]

    async def destination(self, subscription: str) -> Destination:
        context = self.house.gateway.context
        found = await context.store.read(lambda c: context.relay.get_destination(c, subscription))
        assert found is not None
        return found

    async def is_enabled(self, subscription: str) -> bool:
        """Tell what the subscription's owner is shown."""
        shown = await self.house.get(f"{BASE}/subscriptions/{subscription}/", token=self.token)
        return bool(shown.json()["enabled"])

    async def listed(self, state: str) -> list[dict[str, Any]]:
        """Return the deliveries in a state, as an operator sees them."""
        items: list[dict[str, Any]] = []
        after = ""
        while True:
            page = await self.house.get(
                "/admin/api/deliveries/", token=STAFF, state=state, limit="200", after=after
            )
            items += page.json()["items"]
            after = page.json()["next"] or ""
            if not after:
                return items

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Ask again with every commit, until the dispatcher has brought something about."""
        async with asyncio.timeout(20):
            self.commits.clear()
            while not await condition():
                await self.commits.wait()
                self.commits.clear()

    async def tried(self, subscription: str, count: int) -> list[Attempt]:
        """Wait until a subscription was tried so often."""
        made: list[Attempt] = []

        async def enough() -> bool:
            made[:] = await self.attempts(subscription)
            return len(made) >= count

        await self.until(enough)
        return made

    async def move(self, seconds: float) -> None:
        """Let time pass, and have the dispatcher notice."""
        self.clock.move(seconds)
        await self.wake()

    async def wake(self) -> None:
        """Have the dispatcher look for what is due, which it does when a destination changes."""
        context = self.house.gateway.context
        await context.store.write(lambda c: context.relay.enable_owner(c, "nobody", "nothing"))

    async def quiet(self) -> None:
        """Wait until nothing is under way and nothing due. (Not while a breaker is open.)"""

        async def idle() -> bool:
            under_way, due_at = await self._work()
            return not under_way and (due_at is None or due_at > self.clock.now)

        await self.until(idle)

    async def next_due(self) -> float | None:
        """Return when the next try falls due."""
        return (await self._work())[1]

    async def is_under_way(self) -> bool:
        """Tell whether something is being delivered."""
        return bool((await self._work())[0])

    async def run_on(self) -> AsyncIterator[float]:
        """Let time pass from one due try to the next, for as long as there is one."""
        await self.quiet()
        while (due_at := await self.next_due()) is not None:
            await self.move(max(0.0, due_at - self.clock.now))
            await self.quiet()
            yield self.clock.now

    async def _work(self) -> tuple[int, float | None]:
        enabled = sa.select(destinations.c.no).where(destinations.c.enabled)
        query = sa.select(sa.func.count(lanes.c.lease), sa.func.min(lanes.c.due_at)).where(
            lanes.c.destination_no.in_(enabled)
        )
        row = await self.house.gateway.context.store.read(lambda c: c.execute(query).one())
        return row[0], row[1]


@asynccontextmanager
async def open_courier(folder: Path, **settings: Any) -> AsyncIterator[Courier]:
    """Open a gateway, in development unless told otherwise: endpoints are on loopback then."""
    async with open_house(folder, **({"dev": True} | settings)) as house:
        commits, loop = asyncio.Event(), asyncio.get_running_loop()

        def committed() -> None:
            loop.call_soon_threadsafe(commits.set)

        house.gateway.context.store.on_commit(committed)
        token = await house.token()
        yield Courier(house, token, await house.organization_id(), commits)
