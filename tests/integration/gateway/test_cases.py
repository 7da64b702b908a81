"""Case creation and reports: contract, sections 2 and 5, over HTTP and a second hop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aiohttp import web

from tests.integration.gateway.parts import (
    BASE,
    CASE,
    INTAKE,
    House,
    StandInPortal,
    json_answer,
    open_house,
)

MANDATORY = (
    "reporter.fname",
    "gbv_related",
    "case_category_id",
    "narrative",
    "plan",
    "priority",
    "status",
)


async def test_a_case_goes_on_to_the_portal_and_its_201_comes_back_byte_for_byte(
    house: House, portal: StandInPortal
) -> None:
    token = await house.token()
    case = {**CASE, "unknown": {"kept": [1, None]}, "src_ts": "1743999999.824"}
    answer = await house.post(f"{BASE}/", case, token=token, X_Request_Id="req-7")
    assert answer.status_code == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.content == (
        b'{"id": "case_1", "status": "open", "created_at": "2025-04-05T10:30:02Z", '
        b'"assigned_to": "agent_001", "reference_number": "HL-CMS-000001"}'
    )
    intake = portal.intakes[0]
    assert intake["case"] == case
    assert intake["organization_id"] == await house.organization_id()
    assert intake["intake_id"].startswith("int_")
    assert portal.headers[0]["Authorization"] == f"Bearer {INTAKE}"
    assert portal.headers[0]["X-Request-Id"] == answer.headers["X-Request-Id"] == "req-7"


async def test_it_is_served_without_the_trailing_slash_too(house: House) -> None:
    assert (await house.post(BASE, CASE, token=await house.token())).status_code == 201


@pytest.mark.parametrize("value", ["absent", None, "", " \t"])
async def test_the_first_missing_field_is_named(
    house: House, portal: StandInPortal, value: str | None
) -> None:
    token = await house.token()
    case: dict[str, object] = json.loads(json.dumps(CASE))
    for name in reversed(MANDATORY):
        top, _, inner = name.partition(".")
        if inner:
            case[top] = {} if value == "absent" else {inner: value}
        elif value == "absent":
            del case[top]
        else:
            case[top] = value
        answer = await house.post(f"{BASE}/", case, token=token)
        assert answer.status_code == 400
        assert answer.json() == {"error": f"Missing required field: {name}"}
    assert portal.intakes == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"narrative": 7.5}, "Invalid value for field: narrative"),
        ({"clients_case": [{"age": True}]}, "Invalid value for field: clients_case[0].age"),
        ({"src_ts": "1741960667824"}, "Invalid timestamp: src_ts"),
        ({"src_ts": "2025-04-05T10:30:02Z"}, "Invalid timestamp: src_ts"),
    ],
)
async def test_wrong_values_are_named_and_never_repeated(
    house: House, change: dict[str, object], error: str
) -> None:
    answer = await house.post(f"{BASE}/", {**CASE, **change}, token=await house.token())
    assert (answer.status_code, answer.json()) == (400, {"error": error})


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":"\\ud800"}', b"[" * 40]
)
async def test_a_body_that_is_no_plain_json_object_is_refused(house: House, body: bytes) -> None:
    headers = {
        "Authorization": f"Bearer {await house.token()}",
        "Content-Type": "application/json",
    }
    answer = await house.http.post(f"{BASE}/", content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (400, {"error": "Invalid JSON in request body"})


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
async def test_only_plain_json_is_taken(house: House, headers: dict[str, str]) -> None:
    headers = {**headers, "Authorization": f"Bearer {await house.token()}"}
    answer = await house.http.post(f"{BASE}/", content=b"{}", headers=headers)
    assert answer.status_code == 415
    assert "error" in answer.json()


async def test_the_order_of_checks_is_the_contracts(tmp_path: Path) -> None:
    async with open_house(tmp_path, case_rate=3) as house:
        token = await house.token()
        good = {"Authorization": f"Bearer {token}"}
        large, text = b"x" * (1024 * 1024 + 1), {"Content-Type": "text/plain"}
        answers = [
            await house.http.post(f"{BASE}/", content=large, headers=text),
            await house.http.post(f"{BASE}/", content=large, headers={**good, **text}),
            await house.http.post(f"{BASE}/", content=b"{", headers={**good, **text}),
            await house.http.post(
                f"{BASE}/", content=b"{", headers={**good, "Content-Type": "application/json"}
            ),
            await house.http.post(f"{BASE}/", content=large, headers={**good, **text}),
        ]
        await house.act("deactivate")
        answers.append(await house.http.post(f"{BASE}/", content=large, headers={**good, **text}))
    assert [one.status_code for one in answers] == [401, 413, 415, 400, 429, 403]


async def test_a_body_of_one_mebibyte_is_taken_and_one_byte_more_is_not(house: House) -> None:
    headers = {
        "Authorization": f"Bearer {await house.token()}",
        "Content-Type": "application/json",
    }
    body = json.dumps({**CASE, "notes": ""}).encode()
    full = body.replace(b'"notes": ""', b'"notes": "' + b"n" * (1024 * 1024 - len(body)) + b'"')
    assert len(full) == 1024 * 1024
    assert (await house.http.post(f"{BASE}/", content=full, headers=headers)).status_code == 201
    over = await house.http.post(f"{BASE}/", content=full + b" ", headers=headers)
    assert over.status_code == 413


async def test_the_rate_is_per_organization_and_address(
    tmp_path: Path, portal: StandInPortal
) -> None:
    async with open_house(tmp_path, case_rate=2, portal_url=portal.url) as house:
        token = await house.token()
        other = await house.token("b@example.org", "Another")
        assert (await house.post(f"{BASE}/", CASE, token=token)).status_code == 201
        house.clock.move(20)
        assert (await house.post(f"{BASE}/", CASE, token=token)).status_code == 201
        answer = await house.post(f"{BASE}/", CASE, token=token)
        assert (answer.status_code, answer.json()) == (429, {"error": "Too many requests"})
        assert answer.headers["Retry-After"] == "40"
        assert (await house.post(f"{BASE}/", CASE, token=other)).status_code == 201
        house.clock.move(40)
        assert (await house.post(f"{BASE}/", CASE, token=token)).status_code == 201


async def test_the_portals_400_comes_back_byte_for_byte(
    house: House, portal: StandInPortal
) -> None:
    async def refuse(_request: web.Request) -> web.StreamResponse:
        body = b'{ "error":"Missing required field: plan" }'
        return web.Response(body=body, status=400, content_type="application/json")

    portal.intake = refuse
    answer = await house.post(f"{BASE}/", CASE, token=await house.token())
    assert (answer.status_code, answer.content) == (
        400,
        b'{ "error":"Missing required field: plan" }',
    )


@pytest.mark.parametrize(
    "answer",
    [
        json_answer({"error": "Unauthorized"}, 401),
        json_answer({}, 500),
        json_answer({}, 302),
        json_answer({"id": "case_1", "reference_number": "HL-CMS-000001"}, 200),
        json_answer({"status": "open"}, 201),
        json_answer(["case_1"], 201),
        json_answer({"id": "case_1", "reference_number": "x" * 1024 * 1024}, 201),
    ],
)
async def test_what_is_no_usable_answer_is_a_503(
    house: House, portal: StandInPortal, answer: object
) -> None:
    portal.intake = answer  # type: ignore[assignment]
    given = await house.post(f"{BASE}/", CASE, token=await house.token())
    assert (given.status_code, given.json()) == (503, {"error": "Portal unavailable"})
    assert given.headers["Retry-After"] == "5"


async def test_a_portal_that_knows_another_credential_is_logged_with_the_settings_name(
    house: House, portal: StandInPortal, caplog: pytest.LogCaptureFixture
) -> None:
    portal.intake = json_answer({"error": "Unauthorized"}, 401)
    await house.post(f"{BASE}/", CASE, token=await house.token())
    assert "portal intake answered 401" in caplog.text
    assert "FULFILLMENT_INTAKE_TOKEN must be the same" in caplog.text
    assert INTAKE not in caplog.text


async def test_a_portal_that_is_down_is_a_503(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house(tmp_path, portal_url="http://user:hush@127.0.0.1:9") as house:
        answer = await house.post(f"{BASE}/", CASE, token=await house.token())
        assert (answer.status_code, answer.json()) == (503, {"error": "Portal unavailable"})
    assert "(FULFILLMENT_PORTAL_URL names 127.0.0.1:9)" in caplog.text
    assert "hush" not in caplog.text


async def test_a_report_comes_through_as_a_download(house: House, portal: StandInPortal) -> None:
    pdf = b"%PDF-1.7 " + b"r" * 300_000

    async def report(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=pdf, content_type="application/pdf")

    portal.report = report
    token = await house.token()
    case = (await house.post(f"{BASE}/", CASE, token=token)).json()
    answer = await house.get(f"{BASE}/cases/{case['id']}/report/", token=token)
    assert answer.status_code == 200
    assert answer.content == pdf
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Length"] == str(len(pdf))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="HL-CMS-000001.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert portal.queries[0]["organization_id"] == await house.organization_id()
    assert portal.headers[-1]["Authorization"] == f"Bearer {INTAKE}"


async def test_a_report_of_unknown_length_comes_through_too(
    house: House, portal: StandInPortal
) -> None:
    async def report(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/pdf"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        for _ in range(3):
            await response.write(b"part")
        return response

    portal.report = report
    answer = await house.get(f"{BASE}/cases/case_x/report/", token=await house.token())
    assert (answer.status_code, answer.content) == (200, b"part" * 3)
    assert "Content-Length" not in answer.headers
    assert answer.headers["Content-Disposition"] == 'attachment; filename="case_x.pdf"'


@pytest.mark.parametrize(("status", "answered"), [(404, 404), (410, 410), (500, 503), (302, 503)])
async def test_a_report_that_is_not_there_says_why(
    house: House, portal: StandInPortal, status: int, answered: int
) -> None:
    portal.report = json_answer({"error": "internal words"}, status)
    answer = await house.get(f"{BASE}/cases/case_1/report/", token=await house.token())
    assert answer.status_code == answered
    assert "internal" not in answer.text


async def test_a_report_behind_a_portal_that_is_down_is_a_503(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        answer = await house.get(f"{BASE}/cases/case_1/report/", token=await house.token())
        assert answer.status_code == 503


async def test_another_organizations_report_takes_the_same_way_to_the_same_404(
    house: House, portal: StandInPortal
) -> None:
    owner, stranger = await house.token(), await house.token("b@example.org", "Another")
    case = (await house.post(f"{BASE}/", CASE, token=owner)).json()
    theirs = await house.get(f"{BASE}/cases/{case['id']}/report/", token=stranger)
    nobodys = await house.get(f"{BASE}/cases/case_none/report/", token=stranger)
    assert (theirs.status_code, theirs.content) == (nobodys.status_code, nobodys.content)
    assert theirs.status_code == 404
    # The portal alone decides: it was asked both times, and told who asks.
    stranger_id = await house.organization_id("Another")
    assert [dict(query) for query in portal.queries] == [{"organization_id": stranger_id}] * 2


async def test_a_case_id_cannot_lead_elsewhere_at_the_portal(
    house: House, portal: StandInPortal
) -> None:
    token = await house.token()
    for case_id in ("..%2F..%2Fstaff", "x%3Forganization_id=y", "%00"):
        answer = await house.get(f"{BASE}/cases/{case_id}/report/", token=token)
        assert answer.status_code == 404
    assert all(len(query) == 1 for query in portal.queries)
