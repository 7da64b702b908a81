"""When a subscription is disabled, and what becomes of its events (contract, section 4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from tests.integration.endpoints import a_server
from tests.integration.gateway.courier import Courier, open_courier
from tests.integration.gateway.parts import BASE, OWNER

DAYS = 5 * 86_400.0
SUBJECT = "Your webhook subscription was disabled"


class Partner:
    """An endpoint that answers with `status`, and counts."""

    def __init__(self) -> None:
        self.status = 500
        self.url = ""
        self.count = 0

    async def handler(self, _request: web.Request) -> web.StreamResponse:
        self.count += 1
        return web.Response(status=self.status)


@asynccontextmanager
async def a_partner() -> AsyncIterator[Partner]:
    partner = Partner()
    async with a_server(partner.handler) as port:
        partner.url = f"http://127.0.0.1:{port}/hook"
        yield partner


async def all_told(courier: Courier, subscription: str) -> list[str]:
    """Wait until the mails about a disabled subscription are out; return to whom they went."""

    async def is_marked() -> bool:
        return "told" in (await courier.destination(subscription)).settings

    await courier.until(is_marked)
    return told(courier, subscription)


def told(courier: Courier, subscription: str) -> list[str]:
    return [
        to for to, text in courier.house.sent if text.startswith(SUBJECT) and subscription in text
    ]


async def kept(courier: Courier, subscription: str) -> list[tuple[str, str]]:
    return [(one.event_id, one.state) for one in await courier.undelivered(subscription)]


@pytest.mark.parametrize("hours", [3, 12])
async def test_after_five_days_and_twenty_attempts_without_a_success_it_is_disabled(
    tmp_path: Path, hours: int
) -> None:
    schedule = (0.0, *[hours * 3600.0] * 100)
    async with a_partner() as partner, open_courier(tmp_path, retry_schedule=schedule) as courier:
        subscription = await courier.subscribe(partner.url)
        await courier.event(1)
        await courier.event(2)
        async for _ in courier.run_on():
            made = await courier.attempts(subscription)
            long = made[-1].at - made[0].at >= DAYS and len(made) >= 20
            assert await courier.is_enabled(subscription) is not long

        made = await courier.attempts(subscription)
        assert partner.count == len(made) >= 20
        if hours == 12:
            assert len(made) == 20, "the attempts decide: they take more than five days"
        else:
            assert made[-1].at - made[0].at < DAYS + 4 * 3600, "the days decide"
        assert await all_told(courier, subscription) == [OWNER]

        # Its events are kept, also those that come now, and nothing is sent.
        await courier.event(3)
        await courier.move(DAYS)
        await courier.quiet()
        assert await kept(courier, subscription) == [
            ("evt_1", "pending"),
            ("evt_2", "pending"),
            ("evt_3", "pending"),
        ]
        assert partner.count == len(made)

        # Enabled again it gets them, in order.
        partner.status = 202
        answer = await courier.house.http.patch(
            f"{BASE}/subscriptions/{subscription}/",
            json={"enabled": True},
            headers={"Authorization": f"Bearer {courier.token}"},
        )
        assert answer.json()["enabled"] is True
        again = (await courier.tried(subscription, len(made) + 3))[len(made) :]
        assert [(one.event_id, one.outcome) for one in again] == [
            (event_id, "delivered") for event_id in ("evt_1", "evt_2", "evt_3")
        ]


async def test_one_success_in_between_and_the_days_begin_anew(tmp_path: Path) -> None:
    schedule = (0.0, *[6 * 3600.0] * 100)
    async with a_partner() as partner, open_courier(tmp_path, retry_schedule=schedule) as courier:
        subscription = await courier.subscribe(partner.url)
        await courier.event(1)
        for number in (2, 3, 4):
            begun = courier.clock.now
            async for now in courier.run_on():
                if now - begun > 0.9 * DAYS:
                    break
            partner.status = 202
            async for _ in courier.run_on():
                pass
            partner.status = 500
            await courier.event(number)
        assert len(await courier.attempts(subscription)) > 40
        assert await courier.is_enabled(subscription)
        assert told(courier, subscription) == []


async def test_dead_letters_count_too_and_stay_to_be_replayed(tmp_path: Path) -> None:
    # Two tries an event, then the next one: no event lives for five days.
    async with (
        a_partner() as partner,
        open_courier(tmp_path, retry_schedule=(12 * 3600.0, 12 * 3600.0)) as courier,
    ):
        subscription = await courier.subscribe(partner.url)
        for number in range(1, 21):
            await courier.event(number)
            async for _ in courier.run_on():
                pass
            if not await courier.is_enabled(subscription):
                break
        assert len(await courier.attempts(subscription)) == 20
        states = dict(await kept(courier, subscription))
        assert set(states.values()) == {"dead"}
        assert len(states) == 10
        assert len(await courier.listed("dead")) == 10


async def test_gone_disables_at_once_and_what_waits_is_kept(tmp_path: Path) -> None:
    async with a_partner() as partner, open_courier(tmp_path) as courier:
        partner.status = 410
        subscription = await courier.subscribe(partner.url)
        other = await courier.subscribe(partner.url, events=["case.completed"])
        await courier.event(1)
        await courier.event(2)
        await courier.tried(subscription, 1)
        await courier.move(DAYS)
        await courier.quiet()
        assert partner.count == 1
        assert not await courier.is_enabled(subscription)
        assert await courier.is_enabled(other), "it has said nothing yet"
        assert await kept(courier, subscription) == [("evt_1", "pending"), ("evt_2", "pending")]
        assert told(courier, subscription) == [OWNER]
        assert told(courier, other) == []
