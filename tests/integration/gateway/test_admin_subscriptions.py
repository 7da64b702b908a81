"""An administrator's hold on one subscription: contract, sections 4 and 7."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from starlette.requests import Request

from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.identity.bearer import Principal, principal
from fulfillment_sdk.server.gateway.subscriptions import calls as subscriptions
from tests.integration.gateway.courier import open_courier
from tests.integration.gateway.parts import BASE, OWNER, STAFF, House, Post, open_house
from tests.integration.gateway.test_disabling import a_partner, all_told, kept
from tests.integration.gateway.test_notices import Slot
from tests.integration.gateway.test_subscriptions import PUBLIC, subscribe


async def test_disabled_it_gets_nothing_its_owner_is_told_and_its_events_are_kept(
    tmp_path: Path,
) -> None:
    async with a_partner() as partner, open_courier(tmp_path) as courier:
        partner.status = 202
        house = courier.house
        subscription = await courier.subscribe(partner.url, description="our case desk")
        answer = await house.post(f"/admin/api/subscriptions/{subscription}/disable/", token=STAFF)
        assert (answer.status_code, answer.json()) == (
            200,
            {
                "id": subscription,
                "organization_id": courier.organization_id,
                "enabled": False,
                "disabled_why": "disabled by an administrator",
            },
        )
        await courier.event(1, sequence=1)
        await courier.event(2, sequence=2)
        await courier.quiet()
        assert partner.count == 0
        assert await kept(courier, subscription) == [("evt_1", "pending"), ("evt_2", "pending")]
        assert await all_told(courier, subscription) == [OWNER]
        [(_, mail)] = [one for one in house.sent if subscription in one[1]]
        assert "disabled by an administrator" in mail
        assert "our case desk" in mail
        assert "PATCH" not in mail
        assert partner.url not in mail

        answer = await house.post(f"/admin/api/subscriptions/{subscription}/enable/", token=STAFF)
        assert (answer.status_code, answer.json()["enabled"]) == (200, True)
        made = await courier.tried(subscription, 2)
        assert [one.event_id for one in made] == ["evt_1", "evt_2"]


async def test_its_owner_cannot_undo_it_but_can_see_and_change_the_rest(house: House) -> None:
    token = await house.token()
    created = await subscribe(house, token)
    path, bearer = f"{BASE}/subscriptions/{created['id']}/", {"Authorization": f"Bearer {token}"}
    await house.post(f"/admin/api/subscriptions/{created['id']}/disable/", token=STAFF)
    answer = await house.http.patch(path, json={"enabled": True}, headers=bearer)
    assert (answer.status_code, answer.json()) == (
        409,
        {"error": "Subscription was disabled by an administrator"},
    )
    for body in ({"enabled": False}, {"description": "desk"}):
        changed = await house.http.patch(path, json=body, headers=bearer)
        assert changed.status_code == 200
        assert changed.json()["disabled_why"] == "disabled by an administrator"


async def test_twice_is_once_and_one_mail(tmp_path: Path) -> None:
    slot = Slot()
    async with open_house(tmp_path, mailer=slot) as house:
        created = await subscribe(house, await house.token())
        path = f"/admin/api/subscriptions/{created['id']}"
        answers = [await house.post(f"{path}/disable/", token=STAFF) for _ in range(2)]
        assert answers[0].json() == answers[1].json()
        async with asyncio.timeout(10):
            await slot.came.wait()
        answers = [await house.post(f"{path}/enable/", token=STAFF) for _ in range(2)]
        assert [one.json()["enabled"] for one in answers] == [True, True]
    assert len(slot.notices) == 1


async def test_what_its_owner_switched_off_is_no_news_to_it(tmp_path: Path) -> None:
    post = Post([])
    async with open_house(tmp_path, mailer=post) as house:
        token = await house.token()
        created = await subscribe(house, token)
        path = f"{BASE}/subscriptions/{created['id']}/"
        bearer = {"Authorization": f"Bearer {token}"}
        answer = await house.http.patch(path, json={"enabled": False}, headers=bearer)
        assert answer.json()["disabled_why"] == "disabled by its owner"
        before = len(post.sent)
        answer = await house.post(f"/admin/api{path.removeprefix(BASE)}enable/", token=STAFF)
        assert answer.json()["enabled"] is True
        assert len(post.sent) == before


async def test_while_its_organization_is_deactivated_it_cannot_be_enabled(house: House) -> None:
    created = await subscribe(house, await house.token())
    path = f"/admin/api/subscriptions/{created['id']}"
    await house.post(f"{path}/disable/", token=STAFF)
    await house.act("deactivate")
    answer = await house.post(f"{path}/enable/", token=STAFF)
    assert (answer.status_code, answer.json()) == (409, {"error": "Organization is deactivated"})
    await house.act("activate")
    assert (await house.post(f"{path}/enable/", token=STAFF)).status_code == 200


async def test_what_an_administrator_disabled_stays_so_when_its_organization_comes_back(
    house: House,
) -> None:
    created = await subscribe(house, await house.token())
    await house.act("deactivate")
    await house.post(f"/admin/api/subscriptions/{created['id']}/disable/", token=STAFF)
    await house.act("activate")
    shown = await house.get(f"{BASE}/subscriptions/{created['id']}/", token=await house.token())
    assert (shown.json()["enabled"], shown.json()["disabled_why"]) == (
        False,
        "disabled by an administrator",
    )


@pytest.mark.parametrize("action", ["disable", "enable"])
async def test_it_takes_the_staff_token_and_a_subscription(house: House, action: str) -> None:
    token = await house.token()
    created = await subscribe(house, token)
    path = f"/admin/api/subscriptions/{created['id']}/{action}/"
    assert (await house.post(path, token=token)).status_code == 401
    assert (await house.post(path)).status_code == 401
    unknown = await house.post(f"/admin/api/subscriptions/sub_none/{action}/", token=STAFF)
    assert (unknown.status_code, unknown.json()) == (404, {"error": "Not found"})


async def test_none_is_enabled_or_made_once_its_organization_is_deactivated(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await house.token()
    created = await subscribe(house, token)
    bearer = {"Authorization": f"Bearer {token}"}
    path = f"{BASE}/subscriptions/{created['id']}/"
    await house.http.patch(path, json={"enabled": False}, headers=bearer)

    async def overtaken(context: Context, request: Request) -> Principal:
        """The organisation is active when the call begins, and no more when it writes."""
        await house.act("activate")
        who = await principal(context, request)
        await house.act("deactivate")
        return who

    monkeypatch.setattr(subscriptions, "principal", overtaken)
    enabled = await house.http.patch(path, json={"enabled": True}, headers=bearer)
    made = await house.post(f"{BASE}/subscriptions/", {"url": PUBLIC}, token=token)
    assert [enabled.status_code, made.status_code] == [403, 403]
    context = house.gateway.context
    kept = await context.store.read(context.relay.list_destinations)
    assert [one.enabled for one in kept] == [False]
