"""The gateway's administration: contract, section 7."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.gateway.parts import (
    ORGANIZATION,
    OWNER,
    STAFF,
    Clock,
    House,
    open_house,
)


async def test_organizations_are_listed_with_their_addresses(house: House) -> None:
    await house.token()
    listed = (await house.get("/admin/api/organizations/", token=STAFF)).json()
    assert listed["next"] is None
    (one,) = listed["items"]
    assert (one["name"], one["state"]) == (ORGANIZATION, "active")
    assert [(email["email"], email["role"]) for email in one["emails"]] == [(OWNER, "owner")]
    assert one["created_at"] == "2025-04-07T04:26:40.000000Z"


async def test_organizations_are_paged_and_picked_by_state(house: House) -> None:
    for number in range(3):
        await house.token(f"a{number}@example.org", f"Organization {number}")
    await house.act("deactivate", "Organization 1")
    first = (await house.get("/admin/api/organizations/", token=STAFF, limit="2")).json()
    rest = (
        await house.get("/admin/api/organizations/", token=STAFF, limit="2", after=first["next"])
    ).json()
    names = {one["name"] for one in first["items"] + rest["items"]}
    assert names == {"Organization 0", "Organization 1", "Organization 2"}
    assert rest["next"] is None
    gone = (await house.get("/admin/api/organizations/", token=STAFF, state="deactivated")).json()
    assert [one["name"] for one in gone["items"]] == ["Organization 1"]
    wrong = await house.get("/admin/api/organizations/", token=STAFF, state="odd")
    assert wrong.status_code == 400


@pytest.mark.parametrize(
    ("actions", "statuses"),
    [
        (("approve",), (200,)),
        (("approve", "approve"), (200, 200)),
        (("activate",), (409,)),
        (("deactivate", "approve"), (200, 409)),
        (("deactivate", "deactivate", "activate"), (200, 200, 200)),
        (("delete",), (404,)),
    ],
)
async def test_only_the_steps_that_make_sense_are_taken(
    tmp_path: Path, actions: tuple[str, ...], statuses: tuple[int, ...]
) -> None:
    async with open_house(tmp_path, registration="approval") as house:
        await house.ask()
        await house.verify(house.code())
        assert tuple([(await house.act(one)).status_code for one in actions]) == statuses


async def test_an_unknown_organization_is_a_404(house: House) -> None:
    answer = await house.post("/admin/api/organizations/none/approve/", token=STAFF)
    assert answer.status_code == 404


async def test_a_partners_token_opens_no_administration(house: House) -> None:
    token = await house.token()
    assert (await house.get("/admin/api/organizations/", token=token)).status_code == 401


async def test_an_unknown_state_of_deliveries_is_refused(house: House) -> None:
    assert (await house.get("/admin/api/deliveries/", token=STAFF, state="odd")).status_code == 400


@pytest.mark.parametrize("state", ["pending", "delivered"])
async def test_a_made_up_cursor_of_deliveries_is_refused(house: House, state: str) -> None:
    listed = await house.get("/admin/api/deliveries/", token=STAFF, state=state, after="p_1_x")
    assert listed.status_code == 400


async def test_starting_twice_on_one_store_keeps_what_is_there(tmp_path: Path) -> None:
    clock = Clock()
    async with open_house(tmp_path, clock=clock) as house:
        first = await house.token()
    async with open_house(tmp_path, clock=clock) as house:
        listed = await house.get("/api/webhook/webform/subscriptions/", token=first)
        assert listed.status_code == 200


async def test_a_store_that_cannot_be_used_is_a_reason_not_to_be_ready(tmp_path: Path) -> None:
    async with open_house(tmp_path, dev=True) as house:
        live = house.gateway.context.live
        assert live is not None
        assert (await house.http.get("/readyz")).status_code == 200
        await live.pulse.feel()  # the one at the start is behind us with this
        live.pulse.problem = "The disk is full"
        told = await house.http.get("/readyz")
    assert told.status_code == 503
    assert told.json()["problems"] == ["gateway: The disk is full"]
