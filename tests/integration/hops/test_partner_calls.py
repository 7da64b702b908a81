"""A partner's calls about its cases, over both hops: contract, section 5."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest

from fulfillment_sdk import signing, wire
from tests.integration.gateway.parts import BASE, CASE
from tests.integration.hops.loop import Loop, open_loop

SECRET = signing.new_secret()


async def call(loop: Loop, method: str, path: str, request_id: str = "req-7") -> httpx.Response:
    headers = {"Authorization": f"Bearer {loop.token}", "X-Request-Id": request_id}
    return await loop.house.http.request(method, f"{BASE}/{path}", headers=headers)


async def items(loop: Loop, query: str = "") -> list[dict[str, Any]]:
    answer = await call(loop, "GET", f"cases/{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_a_case_whose_201_was_lost_is_found_by_its_src_uid(tmp_path: Path) -> None:
    async with open_loop(tmp_path, signs_with=[SECRET]) as loop:
        await loop.create(**CASE, src_uid="mine-6")
        # The portal makes the case; what it answers never arrives.
        loop.asked.loses = 1
        lost = await loop.house.post(f"{BASE}/", {**CASE, "src_uid": "mine-7"}, token=loop.token)
        assert lost.status_code == 503
        [found] = await items(loop, "?src_uid=mine-7")
        assert (found["src_uid"], found["reference_number"]) == ("mine-7", "HL-CMS-000002")
        again = await loop.house.post(f"{BASE}/", {**CASE, "src_uid": "mine-7"}, token=loop.token)
        assert again.json()["id"] == found["id"]
        assert again.json()["created_at"] == found["created_at"]
        assert await items(loop, "?src_uid=mine-8") == []
        assert [each["src_uid"] for each in await items(loop)] == ["mine-6", "mine-7"]


async def test_lists_page_and_filter_over_both_hops(tmp_path: Path) -> None:
    async with open_loop(tmp_path, signs_with=[SECRET]) as loop:
        made = [await loop.create(**CASE) for _ in range(5)]
        await loop.work(f"cases/{made[3]}/transitions/", {"to": "cancelled"})
        seen: list[str] = []
        after = ""
        while True:
            page = (await call(loop, "GET", f"cases/?limit=2{after}")).json()
            seen += [each["id"] for each in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert seen == made
        assert [each["id"] for each in await items(loop, "?status=cancelled")] == [made[3]]
        numbered = await items(loop, "?reference_number=HL-CMS-000002&status=new")
        assert [each["id"] for each in numbered] == [made[1]]
        assert (await call(loop, "GET", "cases/?after=nowhere")).status_code == 400


async def test_a_partner_cancels_hears_of_it_and_may_ask_again(tmp_path: Path) -> None:
    async with open_loop(tmp_path, signs_with=[SECRET]) as loop:
        await loop.subscribe()
        await loop.work("workers/", {"name": "Amina Odhiambo"})
        case_id = await loop.create(**CASE)
        await loop.drive(case_id, "allocated", "in_progress")
        cancelled = await call(loop, "POST", f"cases/{case_id}/cancel/")
        assert cancelled.status_code == 200
        assert cancelled.content == (await call(loop, "POST", f"cases/{case_id}/cancel/")).content
        assert cancelled.content == (await call(loop, "GET", f"cases/{case_id}/")).content
        told = [wire.load_event(body) for _, body in await loop.arrived(4)]
        assert [(one.sequence, one.new_status, one.actor) for one in told] == [
            (1, "new", "partner"),
            (2, "allocated", "ops"),
            (3, "in_progress", "worker"),
            (4, "cancelled", "partner"),
        ]
        assert loop.partner.arrived.empty()
        assert [each["status"] for each in cancelled.json()["timeline"]] == [
            one.new_status for one in told
        ]


async def test_a_cancellation_that_comes_too_late_is_the_illegal_steps_409(
    tmp_path: Path,
) -> None:
    async with open_loop(tmp_path, signs_with=[SECRET]) as loop:
        await loop.work("workers/", {"name": "Amina Odhiambo"})
        case_id = await loop.create(**CASE)
        await loop.drive(case_id, "allocated", "in_progress", "submitted")
        answer = await call(loop, "POST", f"cases/{case_id}/cancel/")
        assert (answer.status_code, answer.json()) == (
            409,
            {
                "status": "error",
                "message": "Illegal status transition from 'submitted' to 'cancelled'",
            },
        )


async def test_of_a_cancellation_and_a_step_at_once_one_wins(tmp_path: Path) -> None:
    async with open_loop(tmp_path, signs_with=[SECRET]) as loop:
        await loop.work("workers/", {"name": "Amina Odhiambo"})
        for _ in range(4):
            case_id = await loop.create(**CASE)
            step = {"to": "cancelled", "actor": "ops"}
            headers = {"Authorization": f"Bearer {loop.staff_token}"}
            ours, theirs = await asyncio.gather(
                call(loop, "POST", f"cases/{case_id}/cancel/"),
                loop.staff.post(
                    f"/portal/api/cases/{case_id}/transitions/", json=step, headers=headers
                ),
            )
            [loser] = [each for each in (ours, theirs) if each.status_code == 409]
            assert loser.json()["message"] == (
                "Illegal status transition from 'cancelled' to 'cancelled'"
            )
            timeline = (await call(loop, "GET", f"cases/{case_id}/")).json()["timeline"]
            assert [each["status"] for each in timeline] == ["new", "cancelled"]


async def test_a_completed_case_leads_to_its_report(tmp_path: Path) -> None:
    async with open_loop(tmp_path, signs_with=[SECRET]) as loop:
        await loop.work("workers/", {"name": "Amina Odhiambo"})
        case_id = await loop.create(**CASE)
        early = await call(loop, "POST", f"cases/{case_id}/report/")
        assert (early.status_code, early.json()["status"]) == (409, "error")
        await loop.drive(case_id, "allocated", "in_progress", "submitted", "qc_passed")
        shown = (await call(loop, "GET", f"cases/{case_id}/")).json()["report"]
        again = await call(loop, "POST", f"cases/{case_id}/report/")
        assert again.status_code == 200
        assert again.json()["url"] == shown["url"]
        assert again.json()["expires_at"] > shown["expires_at"]
        path = shown["url"].partition("/webform/")[2]
        report = await call(loop, "GET", path)
        assert report.content.startswith(b"%PDF-")
        assert report.headers["Content-Disposition"] == 'attachment; filename="HL-CMS-000001.pdf"'


async def test_a_partners_request_id_is_in_both_logs_and_in_the_inner_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_loop(tmp_path, signs_with=[SECRET]) as loop:
        case_id = await loop.create(**CASE)
        caplog.clear()
        before = len(loop.asked.passed)
        with caplog.at_level(logging.DEBUG, "fulfillment_sdk.server"):
            answers = [
                await call(loop, "GET", f"cases/{case_id}/", "req-show"),
                await call(loop, "POST", f"cases/{case_id}/cancel/", "req-cancel"),
                await call(loop, "GET", f"cases/{case_id}/report/", "req-report"),
                await call(loop, "GET", "cases/", "not harmless\t"),
            ]
    assert [each.status_code for each in answers] == [200, 200, 404, 200]
    given = [each.headers["X-Request-Id"] for each in answers]
    assert given[:3] == ["req-show", "req-cancel", "req-report"]
    assert given[3].startswith("req_")
    inner = loop.asked.passed[before:]
    assert [one.headers["x-request-id"] for one in inner] == given
    assert [one.answered["x-request-id"] for one in inner] == given
    for room in ("gateway.upstream.connection", "metrics"):
        lines = [vars(one) for one in caplog.records if one.name.endswith(room)]
        assert set(given) <= {line["request_id"] for line in lines}
    [line] = [vars(one) for one in caplog.records if one.name.endswith("portal.door")]
    assert (line["call"], line["status"], line["request_id"]) == ("cancel", 200, "req-cancel")
    told = json.dumps([str(vars(one)) for one in caplog.records])
    assert all(word not in told for word in (loop.token, "John Doe", "harassment"))
