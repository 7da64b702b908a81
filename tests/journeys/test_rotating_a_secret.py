"""A partner changes its webhook's secret while events flow, and none of them is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
from aiohttp import web

from fulfillment_sdk.receiver import Receiver
from tests.integration.endpoints import a_server
from tests.integration.gateway.courier import Courier, open_courier
from tests.integration.gateway.parts import BASE, Clock

DAY = 86_400.0
EVENTS = 40


@attrs.define
class Application:
    """A partner's application: a receiver that is restarted with other secrets, and its answers."""

    folder: Path
    clock: Clock
    receiver: Receiver | None = None
    url: str = ""
    statuses: list[int] = attrs.field(factory=list)
    _news: asyncio.Condition = attrs.field(factory=asyncio.Condition)
    _turn: asyncio.Lock = attrs.field(factory=asyncio.Lock)

    async def handler(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        async with self._turn:
            assert self.receiver is not None
            reply = await self.receiver.handle_async(request.method, dict(request.headers), body)
        async with self._news:
            self.statuses.append(reply.status)
            self._news.notify_all()
        return web.Response(status=reply.status, body=reply.body)

    async def restart(self, *secrets: str) -> None:
        """End the receiver, if there is one, and begin anew with these secrets, newest first."""
        async with self._turn:
            await self.end()
            self.receiver = Receiver(
                secrets, self.folder, clock=self.clock, load_entry_points=False
            )

    async def end(self) -> None:
        if self.receiver is not None:
            await asyncio.to_thread(self.receiver.stop)

    async def has_answered(self, count: int) -> None:
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: len(self.statuses) >= count)

    @property
    def counts(self) -> list[int]:
        """How often each secret was of use, since the restart."""
        assert self.receiver is not None
        return [one.count for one in self.receiver.secret_uses()]


@asynccontextmanager
async def an_application(folder: Path, clock: Clock) -> AsyncIterator[Application]:
    application = Application(folder, clock)
    async with a_server(application.handler) as port:
        application.url = f"http://127.0.0.1:{port}/"
        try:
            yield application
        finally:
            await application.end()


async def flow(courier: Courier, first: int, count: int) -> None:
    """Have the portal's events come in, one after the other, each of a case of its own."""
    for number in range(first, first + count):
        await courier.event(number, case=f"case_{number}")


async def rotated(courier: Courier, subscription: str) -> str:
    """Take a new secret, as a partner does."""
    path = f"{BASE}/subscriptions/{subscription}/rotate-secret/"
    answer = await courier.house.post(path, token=courier.token)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["secret"])


async def test_a_secret_is_changed_while_events_flow_and_the_counter_tells_when_the_old_one_is_done(
    tmp_path: Path,
) -> None:
    async with (
        open_courier(tmp_path / "gateway") as courier,
        an_application(tmp_path / "application", courier.clock) as application,
    ):
        created = await courier.house.post(
            f"{BASE}/subscriptions/", {"url": application.url}, token=courier.token
        )
        subscription, old = created.json()["id"], str(created.json()["secret"])
        await application.restart(old)

        # The gateway signs with both from here on; the application still has the old one alone.
        flowing = asyncio.create_task(flow(courier, 1, EVENTS))
        await application.has_answered(3)
        new = await rotated(courier, subscription)
        await flowing
        await application.has_answered(EVENTS)
        assert application.counts == [EVENTS]

        # It gets both while more come: the old one is not needed from its restart on.
        flowing = asyncio.create_task(flow(courier, EVENTS + 1, EVENTS))
        await application.has_answered(EVENTS + 3)
        await application.restart(new, old)
        await flowing
        await application.has_answered(2 * EVENTS)
        newer, older = application.counts
        assert newer > 0
        assert older == 0
        assert application.receiver is not None
        [first, second] = application.receiver.secret_uses()
        assert (first.last_at, second.last_at) == (courier.clock(), None)

        # A day later the new one alone signs, and is all that is left in the application.
        await application.restart(new)
        await courier.move(DAY)
        await flow(courier, 2 * EVENTS + 1, 1)
        await application.has_answered(2 * EVENTS + 1)
        assert application.counts == [1]

        await courier.quiet()
        assert set(application.statuses) == {202}, "none was refused, and none came twice"
        assert await courier.undelivered(subscription) == []


async def test_whoever_missed_the_day_loses_nothing(tmp_path: Path) -> None:
    async with (
        open_courier(tmp_path / "gateway", retry_schedule=(0.0, 5.0)) as courier,
        an_application(tmp_path / "application", courier.clock) as application,
    ):
        created = await courier.house.post(
            f"{BASE}/subscriptions/", {"url": application.url}, token=courier.token
        )
        subscription, old = created.json()["id"], str(created.json()["secret"])
        await application.restart(old)
        new = await rotated(courier, subscription)
        await courier.move(DAY)
        await courier.event(1)
        async for _ in courier.run_on():
            pass
        assert application.statuses == [401, 401]

        await application.restart(new)
        path = f"{BASE}/subscriptions/{subscription}/recover/"
        since = {"since": "2025-04-07T00:00:00Z"}
        answer = await courier.house.post(path, since, token=courier.token)
        assert answer.json() == {"replayed": 1}
        await application.has_answered(3)
        await courier.quiet()
        assert application.statuses == [401, 401, 202]
        assert await courier.undelivered(subscription) == []
