"""How often staff may call, and whoever has no good token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import pytest_asyncio

from tests.integration.portal.desk import Captor, Clock, Desk, make_settings, order

TOO_MANY = {"status": "error", "message": "Too many requests"}


@pytest_asyncio.fixture
async def busy(tmp_path: Path, clock: Clock, captor: Captor) -> AsyncIterator[Desk]:
    """A portal where two calls a minute are enough."""
    settings = attrs.evolve(make_settings(tmp_path), call_rate=2, dev=False)
    desk = Desk(settings, clock=clock, captor=captor)
    await desk.portal.start()
    async with desk.http:
        yield desk
    await desk.portal.stop()


async def test_each_person_has_a_limit_and_is_told_when_to_go_on(busy: Desk, clock: Clock) -> None:
    other = await busy.token("ops")
    clock.advance(20)
    assert (await busy.get("cases/")).status_code == 200
    refused = await busy.get("cases/")
    assert (refused.status_code, refused.json()) == (429, TOO_MANY)
    assert refused.headers["Retry-After"] == "40"
    assert (await busy.get("cases/", token=other)).status_code == 200
    clock.advance(40)
    assert (await busy.get("cases/")).status_code == 200


async def test_many_refused_tokens_become_a_429_and_a_good_one_is_still_good(busy: Desk) -> None:
    statuses = [(await busy.get("cases/", token="forged")).status_code for _ in range(61)]
    assert statuses == [401] * 60 + [429]
    assert (await busy.get("cases/")).status_code == 200


async def test_the_gateway_is_not_counted_by_the_portal(busy: Desk) -> None:
    for number in range(5):
        assert (await busy.intake(order(f"int_{number}"))).status_code == 201
