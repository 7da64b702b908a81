"""An organisation has one recovery under way at a time, at whatever gateway, and for as long."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.relay import Relay
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.subscriptions import recoveries
from fulfillment_sdk.server.gateway.subscriptions.recoveries import LEASE, alone
from fulfillment_sdk.store import StoreFuture
from fulfillment_sdk.store.future import settle
from tests.integration.gateway.parts import BASE, Clock, House, open_house
from tests.integration.gateway.test_subscriptions import subscribe
from tests.postgres import server

SINCE = {"since": "2025-02-03T00:00:00Z"}


class Pauses:
    """Pauses that end when the test says so."""

    def __init__(self) -> None:
        self._asked: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    async def sleep(self, _seconds: float) -> None:
        over = asyncio.Event()
        self._asked.put_nowait(over)
        await over.wait()

    async def next(self) -> asyncio.Event:
        return await asyncio.wait_for(self._asked.get(), 10)


async def is_free(context: Context, owner: str = "org") -> bool:
    async with alone(context, owner) as mine:
        return mine


@pytest.fixture
def database_url() -> Iterator[str]:
    url = server().new_database()
    yield url
    server().drop_database(url)


async def test_a_recovery_at_one_gateway_keeps_one_at_another_waiting(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: StoreFuture[int] = StoreFuture()
    began = asyncio.Event()

    def wait(_relay: Relay, *_given: object, **_more: object) -> StoreFuture[int]:
        began.set()
        return held

    monkeypatch.setattr(Relay, "replay_many", wait)
    async with (
        open_house(tmp_path / "one", database_url=database_url) as one,
        open_house(tmp_path / "other", database_url=database_url) as other,
    ):
        token = await one.token()
        path = f"{BASE}/subscriptions/{(await subscribe(one, token))['id']}/recover/"
        first = asyncio.create_task(one.post(path, SINCE, token=token))
        await asyncio.wait_for(began.wait(), 10)
        second = await asyncio.wait_for(other.post(path, SINCE, token=token), 10)
        assert (second.status_code, second.headers["retry-after"]) == (429, "5")

        held.set_running_or_notify_cancel()
        settle([(held, (3, None))])
        assert (await first).json() == {"replayed": 3}
        assert (await other.post(path, SINCE, token=token)).status_code == 202


async def test_another_organization_need_not_wait(house: House) -> None:
    context = house.gateway.context
    async with alone(context, "org") as mine:
        assert mine
        assert not await is_free(context)
        assert await is_free(context, "another")
    assert await is_free(context)


async def test_one_that_takes_long_is_alone_to_its_end(tmp_path: Path) -> None:
    clock, pauses = Clock(), Pauses()
    async with open_house(tmp_path, clock=clock) as house:
        context = house.gateway.context
        async with alone(context, "org", sleep=pauses.sleep):
            for _ in range(3):
                over = await pauses.next()
                clock.move(LEASE - 1)
                over.set()
            await pauses.next()
            assert not await is_free(context)
        assert await is_free(context)


async def test_one_whose_gateway_was_killed_gives_way_to_the_next(tmp_path: Path) -> None:
    clock = Clock()
    async with open_house(tmp_path, clock=clock) as house:
        context = house.gateway.context
        await context.store.write(lambda c: recoveries.take(c, context, "org", "killed"))
        assert not await is_free(context)
        clock.move(LEASE)
        assert await is_free(context)


async def test_a_store_that_fails_for_a_moment_does_not_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = Pauses()
    failures = [StoreUnavailable("hush")]
    take = recoveries.take

    def failing(*given: object) -> bool:
        if failures:
            raise failures.pop()
        return take(*given)  # type: ignore[arg-type]

    async with open_house(tmp_path) as house:
        context = house.gateway.context
        async with alone(context, "org", sleep=pauses.sleep):
            over = await pauses.next()
            monkeypatch.setattr(recoveries, "take", failing)
            over.set()
            await pauses.next()
            assert failures == []
        assert await is_free(context)
