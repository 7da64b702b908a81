"""New secrets, test events, filters by status, the limit: contract, section 5."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from fulfillment_sdk import signing
from fulfillment_sdk.errors import SignatureError
from fulfillment_sdk.plugins.webhooks.live_secrets import LiveSecret, read_secrets
from fulfillment_sdk.relay import Destination, Relay
from fulfillment_sdk.server.gateway.subscriptions import actions as subscription_actions
from fulfillment_sdk.server.gateway.subscriptions.secrets import rotated
from tests.integration.endpoints import a_server
from tests.integration.gateway.courier import Courier, open_courier
from tests.integration.gateway.parts import BASE, House, open_house
from tests.integration.gateway.test_subscriptions import (
    PUBLIC,
    notification,
    notify,
    open_partner,
    subscribe,
)
from tests.postgres import server

DAY = 86_400.0


async def call(
    house: House, token: str, subscription: object, name: str, body: object = None
) -> httpx.Response:
    return await house.post(f"{BASE}/subscriptions/{subscription}/{name}/", body, token=token)


def matches(headers: dict[str, str], body: bytes, secret: object, now: float) -> bool:
    try:
        signing.verify(headers, body, secrets=[str(secret)], now=now)
    except SignatureError:
        return False
    return True


# -- a new secret --------------------------------------------------------------------------------


async def test_both_secrets_sign_for_24_hours_and_then_the_new_one_alone(tmp_path: Path) -> None:
    async with open_partner() as partner, open_house(tmp_path, dev=True) as house:
        token = await house.token()
        created = await subscribe(house, token, url=partner.url)
        organization = await house.organization_id()
        turned = await call(house, token, created["id"], "rotate-secret")
        assert turned.status_code == 200
        assert turned.headers["cache-control"] == "no-store"
        assert list(turned.json()) == ["secret", "old_secret_expires_at"]
        assert turned.json()["old_secret_expires_at"] == "2025-04-08T04:26:40.000000Z"
        old, new = created["secret"], turned.json()["secret"]

        signs: list[tuple[bool, bool]] = []
        for number, moved in ((1, 0.0), (2, DAY - 1), (3, 1.0)):
            house.clock.move(moved)
            body = notification(organization, number=number, case_id=f"case_{number}")
            assert await notify(house, body, event_id=f"evt_{number}") == 202
            headers, arrived = await partner.next()
            while headers["webhook-id"] != f"evt_{number}":
                # The clock went on before the last answer was noted: sent again, as it should be.
                headers, arrived = await partner.next()
            signs.append(
                (
                    matches(headers, arrived, old, house.clock()),
                    matches(headers, arrived, new, house.clock()),
                )
            )
            count = len(headers["webhook-signature"].split(" "))
            assert count == sum(signs[-1]), "no other signature goes out"
    assert signs == [(True, True), (True, True), (False, True)]


async def test_what_a_rotation_is_at_is_shown_and_no_secret(house: House) -> None:
    token = await house.token()
    created = await subscribe(house, token)
    path = f"{BASE}/subscriptions/{created['id']}/"
    turned = (await call(house, token, created["id"], "rotate-secret")).json()
    shown = await house.get(path, token=token)
    assert shown.json()["old_secret_expires_at"] == turned["old_secret_expires_at"]
    assert "whsec_" not in shown.text
    house.clock.move(DAY)
    shown = await house.get(path, token=token)
    assert shown.json()["old_secret_expires_at"] is None


async def test_a_secret_of_ones_own_makes_the_call_safe_to_repeat(house: House) -> None:
    token = await house.token()
    created = await subscribe(house, token)
    mine = {"secret": signing.new_secret()}
    first = await call(house, token, created["id"], "rotate-secret", mine)
    house.clock.move(60)
    second = await call(house, token, created["id"], "rotate-secret", mine)
    assert first.json() == second.json()
    assert first.json()["secret"] == mine["secret"]


@pytest.mark.parametrize("secret", ["short", 7, "whsec_c2hvcnQ="])
async def test_a_secret_that_cannot_sign_is_refused_and_changes_nothing(
    house: House, secret: object
) -> None:
    token = await house.token()
    created = await subscribe(house, token)
    answer = await call(house, token, created["id"], "rotate-secret", {"secret": secret})
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "Invalid value for field: secret"},
    )
    shown = await house.get(f"{BASE}/subscriptions/{created['id']}/", token=token)
    assert shown.json()["old_secret_expires_at"] is None


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_a_change_at_the_same_moment_takes_no_secret_back(
    tmp_path: Path, database: str
) -> None:
    url = server().new_database() if database == "postgresql" else None
    async with open_house(tmp_path, database_url=url) as house:
        token = await house.token()
        created = await subscribe(house, token)
        path = f"{BASE}/subscriptions/{created['id']}/"
        bearer = {"Authorization": f"Bearer {token}"}
        context = house.gateway.context
        for number in range(5):
            turned, *_ = await asyncio.gather(
                call(house, token, created["id"], "rotate-secret"),
                *(
                    house.http.patch(path, json={"description": f"{number}.{n}"}, headers=bearer)
                    for n in range(8)
                ),
            )
            kept = await context.store.read(
                lambda c: context.relay.get_destination(c, str(created["id"]))
            )
            assert kept is not None
            secrets = kept.settings["secrets"]
            assert isinstance(secrets, list | tuple)
            assert secrets[0]["secret"] == turned.json()["secret"]
    if url is not None:
        server().drop_database(url)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_of_two_rotations_at_the_same_moment_neither_takes_the_others_secret_back(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server().new_database() if database == "postgresql" else None
    both_read = threading.Barrier(2, timeout=0.2)

    def dawdle(*given: Any, now: float) -> tuple[LiveSecret, ...]:
        """Go on once somebody else has read the secrets too, if anybody can."""
        with contextlib.suppress(threading.BrokenBarrierError):
            both_read.wait()
        return rotated(*given, now=now)

    monkeypatch.setattr(subscription_actions, "rotated", dawdle)
    async with open_house(tmp_path, database_url=url) as house:
        token = await house.token()
        created = await subscribe(house, token)
        name = str(created["id"])
        turned = await asyncio.gather(
            *(call(house, token, name, "rotate-secret") for _ in range(2))
        )
        context = house.gateway.context
        kept = await context.store.read(lambda c: context.relay.get_destination(c, name))
        assert kept is not None
        assert {one.secret for one in read_secrets(kept.settings["secrets"])} == {
            created["secret"],
            *(answer.json()["secret"] for answer in turned),
        }
    if url is not None:
        server().drop_database(url)


# -- a test event --------------------------------------------------------------------------------


async def test_a_test_event_goes_to_that_subscription_alone_whatever_it_filters_by(
    tmp_path: Path,
) -> None:
    async with (
        open_partner() as partner,
        open_partner() as other,
        open_house(tmp_path, dev=True) as house,
    ):
        token = await house.token()
        await subscribe(house, token, url=other.url)
        created = await subscribe(
            house, token, url=partner.url, events=["case.completed"], statuses=["cancelled"]
        )
        answer = await call(house, token, created["id"], "test")
        assert answer.status_code == 202
        headers, body = await partner.next()
        assert answer.json() == {"event_id": headers["webhook-id"]}
        assert matches(headers, body, created["secret"], house.clock())
        sent = json.loads(body)
        assert (sent["id"], sent["type"]) == (headers["webhook-id"], "subscription.test")
        assert sent["data"]["subscription_id"] == created["id"]
        assert other.arrived.empty()


async def test_a_disabled_subscription_is_not_tested(house: House) -> None:
    token = await house.token()
    created = await subscribe(house, token)
    bearer = {"Authorization": f"Bearer {token}"}
    path = f"{BASE}/subscriptions/{created['id']}/"
    await house.http.patch(path, json={"enabled": False}, headers=bearer)
    answer = await call(house, token, created["id"], "test")
    assert (answer.status_code, answer.json()) == (409, {"error": "Subscription is disabled"})


# -- filters -------------------------------------------------------------------------------------


class Collector:
    """An endpoint that keeps the ids and says when there are enough."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.url = ""
        self._news = asyncio.Condition()

    async def handler(self, request: web.Request) -> web.StreamResponse:
        async with self._news:
            self.ids.append(request.headers["webhook-id"])
            self._news.notify_all()
        return web.Response(status=202)

    async def has(self, count: int) -> list[str]:
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: len(self.ids) >= count)
        return sorted(self.ids)


