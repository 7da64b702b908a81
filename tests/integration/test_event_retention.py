"""`event_retention`: gateway and portal let go of what everybody has had for long enough."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import attrs
import pytest

from fulfillment_sdk.relay import Event, Retry
from tests.integration.gateway.parts import BASE, START, Clock, open_house
from tests.integration.gateway.test_subscriptions import PUBLIC, notification, notify
from tests.integration.portal.desk import Captor, Desk, make_settings
from tests.integration.portal.desk import Clock as DeskClock

DAY = 86_400.0
EVENTS = f"{BASE}/events/"

Names = Callable[[], Awaitable[list[str]]]


async def become(names: Names, wanted: list[str]) -> None:
    """Ask again until the answer is this one."""
    async with asyncio.timeout(10):
        async for found in _asked(names):
            if found == wanted:
                return


async def _asked(names: Names) -> AsyncIterator[list[str]]:
    while True:
        yield await names()
        await asyncio.sleep(0)


@pytest.mark.parametrize("retention", [None, 30 * DAY])
async def test_a_gateway_keeps_events_for_ever_or_as_long_as_it_is_told(
    tmp_path: Path, retention: float | None
) -> None:
    async with open_house(tmp_path) as house:
        token, organization_id = await house.token(), await house.organization_id()
        for n in (1, 2):
            body = notification(organization_id, number=n)
            assert await notify(house, body, event_id=f"evt_{n}") == 202
            house.clock.move(29 * DAY)

    async with open_house(
        tmp_path, clock=Clock(START + 31 * DAY), event_retention=retention
    ) as house:

        async def names() -> list[str]:
            found = await house.get(EVENTS, token=token)
            return [one["id"] for one in found.json()["events"]]

        await become(names, ["evt_1", "evt_2"] if retention is None else ["evt_2"])


async def test_what_a_gateway_still_owes_it_keeps(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        token, organization_id = await house.token(), await house.organization_id()
        made = await house.post(f"{BASE}/subscriptions/", {"url": PUBLIC}, token=token)
        disabled = await house.http.patch(
            f"{BASE}/subscriptions/{made.json()['id']}/",
            json={"enabled": False},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert disabled.status_code == 200
        owed = notification(organization_id, number=1)
        assert await notify(house, owed, event_id="evt_1") == 202
        relay = house.gateway.context.relay
        await relay.accept(Event("evt_2", "t", "case_2", None, b'{"id":"evt_2"}', "nobody"))

    async with open_house(tmp_path, clock=Clock(START + 90 * DAY), event_retention=DAY) as house:
        relay = house.gateway.context.relay

        async def others() -> list[str]:
            return [one.id for one in (await relay.feed("nobody")).events]

        await become(others, [])  # the sweep came by
        found = await house.get(EVENTS, token=token)
        assert [one["id"] for one in found.json()["events"]] == ["evt_1"]


@pytest.mark.parametrize("retention", [None, DAY])
async def test_a_portal_lets_go_of_what_the_gateway_has(
    tmp_path: Path, retention: float | None
) -> None:
    clock, captor = DeskClock(), Captor()
    first = Desk(make_settings(tmp_path), clock=clock, captor=captor)
    await first.portal.start()
    case_id = await first.create()
    await captor.first(1)
    await first.portal.stop()
    await first.http.aclose()

    clock.advance(90 * DAY)
    settings = attrs.evolve(make_settings(tmp_path), event_retention=retention)
    second = Desk(settings, clock=clock, captor=Captor(*[Retry("no connection")] * 9))
    await second.portal.start()

    async def known() -> list[str]:
        return [case_id] * second.notified(case_id)

    await become(known, [case_id] if retention is None else [])
    assert (await second.case(case_id))["status"] == "new"
    await second.portal.stop()
    await second.http.aclose()
