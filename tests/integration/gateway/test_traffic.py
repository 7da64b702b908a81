"""How much anybody may ask of the gateway: contract, section 2 (429), for every call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from fulfillment_sdk.server.gateway.events.notifications import MOST_LARGE
from fulfillment_sdk.server.gateway.traffic import FAILURES, STRANGERS
from tests.integration.gateway.parts import BASE, CASE, STAFF, House, StandInPortal, open_house

JSON = {"Content-Type": "application/json"}
BAD = {"Authorization": "Bearer forged"}
TOO_MANY = (429, {"error": "Too many requests"})


def told(answer: httpx.Response) -> tuple[int, object]:
    return answer.status_code, answer.json()


async def test_reads_and_writes_count_together_per_organization_and_say_when_to_go_on(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, call_rate=3) as house:
        token = await house.token()
        other = await house.token("b@example.org", "Another")
        hook = {"url": "https://partner.example/hook"}
        made = await house.post(f"{BASE}/subscriptions/", hook, token=token)
        one = f"{BASE}/subscriptions/{made.json()['id']}/"
        house.clock.move(20)
        statuses = [
            (await house.get(one, token=token)).status_code,
            (await house.http.patch(one, json={}, headers=_bearer(token))).status_code,
        ]
        refused = await house.get(f"{BASE}/subscriptions/", token=token)
        beside = await house.get(f"{BASE}/subscriptions/", token=other)
        house.clock.move(40)
        later = await house.get(one, token=token)
    assert (made.status_code, statuses) == (201, [200, 200])
    assert told(refused) == TOO_MANY
    assert refused.headers["Retry-After"] == "40"
    assert (beside.status_code, later.status_code) == (200, 200)


async def test_an_organizations_other_address_has_a_window_of_its_own(tmp_path: Path) -> None:
    async with open_house(tmp_path, call_rate=1, trusted_proxies=("203.0.113.7/32",)) as house:
        token = await house.token()
        statuses = [
            (
                await house.http.get(
                    f"{BASE}/subscriptions/",
                    headers={**_bearer(token), "X-Forwarded-For": address},
                )
            ).status_code
            for address in ("198.51.100.1", "198.51.100.1", "198.51.100.2")
        ]
    assert statuses == [200, 429, 200]


async def test_case_creation_has_its_own_limit_beside_that_of_other_calls(
    tmp_path: Path, portal: StandInPortal
) -> None:
    async with open_house(tmp_path, call_rate=1, case_rate=2, portal_url=portal.url) as house:
        token = await house.token()
        listed = [await house.get(f"{BASE}/subscriptions/", token=token) for _ in range(2)]
        created = [await house.post(f"{BASE}/", CASE, token=token) for _ in range(3)]
    assert [answer.status_code for answer in listed] == [200, 429]
    assert [answer.status_code for answer in created] == [201, 201, 429]


async def test_a_refused_call_is_refused_before_its_body_is_read(tmp_path: Path) -> None:
    async with open_house(tmp_path, call_rate=1) as house:
        token = await house.token()
        await house.get(f"{BASE}/subscriptions/", token=token)
        answer = await house.http.post(
            f"{BASE}/subscriptions/", content=b"x" * 70_000, headers=_bearer(token)
        )
    # Read, it would have been a 413.
    assert told(answer) == TOO_MANY


async def test_many_refused_tokens_become_a_429_and_a_good_one_is_still_good(
    house: House,
) -> None:
    token = await house.token()
    path = f"{BASE}/subscriptions/"
    statuses = {(await house.http.get(path, headers=BAD)).status_code for _ in range(FAILURES)}
    refused = await house.http.get(path, headers=BAD)
    staff = await house.http.get("/admin/api/organizations/", headers=BAD)
    good = await house.get(path, token=token)
    house.clock.move(60)
    later = await house.http.get(path, headers=BAD)
    assert statuses == {401}
    assert told(refused) == told(staff) == TOO_MANY
    assert refused.headers["Retry-After"] == "60"
    assert (good.status_code, later.status_code) == (200, 401)


async def test_calls_without_a_token_are_counted_per_address_before_their_body_is_read(
    house: House,
) -> None:
    path = f"{BASE}/auth/verify-otp/"
    statuses = {(await house.post(path, {})).status_code for _ in range(STRANGERS)}
    refused = await house.http.post(path, content=b"x" * 70_000)
    assert statuses == {400}
    assert told(refused) == (429, {"status": "error", "message": "Too many attempts"})
    assert refused.headers["Retry-After"] == "60"


async def test_staff_are_counted_too(tmp_path: Path) -> None:
    async with open_house(tmp_path, call_rate=1) as house:
        answers = [await house.get("/admin/api/deliveries/", token=STAFF) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]


async def test_whom_a_partner_claims_to_speak_for_reaches_no_inner_hop(
    tmp_path: Path, portal: StandInPortal
) -> None:
    claims = {
        "Forwarded": "for=198.51.100.1",
        "X-Forwarded-For": "198.51.100.1",
        "X-Real-IP": "198.51.100.1",
    }
    async with open_house(tmp_path, portal_url=portal.url, trusted_proxies=("0.0.0.0/0",)) as house:
        headers = {**_bearer(await house.token()), **claims}
        answer = await house.http.post(f"{BASE}/", json=CASE, headers=headers)
        await house.http.get(f"{BASE}/cases/case_1/", headers=headers)
    assert answer.status_code == 201
    passed = [portal.headers[0], portal.asked[0].headers]
    assert not [name for name in claims for headers in passed if name in headers]


async def test_only_so_many_large_notifications_are_in_memory_before_they_are_known_to_be_right(
    house: House,
) -> None:
    begun, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def large() -> AsyncIterator[bytes]:
        begun.release()
        await go_on.wait()
        yield b"{}"

    def post(content: bytes | AsyncIterator[bytes]) -> asyncio.Task[httpx.Response]:
        call = house.http.post("/gateway/notifications/", content=content, headers=JSON)
        return asyncio.create_task(call)

    many = [post(large()) for _ in range(MOST_LARGE)]
    for _ in many:
        await begun.acquire()
    one_more = await post(large())
    small = await post(b"{}")
    go_on.set()
    assert (one_more.status_code, one_more.headers["Retry-After"]) == (503, "2")
    assert small.status_code == 401
    assert {(await each).status_code for each in many} == {401}
    assert (await post(large())).status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/api/webhook/webform/nowhere/", "/api/webhook/webform/cases/a%0Ab/", "/openapi.json"],
)
async def test_every_answer_of_the_gateway_has_the_security_headers(
    house: House, path: str
) -> None:
    answer = await house.http.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["fulfillment-features"]
    assert "server" not in answer.headers


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