@asynccontextmanager
async def a_collector() -> AsyncIterator[Collector]:
    collector = Collector()
    async with a_server(collector.handler) as port:
        collector.url = f"http://127.0.0.1:{port}/hook"
        yield collector


async def come(courier: Courier, number: int, status: str, kind: str) -> None:
    """Have an event of its own case come in."""
    body = notification(
        courier.organization_id,
        number=number,
        kind=kind,
        case_id=f"case_{number}",
        new_status=status,
    )
    assert await notify(courier.house, body, event_id=f"evt_{number}") == 202


async def test_an_event_must_fit_types_and_statuses(tmp_path: Path) -> None:
    changed, completed = "case.status_changed", "case.completed"
    async with (
        a_collector() as everything,
        a_collector() as passed,
        a_collector() as passed_changes,
        open_courier(tmp_path) as courier,
    ):
        await courier.subscribe(everything.url)
        await courier.subscribe(passed.url, statuses=["qc_passed", "cancelled"])
        await courier.subscribe(passed_changes.url, statuses=["qc_passed"], events=[changed])
        for number, (status, kind) in enumerate(
            [
                ("new", changed),
                ("qc_passed", changed),
                ("qc_passed", completed),
                ("cancelled", changed),
                ("not_known_yet", changed),
            ],
            1,
        ):
            await come(courier, number, status, kind)
        assert len(await everything.has(5)) == 5
        assert await passed.has(3) == ["evt_2", "evt_3", "evt_4"]
        assert await passed_changes.has(1) == ["evt_2"]
        await courier.quiet()
        assert (len(everything.ids), len(passed.ids), len(passed_changes.ids)) == (5, 3, 1)


