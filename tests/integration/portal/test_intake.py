"""Cases come in once, however often they are handed in (contract, section 2)."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest

from tests.integration.portal.desk import CASE, ORGANIZATION, Captor, Desk, order


async def test_a_new_case_is_answered_with_exactly_the_five_keys(desk: Desk) -> None:
    answer = await desk.intake(order("int_1"))
    assert answer.status_code == 201
    created = answer.json()
    assert list(created) == ["id", "status", "created_at", "assigned_to", "reference_number"]
    assert created["id"].startswith("case_")
    assert created["status"] == "open"
    assert created["created_at"] == "2025-04-06T08:30:00Z"
    assert created["assigned_to"] == "intake"
    assert created["reference_number"] == "HL-CMS-000001"


async def test_reference_numbers_count_up_and_are_never_given_twice(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.intake(order(f"int_{n}")) for n in range(20)))
    numbers = {answer.json()["reference_number"] for answer in answers}
    assert numbers == {f"HL-CMS-{n:06d}" for n in range(1, 21)}


async def test_a_new_case_is_notified_as_created(desk: Desk, captor: Captor) -> None:
    case_id = await desk.create()
    [event] = await captor.first(1)
    assert event.type == "case.status_changed"
    assert (event.case_id, event.organization_id) == (case_id, ORGANIZATION)
    assert event.previous_status is None
    assert event.new_status == "new"
    assert event.sequence == 1
    assert (event.actor, event.reason, event.message) == ("partner", "created", "Case created")


async def test_a_repeated_order_gets_the_recorded_answer_byte_for_byte(
    desk: Desk, captor: Captor
) -> None:
    first = await desk.intake(order("int_1"))
    case_id = first.json()["id"]
    await desk.hire()
    await desk.drive(case_id, "in_progress")
    desk.clock.advance(3600)
    again = await desk.intake(order("int_1"))
    assert again.status_code == 201
    assert again.content == first.content
    await captor.first(3)
    assert len(captor.bodies) == 3


async def test_another_src_ts_is_the_same_order(desk: Desk) -> None:
    first = await desk.intake(order("int_1", CASE | {"src_ts": "1743928200.5"}))
    again = await desk.intake(order("int_1", CASE | {"src_ts": "1743928201.5"}))
    assert again.content == first.content


@pytest.mark.parametrize(
    "other",
    [
        order("int_1", CASE | {"plan": "Another one"}),
        order("int_1", CASE, "another-organization"),
    ],
    ids=["another case", "another organization"],
)
async def test_one_intake_id_for_something_else_is_a_conflict(
    desk: Desk, other: dict[str, object]
) -> None:
    await desk.intake(order("int_1"))
    answer = await desk.intake(other)
    assert answer.status_code == 409
    assert answer.json() == {"error": "Idempotency key reused with a different request"}


async def test_thirty_two_orders_at_once_make_one_case(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.intake(order("int_1")) for _ in range(32)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    listed = (await desk.get("cases/")).json()
    assert len(listed["items"]) == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"reporter": {}}, "Missing required field: reporter.fname"),
        ({"gbv_related": None}, "Missing required field: gbv_related"),
        ({"narrative": "  "}, "Missing required field: narrative"),
        ({"gbv_related": "yes"}, "Invalid value for field: gbv_related"),
        ({"src_ts": "2025-04-06"}, "Invalid timestamp: src_ts"),
    ],
)
async def test_the_portal_validates_for_itself_in_the_contracts_words(
    desk: Desk, fields: dict[str, object], message: str
) -> None:
    answer = await desk.intake(order("int_1", CASE | fields))
    assert answer.status_code == 400
    assert answer.json() == {"error": message}
    assert (await desk.get("cases/")).json()["items"] == []


@pytest.mark.parametrize("token", ["", "wrong", "staff-token-of-the-tests"])
async def test_only_the_intake_token_opens_the_intake(desk: Desk, token: str) -> None:
    answer = await desk.intake(order("int_1"), token=token or "-")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["message"] == "Invalid or expired authentication token"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"intake_id":"a","organization_id":"b"}',
        b'{"intake_id":"a","organization_id":"b","case":[]}',
        b'{"intake_id":7,"organization_id":"b","case":{}}',
        b'{"intake_id":"a","organization_id":"b\\u0000","case":{}}',
    ],
)
async def test_a_broken_envelope_is_no_400_that_a_partner_would_see(
    desk: Desk, body: bytes
) -> None:
    answer = await post_raw(desk, body)
    assert answer.status_code == 422
    assert answer.json() == {"error": "Invalid intake request"}


async def test_a_body_over_the_limit_is_refused(desk: Desk) -> None:
    answer = await post_raw(desk, b" " * (2 * 1024 * 1024 + 1))
    assert answer.status_code == 413


async def test_a_case_nested_as_deep_as_a_case_may_be_fits_its_envelope(desk: Desk) -> None:
    nested = "[" * 31 + "]" * 31
    body = re.sub(rb'"case": ?\{', f'"case":{{"x":{nested},'.encode(), as_bytes(order("int_1")))
    assert (await post_raw(desk, body)).status_code == 201


async def test_every_key_of_the_request_is_kept_as_written(desk: Desk) -> None:
    body = as_bytes(order("int_1")).replace(
        b'"case":{', b'"case":{"src_ts":1743928200.10,"mine":{"n":1.50,"nul":"a\\u0000b"},'
    )
    created = await post_raw(desk, body)
    shown = await desk.get(f"cases/{created.json()['id']}/")
    assert b'"src_ts":1743928200.10,"mine":{"n":1.50,"nul":"a\\u0000b"}' in shown.content


def as_bytes(body: object) -> bytes:
    return httpx.Request("POST", "http://x", json=body).content


async def post_raw(desk: Desk, body: bytes) -> httpx.Response:
    headers = {"Authorization": "Bearer intake-token-of-the-tests"}
    return await desk.http.post("/portal/api/intake/", content=body, headers=headers)
