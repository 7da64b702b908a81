"""A partner's own cases at the gateway: list, show, cancel, a report once more.

Contract, section 5.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from fulfillment_sdk.server.gateway.upstream.calls import Calls
from fulfillment_sdk.server.gateway.upstream.connection import Connection
from tests.integration.gateway.parts import (
    BASE,
    CASE,
    INTAKE,
    Answer,
    House,
    StandInPortal,
    json_answer,
    open_house,
)

SHOWN = b'{ "id": "case_1", "status": "allocated" }'
CONFLICT = (
    b'{"status": "error", '
    b"\"message\": \"Illegal status transition from 'submitted' to 'cancelled'\"}"
)

Call = Callable[[House, str], Awaitable[httpx.Response]]


async def _list(house: House, token: str) -> httpx.Response:
    return await house.get(f"{BASE}/cases/", token=token)


async def _show(house: House, token: str) -> httpx.Response:
    return await house.get(f"{BASE}/cases/case_1/", token=token)


async def _cancel(house: House, token: str) -> httpx.Response:
    return await house.http.post(
        f"{BASE}/cases/case_1/cancel/", headers={"Authorization": f"Bearer {token}"}
    )


async def _reissue(house: House, token: str) -> httpx.Response:
    return await house.http.post(
        f"{BASE}/cases/case_1/report/", headers={"Authorization": f"Bearer {token}"}
    )


CALLS: dict[str, Call] = {
    "list": _list,
    "show": _show,
    "cancel": _cancel,
    "reissue": _reissue,
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


def raw_answer(body: bytes, status: int = 200) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, content_type="application/json")

    return answer


@every_call
async def test_the_portal_is_asked_with_the_organization_and_answers_byte_for_byte(
    house: House, portal: StandInPortal, call: Call
) -> None:
    house.makes_things_up = True
    portal.call = portal.report = raw_answer(SHOWN)
    answer = await call(house, await house.token())
    assert (answer.status_code, answer.content) == (200, SHOWN)
    assert answer.headers["Content-Type"] == "application/json"
    [asked] = portal.asked
    given = asked.query if asked.method == "GET" else json.loads(asked.body)
    assert given["organization_id"] == await house.organization_id()
    assert asked.headers["Authorization"] == f"Bearer {INTAKE}"


@pytest.mark.parametrize(
    ("call", "method", "path"),
    [
        (_list, "GET", "cases/"),
        (_show, "GET", "cases/case_1/"),
        (_cancel, "POST", "cases/case_1/cancel/"),
        (_reissue, "POST", "cases/case_1/report/"),
    ],
)
async def test_each_call_has_its_own_place_at_the_portal(
    house: House, portal: StandInPortal, call: Call, method: str, path: str
) -> None:
    house.makes_things_up = True
    await call(house, await house.token())
    assert [(asked.method, asked.path) for asked in portal.asked] == [(method, path)]


@pytest.mark.parametrize("call", [_cancel, _reissue])
async def test_the_portals_409_comes_through_to_the_letter(
    house: House, portal: StandInPortal, call: Call
) -> None:
    portal.call = raw_answer(CONFLICT, 409)
    answer = await call(house, await house.token())
    assert (answer.status_code, answer.content) == (409, CONFLICT)


@every_call
async def test_what_the_portal_does_not_find_is_the_gateways_404(
    house: House, portal: StandInPortal, call: Call
) -> None:
    house.makes_things_up = True
    answer = await call(house, await house.token())
    assert (answer.status_code, answer.content) == (404, b'{"error":"Not found"}')
    assert len(portal.asked) == 1


@every_call
@pytest.mark.parametrize(
    "answered",
    [
        json_answer({"error": "Not found"}, 404),
        json_answer({"status": "error", "message": "internal words"}, 401),
        json_answer({"status": "error", "message": "internal words"}, 503),
        json_answer({}, 302),
        json_answer(["internal words"]),
        raw_answer(b"<html>internal words</html>"),
        raw_answer(b'{"a": "' + b"x" * 5 * 1024 * 1024 + b'"}'),
    ],
    ids=["no such route", "401", "503", "302", "a list", "a page", "too long"],
)
async def test_what_is_no_usable_answer_is_a_503(
    house: House, portal: StandInPortal, call: Call, answered: Answer
) -> None:
    portal.call = answered
    answer = await call(house, await house.token())
    assert (answer.status_code, answer.json()) == (503, {"error": "Portal unavailable"})
    assert answer.headers["Retry-After"] == "5"


@every_call
async def test_a_portal_that_is_down_is_a_503_and_the_log_names_request_and_setting(
    tmp_path: Path, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house(tmp_path, portal_url="http://user:hush@127.0.0.1:9") as house:
        token = await house.token()
        answer = await call(house, token)
        assert (answer.status_code, answer.json()) == (503, {"error": "Portal unavailable"})
        assert answer.headers["Retry-After"] == "5"
    [line] = [one for one in caplog.records if "FULFILLMENT_PORTAL_URL" in one.getMessage()]
    assert vars(line)["request_id"] == answer.headers["X-Request-Id"]
    assert all(word not in caplog.text for word in ("hush", token, INTAKE))


async def test_a_portal_that_does_not_answer_in_time_gave_no_answer(
    portal: StandInPortal, caplog: pytest.LogCaptureFixture
) -> None:
    gone = asyncio.Event()

    async def wait(_request: web.Request) -> web.StreamResponse:
        await gone.wait()
        return web.json_response({})

    portal.call = wait
    connection = Connection(portal.url, token=INTAKE)
    calls = Calls(connection, seconds=0.05)
    assert await calls.cancel("case_1", organization_id="org", request_id="req-7") is None
    gone.set()
    await connection.close()
    assert "portal cancel failed: TimeoutError" in caplog.text


@every_call
async def test_the_request_id_goes_to_the_portal_and_comes_back(
    house: House, portal: StandInPortal, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    house.makes_things_up = True
    house.http.headers["X-Request-Id"] = "req-7"
    with caplog.at_level(logging.DEBUG, "fulfillment_sdk.server.gateway"):
        answer = await call(house, await house.token())
    assert portal.asked[0].headers["X-Request-Id"] == answer.headers["X-Request-Id"] == "req-7"
    [line] = [vars(one) for one in caplog.records if one.getMessage() == "the portal answered"]
    assert (line["request_id"], line["status"]) == ("req-7", 404)


@every_call
async def test_without_a_token_nobody_asks_the_portal(
    house: House, portal: StandInPortal, call: Call
) -> None:
    answer = await call(house, "forged")
    assert answer.status_code == 401
    assert portal.asked == []


async def test_paging_and_filters_go_on_as_they_were_given(
    house: House, portal: StandInPortal
) -> None:
    portal.call = json_answer({"items": [], "next": None})
    query = {"after": "17", "limit": "3", "status": "new", "reference_number": "HL-CMS-000123"}
    answer = await house.get(f"{BASE}/cases", token=await house.token(), **query)
    assert answer.status_code == 200
    [asked] = portal.asked
    assert asked.query == {**query, "organization_id": await house.organization_id()}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"after": "\0"}, "after"),
        ({"status": "open"}, "status"),
        ({"src_uid": ""}, "src_uid"),
        ({"reference_number": "%"}, "reference_number"),
    ],
)
async def test_what_no_list_can_be_asked_for_is_a_400_here_already(
    house: House, portal: StandInPortal, query: dict[str, str], field: str
) -> None:
    answer = await house.get(f"{BASE}/cases/", token=await house.token(), **query)
    assert answer.status_code == 400
    assert answer.json() == {"error": f"Invalid value for field: {field}"}
    assert portal.asked == []


async def test_a_cursor_that_the_portal_never_gave_is_a_400(
    house: House, portal: StandInPortal
) -> None:
    portal.call = json_answer({"status": "error", "message": "internal words"}, 400)
    answer = await house.get(f"{BASE}/cases/", token=await house.token(), after="x")
    assert (answer.status_code, answer.json()) == (400, {"error": "Invalid value for field: after"})


async def test_a_src_uid_leads_to_the_case_also_where_its_201_was_lost(
    house: House, portal: StandInPortal
) -> None:
    portal.call = json_answer({"items": [], "next": None})
    token = await house.token()
    created = portal.intake

    async def lose(request: web.Request) -> web.StreamResponse:
        await created(request)
        return web.Response(status=502)

    portal.intake = lose
    lost = await house.post(f"{BASE}/", {**CASE, "src_uid": " mine-7 "}, token=token)
    assert lost.status_code == 503
    for asked_for in ("mine-7", " mine-7"):
        answer = await house.get(f"{BASE}/cases/", token=token, src_uid=asked_for)
        assert answer.status_code == 200
    assert [asked.query["intake_id"] for asked in portal.asked] == [
        portal.intakes[0]["intake_id"]
    ] * 2
    assert all("src_uid" not in asked.query for asked in portal.asked)


async def test_a_src_uid_that_nobody_gave_has_no_case_and_so_has_anothers(
    house: House, portal: StandInPortal
) -> None:
    owner, stranger = await house.token(), await house.token("b@example.org", "Another")
    await house.post(f"{BASE}/", {**CASE, "src_uid": "mine-7"}, token=owner)
    for asked_for in ("mine-7", "mine-8"):
        answer = await house.get(f"{BASE}/cases/", token=stranger, src_uid=asked_for)
        assert (answer.status_code, answer.json()) == (200, {"items": [], "next": None})
    assert portal.asked == []


async def test_an_idempotency_key_is_no_src_uid(house: House, portal: StandInPortal) -> None:
    token = await house.token()
    await house.post(f"{BASE}/", CASE, token=token, Idempotency_Key="key-7")
    answer = await house.get(f"{BASE}/cases/", token=token, src_uid="key-7")
    assert answer.json() == {"items": [], "next": None}
    assert portal.asked == []


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 404), (b"{}", 404), (b"no", 400), (b"[]", 400), (b" " * 65537, 413)]
)
async def test_a_cancellation_needs_no_body_and_takes_any_object(
    house: House, portal: StandInPortal, body: bytes, status: int
) -> None:
    headers = {"Authorization": f"Bearer {await house.token()}"}
    answer = await house.http.post(f"{BASE}/cases/case_1/cancel/", content=body, headers=headers)
    assert answer.status_code == status
    assert len(portal.asked) == (status == 404)


async def test_a_case_id_cannot_lead_elsewhere_at_the_portal(
    house: House, portal: StandInPortal
) -> None:
    token = await house.token()
    for case_id in ("..%2F..%2Fstaff", "x%3Forganization_id=y", "x%23", "%00"):
        answers = [
            await house.get(f"{BASE}/cases/{case_id}/", token=token),
            await house.post(f"{BASE}/cases/{case_id}/cancel/", token=token),
            await house.post(f"{BASE}/cases/{case_id}/report/", token=token),
        ]
        assert [answer.status_code for answer in answers] == [404] * 3
    for asked in portal.asked:
        assert asked.path.startswith("cases/")
        assert set(asked.query) <= {"organization_id"}


@pytest.mark.parametrize("dots", ["%2e", "%2e%2e"])
async def test_dots_are_no_id_and_the_portal_is_not_asked(
    house: House, portal: StandInPortal, dots: str
) -> None:
    # Whatever builds or passes on an address takes them away, together with what is before them.
    portal.call = json_answer({"items": [], "next": None})
    token = await house.token()
    for path in (
        f"cases/{dots}/",
        f"cases/{dots}",
        f"cases/{dots}/report/",
        f"cases/case_1/files/{dots}/",
        f"cases/case_1/files/{dots}",
    ):
        answer = await house.get(f"{BASE}/{path}", token=token)
        assert (answer.status_code, answer.json()) == (404, {"error": "Not found"}), path
    answer = await house.post(f"{BASE}/cases/{dots}/cancel/", token=token)
    assert answer.status_code == 404
    assert (portal.asked, portal.queries) == ([], [])


async def test_a_report_is_a_download_that_no_page_can_run(
    house: House, portal: StandInPortal
) -> None:
    portal.report = raw_answer(b"%PDF-1.7")
    answer = await house.get(f"{BASE}/cases/case_1/report/", token=await house.token())
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="case_1.pdf"'