async def test_statuses_can_be_changed_and_taken_away(tmp_path: Path) -> None:
    async with a_collector() as endpoint, open_courier(tmp_path) as courier:
        name = await courier.subscribe(endpoint.url, statuses=["cancelled"])
        path = f"{BASE}/subscriptions/{name}/"
        bearer = {"Authorization": f"Bearer {courier.token}"}
        await come(courier, 1, "new", "case.status_changed")
        answer = await courier.house.http.patch(path, json={"statuses": ["new"]}, headers=bearer)
        assert answer.json()["statuses"] == ["new"]
        await come(courier, 2, "new", "case.status_changed")
        answer = await courier.house.http.patch(path, json={"statuses": []}, headers=bearer)
        assert answer.json()["statuses"] == []
        await come(courier, 3, "allocated", "case.status_changed")
        assert await endpoint.has(2) == ["evt_2", "evt_3"]


async def test_a_filter_that_nobody_knows_is_taken_with_a_warning(house: House) -> None:
    token = await house.token()
    created = await subscribe(
        house, token, events=["case.completed", "case.complete"], statuses=["cancelled"]
    )
    assert created["events"] == ["case.completed", "case.complete"]
    assert created["warnings"] == ["events[1]: unknown type, did you mean case.completed?"]
    path, bearer = f"{BASE}/subscriptions/{created['id']}/", {"Authorization": f"Bearer {token}"}
    changed = await house.http.patch(path, json={"statuses": ["qcpassed"]}, headers=bearer)
    assert changed.json()["warnings"] == ["statuses[0]: unknown status, did you mean qc_passed?"]
    renamed = await house.http.patch(path, json={"description": "desk"}, headers=bearer)
    assert "warnings" not in renamed.json()


async def test_a_field_that_was_misspelt_is_ignored_with_a_warning(house: House) -> None:
    token = await house.token()
    created = await subscribe(house, token, event=["case.completed"])
    assert created["events"] == []
    assert created["warnings"] == ["unknown field, did you mean events?"]
    path, bearer = f"{BASE}/subscriptions/{created['id']}/", {"Authorization": f"Bearer {token}"}
    changed = await house.http.patch(path, json={"enable": False}, headers=bearer)
    assert changed.json()["enabled"] is True
    assert changed.json()["warnings"] == ["unknown field, did you mean enabled?"]


# -- the limit -----------------------------------------------------------------------------------


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_an_organization_has_as_many_as_the_limit_however_many_it_asks_for_at_once(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server().new_database() if database == "postgresql" else None
    both_counted = threading.Barrier(2, timeout=0.2)
    count = Relay.list_destinations

    def count_and_dawdle(*given: Any) -> list[Destination]:
        """Go on once somebody else has counted too, if anybody can."""
        found = count(*given)
        with contextlib.suppress(threading.BrokenBarrierError):
            both_counted.wait()
        return found

    monkeypatch.setattr(Relay, "list_destinations", count_and_dawdle)
    async with open_house(tmp_path, database_url=url, subscription_limit=3) as house:
        token, other = await house.token(), await house.token("b@example.org", "Another")
        answers = await asyncio.gather(
            *(house.post(f"{BASE}/subscriptions/", {"url": PUBLIC}, token=token) for _ in range(12))
        )
        told = sorted(answer.status_code for answer in answers)
        assert told == [201] * 3 + [409] * 9
        refused = next(answer for answer in answers if answer.status_code == 409)
        assert refused.json() == {"error": "Subscription limit reached"}
        listed = (await house.get(f"{BASE}/subscriptions/", token=token)).json()["items"]
        assert len(listed) == 3
        assert (await subscribe(house, other))["enabled"] is True

        bearer = {"Authorization": f"Bearer {token}"}
        await house.http.delete(f"{BASE}/subscriptions/{listed[0]['id']}/", headers=bearer)
        assert (await subscribe(house, token))["enabled"] is True
    if url is not None:
        server().drop_database(url)
