"""What a partner learns of its deliveries, and how it has them sent again: contract, section 5."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from fulfillment_sdk.relay import Relay
from fulfillment_sdk.server.gateway.subscriptions.delivery_ids import delivery_id
from fulfillment_sdk.store import StoreFuture
from fulfillment_sdk.store.future import settle
from fulfillment_sdk.times import format_time
from tests.integration.endpoints import a_server
from tests.integration.gateway.courier import Courier, open_courier
from tests.integration.gateway.parts import BASE, START, House
from tests.integration.gateway.test_subscriptions import notification, notify, subscribe

NOT_FOUND = {"error": "Not found"}


class Moods:
    """An endpoint whose answers are told beforehand, case by case; 202 where none is."""

    def __init__(self) -> None:
        self.answers: dict[str, list[int]] = {}
        self.came: list[str] = []

    async def handler(self, request: web.Request) -> web.StreamResponse:
        event_id = request.headers["webhook-id"]
        self.came.append(event_id)
        answers = self.answers.get(event_id, [])
        return web.Response(status=answers.pop(0) if answers else 202)


async def listed(courier: Courier, subscription: str, **query: str) -> list[dict[str, Any]]:
    """Return all pages of a list of deliveries."""
    items: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        page = await courier.house.get(
            f"{BASE}/subscriptions/{subscription}/deliveries/",
            token=courier.token,
            after=after,
            **query,
        )
        assert page.status_code == 200, page.text
        items += page.json()["items"]
        after = page.json()["next"]
    return items


async def ask(courier: Courier, path: str, body: object = None) -> httpx.Response:
    return await courier.house.post(f"{BASE}/{path}", body, token=courier.token)


async def one_of_each(courier: Courier, moods: Moods, subscription: str) -> None:
    """Have one event arrive, one be given up, and one wait for its next try."""
    moods.answers = {"evt_2": [500, 503], "evt_3": [503]}
    await courier.event(1, case="case_1")
    await courier.event(2, case="case_2")
    await courier.tried(subscription, 2)
    await courier.quiet()
    await courier.move(6)  # five seconds, and a fifth of them at most beside
    await courier.tried(subscription, 3)
    await courier.quiet()
    await courier.event(3, case="case_3")
    await courier.tried(subscription, 4)
    await courier.quiet()


async def test_each_delivery_has_its_state_and_every_attempt(tmp_path: Path) -> None:
    moods = Moods()
    async with (
        a_server(moods.handler) as port,
        open_courier(tmp_path, retry_schedule=(0.0, 5.0)) as courier,
    ):
        subscription = await courier.subscribe(f"http://127.0.0.1:{port}/")
        await one_of_each(courier, moods, subscription)
        pending = await listed(courier, subscription, state="pending")
        dead = await listed(courier, subscription, state="dead")
        delivered = await listed(courier, subscription, state="delivered")
        left = await listed(courier, subscription)

    assert [one["event_id"] for one in left] == ["evt_3", "evt_2"]
    assert left == [*pending, *dead]
    [arrived] = delivered
    assert list(arrived) == [
        "id",
        "event_id",
        "type",
        "case_id",
        "state",
        "why",
        "attempts",
        "due_at",
    ]
    assert arrived["id"] == delivery_id(subscription, "evt_1")
    assert (arrived["type"], arrived["case_id"]) == ("case.status_changed", "case_1")
    assert (arrived["state"], arrived["due_at"]) == ("delivered", None)
    assert [(one["attempt"], one["outcome"]) for one in arrived["attempts"]] == [(1, "delivered")]
    assert list(arrived["attempts"][0]) == ["attempt", "at", "seconds", "outcome", "why"]
    assert arrived["attempts"][0]["at"] == format_time(START)
    assert arrived["attempts"][0]["seconds"] >= 0

    [gone] = dead
    assert (gone["state"], gone["why"], gone["due_at"]) == ("dead", "HTTP 503", None)
    assert [(one["outcome"], one["why"]) for one in gone["attempts"]] == [
        ("retry", "HTTP 500"),
        ("dead", "HTTP 503"),
    ]
    [waits] = pending
    assert (waits["state"], waits["why"]) == ("pending", "HTTP 503")
    assert waits["due_at"] is not None
    assert [one["outcome"] for one in waits["attempts"]] == ["retry"]


async def test_long_lists_come_in_pages_with_nothing_twice_and_nothing_left_out(
    tmp_path: Path,
) -> None:
    moods = Moods()
    async with a_server(moods.handler) as port, open_courier(tmp_path) as courier:
        subscription = await courier.subscribe(f"http://127.0.0.1:{port}/")
        other = await courier.subscribe(f"http://127.0.0.1:{port}/")
        for number in range(1, 8):
            await courier.event(number, case=f"case_{number}")
        await courier.tried(subscription, 7)
        await courier.tried(other, 7)
        await courier.quiet()
        found = await listed(courier, subscription, state="delivered", limit="2")

    assert sorted(one["event_id"] for one in found) == [f"evt_{n}" for n in range(1, 8)]
    assert {one["id"] for one in found} == {
        delivery_id(subscription, f"evt_{n}") for n in range(1, 8)
    }


async def test_since_leaves_out_what_is_older(tmp_path: Path) -> None:
    moods = Moods()
    async with a_server(moods.handler) as port, open_courier(tmp_path) as courier:
        subscription = await courier.subscribe(f"http://127.0.0.1:{port}/")
        await courier.event(1, case="case_1")
        await courier.tried(subscription, 1)
        await courier.move(3600)
        await courier.event(2, case="case_2")
        await courier.tried(subscription, 2)
        since = format_time(START + 60)
        found = await listed(courier, subscription, state="delivered", since=since)
    assert [one["event_id"] for one in found] == ["evt_2"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"state": "gone"}, "state"),
        ({"state": ""}, "state"),
        ({"since": "yesterday"}, "since"),
        ({"after": "x"}, "after"),
        ({"after": "q_1"}, "after"),
        ({"limit": "201"}, "limit"),
    ],
)
async def test_what_cannot_be_asked_is_named(
    house: House, query: dict[str, str], field: str
) -> None:
    token = await house.token()
    created = await subscribe(house, token)
    path = f"{BASE}/subscriptions/{created['id']}/deliveries/"
    answer = await house.get(path, token=token, **query)
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": f"Invalid value for field: {field}"},
    )


async def test_a_test_event_is_listed_about_no_case(tmp_path: Path) -> None:
    moods = Moods()
    async with a_server(moods.handler) as port, open_courier(tmp_path) as courier:
        subscription = await courier.subscribe(f"http://127.0.0.1:{port}/")
        answer = await ask(courier, f"subscriptions/{subscription}/test/")
        await courier.tried(subscription, 1)
        [found] = await listed(courier, subscription, state="delivered")
    assert (found["event_id"], found["type"], found["case_id"]) == (
        answer.json()["event_id"],
        "subscription.test",
        None,
    )


# -- one again -----------------------------------------------------------------------------------


@pytest.mark.parametrize("short", [True, False])
async def test_a_delivery_is_sent_again_under_its_old_id(tmp_path: Path, short: bool) -> None:
    moods = Moods()
    async with (
        a_server(moods.handler) as port,
        open_courier(tmp_path, retry_schedule=(0.0,)) as courier,
    ):
        subscription = await courier.subscribe(f"http://127.0.0.1:{port}/")
        moods.answers = {"evt_1": [500]}
        await courier.event(1)
        await courier.tried(subscription, 1)
        await courier.quiet()
        [dead] = await listed(courier, subscription, state="dead")
        above = "" if short else f"subscriptions/{subscription}/"
        answer = await ask(courier, f"{above}deliveries/{dead['id']}/replay/")
        assert (answer.status_code, answer.json()) == (
            202,
            {"id": dead["id"], "state": "pending"},
        )
        await courier.tried(subscription, 2)
        await courier.quiet()
        assert moods.came == ["evt_1", "evt_1"]
        assert await listed(courier, subscription) == []
        [arrived] = await listed(courier, subscription, state="delivered")
        assert [one["outcome"] for one in arrived["attempts"]] == ["dead", "delivered"]

        # What has arrived may be asked for again as well, and is listed once all the same.
        again = await ask(courier, f"{above}deliveries/{dead['id']}/replay/")
        assert again.status_code == 202
        await courier.tried(subscription, 3)
        await courier.quiet()
        assert len(await listed(courier, subscription, state="delivered")) == 1


async def test_what_arrived_twice_is_listed_once_where_it_did_so_last(tmp_path: Path) -> None:
    moods = Moods()
    async with a_server(moods.handler) as port, open_courier(tmp_path) as courier:
        subscription = await courier.subscribe(f"http://127.0.0.1:{port}/")
        for number in (1, 2):
            await courier.event(number, case=f"case_{number}")
            await courier.tried(subscription, number)
            await courier.quiet()
            await courier.move(60)
        name = delivery_id(subscription, "evt_1")
        assert (await ask(courier, f"deliveries/{name}/replay/")).status_code == 202
        await courier.tried(subscription, 3)
        await courier.quiet()
        found = await listed(courier, subscription, state="delivered", limit="1")
    assert [one["event_id"] for one in found] == ["evt_2", "evt_1"]


async def test_what_is_on_its_way_already_may_be_asked_for_again(tmp_path: Path) -> None:
    moods = Moods()
    async with (
        a_server(moods.handler) as port,
        open_courier(tmp_path, retry_schedule=(0.0, 60.0)) as courier,
    ):
        subscription = await courier.subscribe(f"http://127.0.0.1:{port}/")
        moods.answers = {"evt_1": [500]}
        await courier.event(1)
        await courier.tried(subscription, 1)
        await courier.quiet()
        name = delivery_id(subscription, "evt_1")
        answers = [await ask(courier, f"deliveries/{name}/replay/") for _ in range(2)]
        assert [one.status_code for one in answers] == [202, 202]
        assert len(await listed(courier, subscription, state="pending")) == 1


async def test_what_is_no_delivery_of_ones_own_is_not_found(tmp_path: Path) -> None:
    async with open_courier(tmp_path) as courier:
        mine = await courier.subscribe("http://127.0.0.1:9/")
        second = await courier.subscribe("http://127.0.0.1:9/", events=["case.completed"])
        theirs = await courier.house.token("b@example.org", "Another")
        other = await courier.house.organization_id("Another")
        created = await subscribe(courier.house, theirs, url="http://127.0.0.1:9/")
        assert await notify(courier.house, notification(other), event_id="evt_1") == 202
        their = str(created["id"])
        for path in (
            f"deliveries/{delivery_id(their, 'evt_1')}/replay/",
            f"deliveries/{delivery_id(mine, 'evt_1')}/replay/",
            f"deliveries/{delivery_id(mine, 'evt_none')}/replay/",
            "deliveries/evt_1/replay/",
            f"subscriptions/{mine}/deliveries/{delivery_id(their, 'evt_1')}/replay/",
            f"subscriptions/{mine}/deliveries/{delivery_id(second, 'evt_1')}/replay/",
            f"subscriptions/{their}/deliveries/{delivery_id(their, 'evt_1')}/replay/",
            f"subscriptions/{their}/recover/",
        ):
            answer = await ask(courier, path, {"since": "2020-01-01T00:00:00Z"})
            assert (answer.status_code, answer.json()) == (404, NOT_FOUND), path


# -- since a time --------------------------------------------------------------------------------


async def test_what_was_given_up_since_a_time_is_sent_again(tmp_path: Path) -> None:
    moods = Moods()
    async with (
        a_server(moods.handler) as port,
        open_courier(tmp_path, retry_schedule=(0.0,)) as courier,
    ):
        subscription = await courier.subscribe(f"http://127.0.0.1:{port}/")
        moods.answers = {"evt_1": [500], "evt_2": [500]}
        for number in (1, 2, 3):
            await courier.event(number, case=f"case_{number}")
            await courier.tried(subscription, number)
            await courier.move(3600)
        await courier.quiet()
        since = {"since": format_time(START + 1800)}
        answer = await ask(courier, f"subscriptions/{subscription}/recover/", since)
        assert (answer.status_code, answer.json()) == (202, {"replayed": 1})
        await courier.tried(subscription, 4)
        await courier.quiet()
        assert moods.came == ["evt_1", "evt_2", "evt_3", "evt_2"]


async def test_all_of_it_means_what_has_arrived_too_by_the_subscriptions_own_filters(
    tmp_path: Path,
) -> None:
    moods = Moods()
    async with a_server(moods.handler) as port, open_courier(tmp_path) as courier:
        subscription = await courier.subscribe(
            f"http://127.0.0.1:{port}/", events=["case.status_changed"], statuses=["new"]
        )
        other = await courier.house.token("b@example.org", "Another")
        await subscribe(courier.house, other, url=f"http://127.0.0.1:{port}/")
        for number, status in ((1, "new"), (2, "allocated")):
            body = notification(
                courier.organization_id,
                number=number,
                case_id=f"case_{number}",
                new_status=status,
            )
            assert await notify(courier.house, body, event_id=f"evt_{number}") == 202
        theirs = notification(await courier.house.organization_id("Another"), number=3)
        assert await notify(courier.house, theirs, event_id="evt_3") == 202
        await courier.tried(subscription, 1)
        await courier.quiet()
        everything = {"since": "2020-01-01T00:00:00Z", "all": True}
        answer = await ask(courier, f"subscriptions/{subscription}/recover/", everything)
        assert (answer.status_code, answer.json()) == (202, {"replayed": 1})
        await courier.tried(subscription, 2)
        await courier.quiet()
        assert sorted(moods.came) == ["evt_1", "evt_1", "evt_3"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "Missing required field: since"),
        ({"since": None}, "Missing required field: since"),
        ({"since": 7}, "Invalid value for field: since"),
        ({"since": "yesterday"}, "Invalid value for field: since"),
        ({"since": "2025-02-30T00:00:00Z"}, "Invalid value for field: since"),
        ({"since": "2025-02-03T00:00:00Z", "all": "yes"}, "Invalid value for field: all"),
    ],
)
async def test_a_recovery_needs_a_time(house: House, body: dict[str, object], error: str) -> None:
    token = await house.token()
    created = await subscribe(house, token)
    path = f"{BASE}/subscriptions/{created['id']}/recover/"
    answer = await house.post(path, body, token=token)
    assert (answer.status_code, answer.json()) == (400, {"error": error})


async def test_one_recovery_at_a_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await house.token()
    created = await subscribe(house, token)
    path = f"{BASE}/subscriptions/{created['id']}/recover/"
    body = {"since": "2025-02-03T00:00:00Z"}
    held: StoreFuture[int] = StoreFuture()
    began = asyncio.Event()

    def wait(_relay: Relay, *_given: object, **_more: object) -> StoreFuture[int]:
        began.set()
        return held

    monkeypatch.setattr(Relay, "replay_many", wait)
    first = asyncio.create_task(house.post(path, body, token=token))
    await asyncio.wait_for(began.wait(), 10)
    second = await house.post(path, body, token=token)
    assert second.status_code == 429
    assert second.headers["retry-after"] == "5"
    held.set_running_or_notify_cancel()
    settle([(held, (3, None))])
    assert (await first).json() == {"replayed": 3}
    third = await house.post(path, body, token=token)
    assert third.status_code == 202
