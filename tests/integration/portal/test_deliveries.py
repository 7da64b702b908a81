"""Notifications are delayed, never lost (contract, section 4)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from fulfillment_sdk.relay import Reject, Retry
from tests.integration.portal.desk import Captor, Clock, Desk, make_settings


async def test_what_the_gateway_has_is_listed_as_delivered(desk: Desk, captor: Captor) -> None:
    case_id = await desk.create()
    [event] = await captor.first(1)
    [delivery] = await settled(desk)
    assert (delivery["id"], delivery["case_id"]) == (event.id, case_id)
    assert (delivery["state"], delivery["attempts"]) == ("delivered", 1)
    for state in ("pending", "dead"):
        assert (await desk.get("deliveries/", state=state)).json()["items"] == []


@pytest.mark.parametrize(
    "outcome", [Retry("no connection"), Reject("HTTP 400"), Reject("HTTP 410", True)]
)
async def test_whatever_the_gateway_says_the_notification_waits_and_goes_out_later(
    tmp_path: Path, outcome: Retry | Reject
) -> None:
    clock, captor = Clock(), Captor(outcome)
    desk = Desk(make_settings(tmp_path), clock=clock, captor=captor)
    await desk.portal.start()
    await desk.create()
    [delivery] = await settled(desk, "pending")
    assert delivery["attempts"] == 1
    assert delivery["why"] == outcome.why
    clock.advance(60)
    assert (await captor.first(1))[0].message == "Case created"
    await desk.portal.stop()
    await desk.http.aclose()


async def test_a_restarted_portal_goes_on_where_it_was(tmp_path: Path) -> None:
    clock, down = Clock(), Captor(*[Retry("no connection")] * 50)
    first = Desk(make_settings(tmp_path), clock=clock, captor=down)
    await first.portal.start()
    await first.hire()
    await first.drive(await first.create(), "qc_passed")
    await first.portal.stop()
    await first.http.aclose()
    assert down.bodies == []
    clock.advance(120)
    up = Captor()
    second = Desk(make_settings(tmp_path), clock=clock, captor=up)
    await second.portal.start()
    assert [event.sequence for event in await up.first(6)] == [1, 2, 3, 4, 5, 6]
    await second.portal.stop()
    await second.http.aclose()


async def test_a_delivered_notification_goes_out_again_under_its_id(
    desk: Desk, captor: Captor
) -> None:
    await desk.create()
    [event] = await captor.first(1)
    await settled(desk)
    answer = await desk.post(f"deliveries/{event.id}/replay/")
    assert answer.status_code == 202
    first, again = await captor.tried(2)
    assert (again.id, again.body) == (first.id, first.body) == (event.id, captor.bodies[0])


async def test_only_ops_and_admins_replay(desk: Desk) -> None:
    for role, status in (("qc", 403), ("ops", 404)):
        token = await desk.token(role)
        answer = await desk.post("deliveries/evt_unheard_of/replay/", token=token)
        assert answer.status_code == status


async def test_a_state_that_does_not_exist_is_a_bad_request(desk: Desk) -> None:
    assert (await desk.get("deliveries/", state="lost")).status_code == 400


async def test_a_made_up_cursor_is_a_bad_request(desk: Desk) -> None:
    for state in ("pending", "delivered"):
        answer = await desk.get("deliveries/", state=state, after="p_1_x")
        assert answer.status_code == 400


async def test_the_list_pages(desk: Desk, captor: Captor) -> None:
    for _ in range(3):
        await desk.create()
    await captor.first(3)
    await settled(desk, count=3)
    first = (await desk.get("deliveries/", state="delivered", limit="2")).json()
    rest = (await desk.get("deliveries/", state="delivered", limit="2", after=first["next"])).json()
    assert len(first["items"]) == 2
    assert len({each["id"] for each in first["items"] + rest["items"]}) == 3
    assert rest["next"] is None


async def settled(desk: Desk, state: str = "delivered", *, count: int = 1) -> list[dict[str, Any]]:
    """Return the deliveries of a state once so many of them were tried and recorded."""
    async with asyncio.timeout(20):
        while True:
            items = (await desk.get("deliveries/", state=state)).json()["items"]
            tried: list[dict[str, Any]] = [each for each in items if each["attempts"]]
            if len(tried) >= count:
                return tried
