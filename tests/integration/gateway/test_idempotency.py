"""One case, however often it is asked for: contract, section 2, idempotency."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web

from fulfillment_sdk import casefile
from fulfillment_sdk.server.gateway.cases import reservations
from fulfillment_sdk.server.gateway.housekeeping import sweep
from tests.integration.gateway.parts import (
    BASE,
    CASE,
    Clock,
    House,
    StandInPortal,
    json_answer,
    open_house,
)

REUSED = {"error": "Idempotency key reused with a different request"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"Idempotency_Key": "k1"}, {"Idempotency_Key": "k1"}),
        ({"src_uid": "walkin-1"}, {"src_uid": "walkin-1"}),
        (
            {"Idempotency_Key": "k1", "src_uid": "walkin-1"},
            {"Idempotency_Key": "k2", "src_uid": "walkin-1"},
        ),
        ({"Idempotency_Key": "k1"}, {"Idempotency_Key": "k1", "src_ts": "1744000000"}),
        ({"src_uid": "5"}, {"src_uid": "5", "src_ts": "1744000000.5"}),
    ],
)
async def test_a_repeated_request_is_answered_with_the_same_case(
    house: House, portal: StandInPortal, first: dict[str, str], second: dict[str, str]
) -> None:
    token = await house.token()
    answers = []
    for given in (first, second):
        case = {**CASE, **{key: value for key, value in given.items() if key != "Idempotency_Key"}}
        keys = {key: value for key, value in given.items() if key == "Idempotency_Key"}
        answers.append(await house.post(f"{BASE}/", case, token=token, **keys))
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert len(portal.intakes) == 1


async def test_without_a_key_two_requests_are_two_cases(
    house: House, portal: StandInPortal
) -> None:
    token = await house.token()
    for _ in range(2):
        assert (await house.post(f"{BASE}/", {**CASE, "src_uid": " "}, token=token)).is_success
    assert len(portal.cases) == 2


async def test_a_key_with_another_body_is_a_409(house: House, portal: StandInPortal) -> None:
    token = await house.token()
    await house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="k1")
    answer = await house.post(
        f"{BASE}/", {**CASE, "plan": "Another"}, token=token, Idempotency_Key="k1"
    )
    assert (answer.status_code, answer.json()) == (409, REUSED)
    assert len(portal.intakes) == 1


async def test_two_keys_that_lead_to_two_cases_are_a_409(house: House) -> None:
    token = await house.token()
    await house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="k1")
    await house.post(f"{BASE}/", {**CASE, "src_uid": "u2"}, token=token)
    answer = await house.post(
        f"{BASE}/", {**CASE, "src_uid": "u2"}, token=token, Idempotency_Key="k1"
    )
    assert (answer.status_code, answer.json()) == (409, REUSED)


async def test_a_key_and_a_src_uid_of_one_text_are_two_keys(
    house: House, portal: StandInPortal
) -> None:
    token = await house.token()
    await house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="same")
    await house.post(f"{BASE}/", {**CASE, "src_uid": "same"}, token=token)
    assert len(portal.cases) == 2


async def test_two_organizations_may_use_one_key(house: House, portal: StandInPortal) -> None:
    one, two = await house.token(), await house.token("b@example.org", "Another")
    first = await house.post(f"{BASE}/", CASE, token=one, Idempotency_Key="k")
    second = await house.post(f"{BASE}/", CASE, token=two, Idempotency_Key="k")
    assert first.json()["id"] != second.json()["id"]
    assert len(portal.cases) == 2


async def test_thirty_two_parallel_posts_of_one_key_make_one_case(
    tmp_path: Path, portal: StandInPortal
) -> None:
    async with open_house(tmp_path, portal_url=portal.url, sleep=asyncio.sleep) as house:
        token = await house.token()
        answers = await asyncio.gather(
            *(
                house.post(f"{BASE}/", {**CASE, "src_uid": "u"}, token=token, Idempotency_Key="k")
                for _ in range(32)
            )
        )
    assert {(one.status_code, one.content) for one in answers} == {(201, answers[0].content)}
    assert len(portal.intakes) == 1


async def test_a_second_request_in_flight_waits_ten_seconds_and_no_longer(
    house: House, portal: StandInPortal
) -> None:
    token = await house.token()
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        arrived.set()
        await go_on.wait()
        return await portal.create(request)

    portal.intake = slow
    first = asyncio.create_task(house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="k"))
    await arrived.wait()
    second = await house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="k")
    assert (second.status_code, second.json()) == (503, {"error": "Portal unavailable"})
    assert second.headers["Retry-After"] == "1"
    assert sum(house.pauses) == pytest.approx(10.0)
    other = await house.post(
        f"{BASE}/", {**CASE, "plan": "Other"}, token=token, Idempotency_Key="k"
    )
    assert other.status_code == 409
    go_on.set()
    assert (await first).status_code == 201
    assert len(portal.intakes) == 1


async def test_after_a_503_the_same_key_goes_on_under_the_same_intake_id(
    house: House, portal: StandInPortal
) -> None:
    token = await house.token()

    async def made_but_answered_badly(request: web.Request) -> web.StreamResponse:
        await portal.create(request)
        return web.Response(status=502)

    portal.intake = made_but_answered_badly
    assert (await house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="k")).status_code == 503
    portal.intake = portal.create
    answer = await house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="k")
    assert answer.status_code == 201
    assert len({one["intake_id"] for one in portal.intakes}) == 1
    assert len(portal.cases) == 1
    changed = await house.post(
        f"{BASE}/", {**CASE, "plan": "Other"}, token=token, Idempotency_Key="k"
    )
    assert changed.status_code == 409


async def test_only_a_201_is_recorded(house: House, portal: StandInPortal) -> None:
    token = await house.token()
    portal.intake = json_answer({"error": "Missing required field: plan"}, 400)
    answer = await house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="k")
    assert answer.status_code == 400
    portal.intake = portal.create
    corrected = await house.post(
        f"{BASE}/", {**CASE, "plan": "Better"}, token=token, Idempotency_Key="k"
    )
    assert corrected.status_code == 201


async def test_what_a_crash_left_is_taken_over_after_fifteen_seconds(
    tmp_path: Path, portal: StandInPortal
) -> None:
    clock = Clock()
    async with open_house(tmp_path, portal_url=portal.url, clock=clock) as house:
        token = await house.token()
        organization = await house.organization_id()
        store = house.gateway.context.store
        await store.write(
            lambda connection: reservations.claim(
                connection,
                store.sealer,
                organization_id=organization,
                key_digests=reservations.key_digests("k", ""),
                digest=casefile.digest(CASE),
                intake_id="int_crashed",
                holder="gone",
                now=clock(),
            )
        )
    async with open_house(tmp_path, portal_url=portal.url, clock=clock) as house:
        clock.move(14.9)
        waiting = await house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="k")
        assert waiting.status_code == 503
        clock.move(0.1)
        answer = await house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="k")
        assert answer.status_code == 201
        assert list(portal.cases) == ["int_crashed"]


async def test_a_recorded_answer_is_kept_for_four_hundred_days(
    tmp_path: Path, portal: StandInPortal
) -> None:
    clock = Clock()
    async with open_house(tmp_path, portal_url=portal.url, clock=clock) as house:
        store = house.gateway.context.store
        await house.post(f"{BASE}/", CASE, token=await house.token(), Idempotency_Key="k")
        clock.move(399 * 86_400)
        await store.write(lambda connection: sweep(connection, clock()))
        token = await house.token()
        again = await house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="k")
        assert again.json()["id"] == "case_1"
        clock.move(86_400)
        assert await store.write(lambda connection: sweep(connection, clock())) >= 1
        fresh = await house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="k")
        assert fresh.json()["id"] == "case_2"


async def test_a_key_that_another_process_reserves_at_this_moment_is_looked_up_again(
    house: House, portal: StandInPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await house.token()
    await house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="k")
    real, calls = reservations.claim, []

    def blind_at_first(connection: sa.Connection, *given: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise sa.exc.IntegrityError("insert", {}, ValueError("unique"))
        return real(connection, *given, **named)

    monkeypatch.setattr(reservations, "claim", blind_at_first)
    answer = await house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="k")
    assert (answer.status_code, answer.json()["id"]) == (201, "case_1")
    assert len(portal.intakes) == 1


async def test_an_endless_key_is_refused(house: House) -> None:
    answer = await house.post(
        f"{BASE}/", CASE, token=await house.token(), Idempotency_Key="k" * 256
    )
    assert answer.json() == {"error": "Invalid value for field: Idempotency-Key"}
