"""Subscriptions and what reaches them: contract, sections 4 and 5."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from fulfillment_sdk import signing
from tests.integration.gateway.parts import (
    BASE,
    NOTIFY_SECRET,
    STAFF,
    START,
    Clock,
    House,
    open_house,
)

PUBLIC = "https://partner.example.org/hook"
NOTIFY = "/gateway/notifications/"


def notification(
    organization_id: str, *, number: int = 1, kind: str = "case.status_changed", **data: object
) -> bytes:
    event = {
        "id": f"evt_{number}",
        "type": kind,
        "version": "1",
        "timestamp": "2025-04-06T16:00:00.000000Z",
        "data": {
            "case_id": "case_1",
            "reference_number": "HL-CMS-000001",
            "organization_id": organization_id,
            "previous_status": None,
            "new_status": "new",
            "timestamp": "2025-04-06T16:00:00.000000Z",
            "sequence": number,
            "transition_id": f"trn_{number}",
            "actor": "partner",
            "reason": "created",
            "final": False,
            "message": "Case created",
            **data,
        },
    }
    return json.dumps(event).encode()


async def notify(
    house: House, body: bytes, *, event_id: str = "evt_1", secret: str = NOTIFY_SECRET
) -> int:
    headers = signing.headers([secret], event_id, int(house.clock()), body)
    headers["Content-Type"] = "application/json"
    return (await house.http.post(NOTIFY, content=body, headers=headers)).status_code


class Partner:
    """A partner's endpoint that keeps what arrives."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[tuple[dict[str, str], bytes]] = asyncio.Queue()
        self.statuses: list[int] = []
        self.url = ""

    async def hook(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        await self.arrived.put((headers, await request.read()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 202)

    async def next(self) -> tuple[dict[str, str], bytes]:
        return await asyncio.wait_for(self.arrived.get(), 10)


@asynccontextmanager
async def open_partner() -> AsyncIterator[Partner]:
    partner = Partner()
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_post("/hook", partner.hook)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    partner.url = f"http://{host}:{port}/hook"
    try:
        yield partner
    finally:
        await runner.cleanup()


async def subscribe(house: House, token: str, **body: object) -> dict[str, object]:
    answer = await house.post(f"{BASE}/subscriptions/", {"url": PUBLIC, **body}, token=token)
    assert answer.status_code == 201, answer.text
    created: dict[str, object] = answer.json()
    return created


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Ask again, over HTTP, until the relay has worked in its own time."""
    async with asyncio.timeout(10):
        async for met in _asked(condition):
            if met:
                return


async def _asked(condition: Callable[[], Awaitable[bool]]) -> AsyncIterator[bool]:
    while True:
        yield await condition()


async def test_the_secret_is_told_once(house: House) -> None:
    token = await house.token()
    created = await subscribe(house, token, events=["case.completed"], description="Intake")
    assert list(created) == [
        "id",
        "url",
        "events",
        "statuses",
        "description",
        "enabled",
        "disabled_why",
        "old_secret_expires_at",
        "created_at",
        "secret",
    ]
    secret = created.pop("secret")
    assert signing.check_secret(str(secret))
    assert created == {
        "id": created["id"],
        "url": PUBLIC,
        "events": ["case.completed"],
        "statuses": [],
        "description": "Intake",
        "enabled": True,
        "disabled_why": None,
        "old_secret_expires_at": None,
        "created_at": "2025-04-07T04:26:40.000000Z",
    }
    shown = await house.get(f"{BASE}/subscriptions/{created['id']}/", token=token)
    listed = await house.get(f"{BASE}/subscriptions/", token=token)
    assert shown.json() == created
    assert listed.json() == {"items": [created], "next": None}


async def test_a_secret_of_ones_own_is_taken(house: House) -> None:
    secret = signing.new_secret()
    created = await subscribe(house, await house.token(), secret=secret)
    assert created["secret"] == secret


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "Missing required field: url"),
        ({"url": None}, "Missing required field: url"),
        ({"url": 7}, "Invalid value for field: url"),
        ({"url": "partner"}, "Invalid value for field: url"),
        ({"url": "http://partner.example.org/"}, "Invalid value for field: url"),
        ({"url": "https://10.0.0.1/"}, "Invalid value for field: url"),
        ({"url": "https://[::ffff:127.0.0.1]/"}, "Invalid value for field: url"),
        ({"url": PUBLIC, "events": "case.completed"}, "Invalid value for field: events"),
        ({"url": PUBLIC, "events": ["a", 1]}, "Invalid value for field: events[1]"),
        ({"url": PUBLIC, "description": 1}, "Invalid value for field: description"),
        ({"url": PUBLIC, "secret": "short"}, "Invalid value for field: secret"),
        ({"url": PUBLIC, "secret": "whsec_c2hvcnQ="}, "Invalid value for field: secret"),
    ],
)
async def test_what_cannot_be_subscribed_is_named(
    house: House, body: dict[str, object], error: str
) -> None:
    answer = await house.post(f"{BASE}/subscriptions/", body, token=await house.token())
    assert (answer.status_code, answer.json()) == (400, {"error": error})


async def test_lists_go_by_after_and_limit(house: House) -> None:
    token = await house.token()
    ids = [(await subscribe(house, token))["id"] for _ in range(5)]
    seen: list[object] = []
    after: str | None = ""
    for _ in range(3):
        page = (
            await house.get(f"{BASE}/subscriptions/", token=token, limit="2", after=after or "")
        ).json()
        seen += [one["id"] for one in page["items"]]
        after = page["next"]
    assert seen == ids
    assert after is None
    for limit in ("0", "201", "x", "-1"):
        answer = await house.get(f"{BASE}/subscriptions/", token=token, limit=limit)
        assert answer.json() == {"error": "Invalid value for field: limit"}


async def test_another_organizations_subscription_is_a_404_of_the_same_text(house: House) -> None:
    owner, stranger = await house.token(), await house.token("b@example.org", "Another")
    created = await subscribe(house, owner)
    headers = {"Authorization": f"Bearer {stranger}"}
    for method in ("GET", "DELETE"):
        theirs, nobodys = [
            await house.http.request(method, f"{BASE}/subscriptions/{name}/", headers=headers)
            for name in (created["id"], "sub_none")
        ]
        assert (theirs.status_code, theirs.content) == (404, nobodys.content)
    assert (await house.get(f"{BASE}/subscriptions/", token=stranger)).json()["items"] == []
    assert (await house.get(f"{BASE}/subscriptions/{created['id']}/", token=owner)).is_success


async def test_a_subscription_can_be_changed_piece_by_piece(house: House) -> None:
    token = await house.token()
    created = await subscribe(house, token, description="desk")
    path = f"{BASE}/subscriptions/{created['id']}/"

    async def change(**body: object) -> dict[str, object]:
        answer = await house.http.patch(
            path, json=body, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 200, answer.text
        shown: dict[str, object] = answer.json()
        return shown

    other = "https://partner.example.org/other"
    assert (await change(url=other))["url"] == other
    assert (await change(events=["case.completed"]))["events"] == ["case.completed"]
    assert (await change(enabled=False))["enabled"] is False
    last = await change(enabled=True, description="")
    assert (last["enabled"], last["url"], last["description"]) == (True, other, "")
    assert "secret" not in last


@pytest.mark.parametrize(
    "body", [{"url": "ftp://x"}, {"events": "all"}, {"enabled": "yes"}, {"description": 1}]
)
async def test_a_change_that_cannot_be_made_is_named_and_changes_nothing(
    house: House, body: dict[str, object]
) -> None:
    token = await house.token()
    created = await subscribe(house, token)
    path = f"{BASE}/subscriptions/{created['id']}/"
    bearer = {"Authorization": f"Bearer {token}"}
    answer = await house.http.patch(path, json={"description": "new", **body}, headers=bearer)

    assert answer.status_code == 400
    assert next(iter(body)) in answer.json()["error"]
    assert (await house.get(path, token=token)).json()["description"] == ""


async def test_another_organizations_subscription_cannot_be_changed(house: House) -> None:
    created = await subscribe(house, await house.token())
    theirs = await house.token("b@example.org", "Another")
    answer = await house.http.patch(
        f"{BASE}/subscriptions/{created['id']}/",
        json={"enabled": False},
        headers={"Authorization": f"Bearer {theirs}"},
    )
    assert answer.status_code == 404


async def test_a_deleted_subscription_is_gone(house: House) -> None:
    token = await house.token()
    created = await subscribe(house, token)
    path, headers = f"{BASE}/subscriptions/{created['id']}/", {"Authorization": f"Bearer {token}"}
    answer = await house.http.delete(path, headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await house.http.delete(path, headers=headers)).status_code == 404


async def test_the_same_bytes_reach_the_partner_under_the_same_id_signed_anew(
    tmp_path: Path,
) -> None:
    async with open_partner() as partner, open_house(tmp_path, dev=True) as house:
        token = await house.token()
        created = await subscribe(house, token, url=partner.url)
        body = notification(await house.organization_id())
        assert await notify(house, body) == 202
        headers, arrived = await partner.next()
        assert arrived == body
        assert headers["webhook-id"] == "evt_1"
        assert headers["x-fulfillment-attempt"] == "1"
        assert headers["user-agent"].startswith("FulfillmentPortal/")
        verified = signing.verify(headers, arrived, secrets=[str(created["secret"])], now=START)
        assert verified.id == "evt_1"
        assert await notify(house, body) == 200
        assert partner.arrived.empty()


async def test_an_event_reaches_its_own_organizations_subscriptions_that_want_it(
    tmp_path: Path,
) -> None:
    async with open_partner() as partner, open_house(tmp_path, dev=True) as house:
        mine, theirs = await house.token(), await house.token("b@example.org", "Another")
        await subscribe(house, theirs, url=partner.url)
        await subscribe(house, mine, url=partner.url, events=["case.completed"])
        wanted = await subscribe(house, mine, url=partner.url, events=["case.status_changed"])
        assert await notify(house, notification(await house.organization_id())) == 202
        headers, body = await partner.next()
        verified = signing.verify(headers, body, secrets=[str(wanted["secret"])], now=START)
        assert verified.id == "evt_1"

        async def settled() -> bool:
            listed = await house.get("/admin/api/deliveries/", token=STAFF, state="delivered")
            return len(listed.json()["items"]) == 1

        await eventually(settled)
        assert partner.arrived.empty()


async def test_an_event_goes_to_the_subscriptions_that_exist_when_it_is_accepted(
    tmp_path: Path,
) -> None:
    async with (
        open_partner() as first,
        open_partner() as later,
        open_house(tmp_path, dev=True) as house,
    ):
        token = await house.token()
        organization = await house.organization_id()
        await subscribe(house, token, url=first.url)
        assert await notify(house, notification(organization)) == 202
        await subscribe(house, token, url=later.url)
        assert await notify(house, notification(organization, number=2), event_id="evt_2") == 202
        assert [(await first.next())[0]["webhook-id"] for _ in range(2)] == ["evt_1", "evt_2"]
        assert (await later.next())[0]["webhook-id"] == "evt_2"
        assert later.arrived.empty()


async def test_a_deactivated_organization_is_told_nothing_until_it_is_activated(
    tmp_path: Path,
) -> None:
    async with open_partner() as partner, open_house(tmp_path, dev=True) as house:
        mine, theirs = await house.token(), await house.token("b@example.org", "Another")
        await subscribe(house, mine, url=partner.url)
        other = await subscribe(house, theirs, url=partner.url)
        organization_id = await house.organization_id()
        await house.act("deactivate")
        assert await notify(house, notification(organization_id)) == 202
        later = notification(await house.organization_id("Another"), number=2)
        assert await notify(house, later, event_id="evt_2") == 202
        headers, body = await partner.next()
        verified = signing.verify(headers, body, secrets=[str(other["secret"])], now=START)
        assert verified.id == "evt_2"
        assert partner.arrived.empty()

        await house.act("activate")
        headers, _ = await partner.next()
        assert headers["webhook-id"] == "evt_1"


async def test_a_dead_delivery_is_listed_with_its_cause_and_replayed(tmp_path: Path) -> None:
    async with (
        open_partner() as partner,
        open_house(tmp_path, dev=True, retry_schedule=(0.0,)) as house,
    ):
        partner.statuses = [500]
        token = await house.token()
        created = await subscribe(house, token, url=partner.url)
        assert await notify(house, notification(await house.organization_id())) == 202
        await partner.next()
        dead: list[dict[str, object]] = []

        async def is_dead() -> bool:
            listed = await house.get("/admin/api/deliveries/", token=STAFF, state="dead")
            dead[:] = listed.json()["items"]
            return bool(dead)

        await eventually(is_dead)
        assert dead[0]["subscription_id"] == created["id"]
        assert dead[0]["event_id"] == "evt_1"
        assert dead[0]["why"] == "HTTP 500"
        replayed = await house.post(f"/admin/api/deliveries/{dead[0]['id']}/replay/", token=STAFF)
        assert replayed.status_code == 202
        headers, _ = await partner.next()
        assert headers["webhook-id"] == "evt_1"


@pytest.mark.parametrize("name", ["nothing", "dlv_W10", "dlv_WyJhIiwiYiJd"])
async def test_what_is_no_delivery_cannot_be_replayed(house: House, name: str) -> None:
    answer = await house.post(f"/admin/api/deliveries/{name}/replay/", token=STAFF)
    assert answer.status_code == 404


async def test_a_notification_is_stored_whoever_has_subscribed(house: House) -> None:
    body = notification("nobody-we-know", kind="case.invented")
    assert await notify(house, body) == 202
    assert await notify(house, body) == 200


@pytest.mark.parametrize(
    ("secret", "shift", "status"),
    [
        ("whsec_" + "b3RoZXI" * 6, 0, 401),
        (NOTIFY_SECRET, 301, 401),
        (NOTIFY_SECRET, -301, 401),
        (NOTIFY_SECRET, 300, 202),
    ],
)
async def test_a_notification_must_be_signed_and_fresh(
    house: House, secret: str, shift: int, status: int
) -> None:
    body = notification("org")
    headers = signing.headers([secret], "evt_1", int(START) + shift, body)
    headers["Content-Type"] = "application/json"
    answer = await house.http.post(NOTIFY, content=body, headers=headers)
    assert answer.status_code == status


async def test_an_unsigned_notification_is_a_401_and_another_type_a_415(house: House) -> None:
    body = notification("org")
    plain = await house.http.post(NOTIFY, json={})
    assert plain.status_code == 401
    headers = signing.headers([NOTIFY_SECRET], "evt_1", int(START), body)
    answer = await house.http.post(NOTIFY, content=body, headers=headers)
    assert answer.status_code == 415


async def test_a_retired_notify_secret_still_counts(tmp_path: Path) -> None:
    old, new = signing.new_secret(), signing.new_secret()
    async with open_house(tmp_path, notify_secrets=(new, old)) as house:
        assert await notify(house, notification("org"), secret=old) == 202
        assert (
            await notify(house, notification("org", number=2), event_id="evt_2", secret=new) == 202
        )


async def test_more_than_sixteen_mebibytes_are_refused(house: House) -> None:
    headers = {"Content-Type": "application/json"}
    body = b" " * (16 * 1024 * 1024 + 1)
    assert (await house.http.post(NOTIFY, content=body, headers=headers)).status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        b"no json",
        b"[]",
        b"{}",
        b'{"id":"evt_1"}',
        notification("org", number=2),
        notification(""),
        notification("org", case_id="x\0y"),
        notification("org", kind="case." + "x" * 300),
        notification("org", sequence=10**30),
        notification("org", sequence=-1),
        b'{"id":"evt_1","type":"case.status_changed","data":{"organization_id":"org"}}',
    ],
)
async def test_what_is_rightly_signed_and_cannot_be_routed_is_put_aside_with_a_202(
    house: House, body: bytes
) -> None:
    assert await notify(house, body) == 202
    assert await notify(house, body) == 202


async def test_one_id_with_other_bytes_is_taken_and_delivered_once(tmp_path: Path) -> None:
    async with open_partner() as partner, open_house(tmp_path, dev=True) as house:
        await subscribe(house, await house.token(), url=partner.url)
        organization = await house.organization_id()
        assert await notify(house, notification(organization)) == 202
        assert await notify(house, notification(organization, reason="other")) == 202
        await partner.next()
        assert partner.arrived.empty()


async def test_an_unknown_type_with_fields_of_its_own_is_routed_all_the_same(
    tmp_path: Path,
) -> None:
    async with open_partner() as partner, open_house(tmp_path, dev=True) as house:
        await subscribe(house, await house.token(), url=partner.url)
        organization = await house.organization_id()
        body = notification(organization, kind="case.weighed", final="nearly", sequence="heavy")
        assert await notify(house, body) == 202
        assert (await partner.next())[1] == body


async def test_subscriptions_and_what_is_pending_survive_a_restart(tmp_path: Path) -> None:
    clock = Clock()
    async with open_partner() as partner:
        partner.statuses = [503]
        async with open_house(tmp_path, dev=True, retry_schedule=(0, 0.2), clock=clock) as house:
            await subscribe(house, await house.token(), url=partner.url)
            assert await notify(house, notification(await house.organization_id())) == 202
            await partner.next()
        clock.move(60)
        async with open_house(tmp_path, dev=True, retry_schedule=(0, 0.2), clock=clock):
            headers, _ = await partner.next()
            assert headers["x-fulfillment-attempt"] == "2"


async def test_a_portal_that_signs_with_another_secret_is_logged_with_the_settings_name(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    assert await notify(house, notification("org_1"), secret=signing.new_secret()) == 401
    assert "must share a secret in FULFILLMENT_NOTIFY_SECRETS" in caplog.text
    assert "whsec_" not in caplog.text
