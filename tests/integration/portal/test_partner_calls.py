"""What the gateway asks for a partner: list, show, cancel, a report once more.

Contract, section 5 over the hop of section 4.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from typing import Any

import httpx
import pytest

from fulfillment_sdk import lifecycle
from fulfillment_sdk.models import StatusChanged
from fulfillment_sdk.server.portal import reports
from fulfillment_sdk.server.portal.partner_cases import NOT_COMPLETED
from tests.integration.portal.desk import (
    CASE,
    INTAKE_TOKEN,
    ORGANIZATION,
    PATHS,
    STAFF_TOKEN,
    Captor,
    Desk,
    order,
)

ANOTHER = "9b2f0b9e-0000-4000-8000-000000000000"
BY_THE_PARTNER = {
    "new": "cancelled",
    "allocated": "cancelled",
    "pending_allocation": "cancelled",
    "in_progress": "cancelled",
    "qc_rejected": "closed_unverified",
}
NOT_FOUND = (404, b'{"status":"error","message":"Not found"}')


def illegal(previous: str) -> dict[str, str]:
    words = f"Illegal status transition from '{previous}' to 'cancelled'"
    return {"status": "error", "message": words}


async def ask(desk: Desk, path: str = "", organization_id: str = ORGANIZATION, **query: str) -> Any:
    """Ask for cases as the gateway does, and return its JSON."""
    answer = await get(desk, path, organization_id=organization_id, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def get(desk: Desk, path: str = "", **query: str) -> httpx.Response:
    return await desk.get(f"intake/cases/{path}", token=INTAKE_TOKEN, **query)


async def cancel(desk: Desk, case_id: str, organization_id: str = ORGANIZATION) -> httpx.Response:
    body = {"organization_id": organization_id}
    return await desk.post(f"intake/cases/{case_id}/cancel/", body, token=INTAKE_TOKEN)


async def reissue(desk: Desk, case_id: str, organization_id: str = ORGANIZATION) -> httpx.Response:
    body = {"organization_id": organization_id}
    return await desk.post(f"intake/cases/{case_id}/report/", body, token=INTAKE_TOKEN)


async def create_for(desk: Desk, organization_id: str, intake_id: str) -> str:
    answer = await desk.intake(order(intake_id, CASE, organization_id))
    assert answer.status_code == 201
    return str(answer.json()["id"])


async def test_a_list_has_an_organizations_cases_alone_the_oldest_first(desk: Desk) -> None:
    mine = [await desk.create(src_uid=f"mine-{number}") for number in range(3)]
    await create_for(desk, ANOTHER, "int_theirs")
    mine.append(await desk.create())
    listed = await ask(desk)
    assert [item["id"] for item in listed["items"]] == mine
    assert [item["src_uid"] for item in listed["items"]] == ["mine-0", "mine-1", "mine-2", None]
    assert listed["next"] is None
    assert listed["items"][0] == {
        "id": mine[0],
        "reference_number": "HL-CMS-000001",
        "status": "new",
        "created_at": "2025-04-06T08:30:00Z",
        "updated_at": "2025-04-06T08:30:00.250000Z",
        "completed_at": None,
        "assigned_to": "intake",
        "outcome": None,
        "src_uid": "mine-0",
    }


async def test_pages_have_every_case_once_also_where_cases_come_in_meanwhile(desk: Desk) -> None:
    mine = []
    for number in range(3):
        mine.append(await desk.create())
        await create_for(desk, ANOTHER, f"int_theirs_{number}")
    seen: list[str] = []
    page = await ask(desk, limit="2")
    while True:
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        while len(mine) < 5:
            mine.append(await desk.create())
        page = await ask(desk, limit="2", after=page["next"])
    assert seen == mine
    assert len(seen) == 5


async def test_a_page_is_no_longer_than_asked_for_and_says_where_the_next_begins(
    desk: Desk,
) -> None:
    for _ in range(2):
        await desk.create()
    assert (await ask(desk, limit="2"))["next"] is None
    assert (await ask(desk, limit="1"))["next"] is not None


async def test_filters_are_exact_and_hold_together(desk: Desk) -> None:
    await desk.hire()
    first, second = await desk.create(), await desk.create()
    theirs = await create_for(desk, ANOTHER, "int_theirs")
    await desk.drive(second, "allocated")
    await desk.drive(theirs, "allocated")
    for query, found in (
        ({"status": "allocated"}, [second]),
        ({"status": "new"}, [first]),
        ({"status": "cancelled"}, []),
        ({"reference_number": "HL-CMS-000001"}, [first]),
        ({"reference_number": "HL-CMS-00000"}, []),
        ({"reference_number": "HL-CMS-000003"}, []),
        ({"intake_id": "int_2"}, [second]),
        ({"intake_id": "int_theirs"}, []),
        ({"intake_id": "int_2", "status": "new"}, []),
    ):
        assert [item["id"] for item in (await ask(desk, **query))["items"]] == found, query


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"status": "open"}, "Unknown status"),
        ({"status": ""}, "Unknown status"),
        ({"reference_number": "\0"}, "Invalid value for field: reference_number"),
        ({"intake_id": ""}, "Invalid value for field: intake_id"),
        ({"after": "x"}, "Invalid value for field: after"),
        ({"limit": "x"}, "Invalid value for field: limit"),
    ],
)
async def test_what_no_list_can_be_asked_for_is_a_400(
    desk: Desk, query: dict[str, str], message: str
) -> None:
    answer = await get(desk, organization_id=ORGANIZATION, **query)
    assert (answer.status_code, answer.json()["message"]) == (400, message)


async def test_a_case_is_shown_with_its_timeline_and_without_a_person(desk: Desk) -> None:
    await desk.hire("Amina Odhiambo")
    case_id = await desk.create(src_uid="mine-7")
    await desk.step(case_id, "allocated", comment="She knows the family.")
    desk.clock.advance(60)
    await desk.step(case_id, "in_progress")
    shown = await ask(desk, f"{case_id}/")
    steps = [(each["previous_status"], each["status"], each["actor"]) for each in shown["timeline"]]
    assert steps == [
        (None, "new", "partner"),
        ("new", "allocated", "ops"),
        ("allocated", "in_progress", "worker"),
    ]
    assert set(shown["timeline"][0]) == {
        "status",
        "previous_status",
        "timestamp",
        "actor",
        "reason",
    }
    assert (shown["status"], shown["src_uid"], shown["report"]) == ("in_progress", "mine-7", None)
    assert shown["updated_at"] == "2025-04-06T08:31:00.250000Z"
    text = str(shown)
    for hidden in ("Jane", "0712345678", "abuse", "safety", "Amina", "family", "wrk_", "admin"):
        assert hidden not in text


async def test_a_completed_case_is_shown_with_its_report_and_outcome(desk: Desk) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "in_progress")
    await desk.submit(case_id, outcome="negative")
    assert (await ask(desk, f"{case_id}/"))["outcome"] is None
    await desk.review(case_id, "qc_passed")
    shown = await ask(desk, f"{case_id}/")
    assert (shown["outcome"], shown["completed_at"]) == ("negative", "2025-04-06T08:30:00.250000Z")
    assert shown["report"] == {
        "url": f"https://gateway.example/api/webhook/webform/cases/{case_id}/report/",
        "expires_at": "2025-07-05T08:30:00.250000Z",
    }


async def test_a_case_of_before_the_second_revision_has_its_src_uid_too(desk: Desk) -> None:
    old, new = await desk.create(src_uid="mine-7"), await desk.create(src_uid="mine-8")
    with closing(sqlite3.connect(desk.settings.data / "portal.db")) as database, database:
        database.execute("UPDATE portal_cases SET src_uid = NULL WHERE id = ?", [old])
    assert [item["src_uid"] for item in (await ask(desk))["items"]] == ["mine-7", "mine-8"]
    assert (await ask(desk, f"{new}/"))["src_uid"] == "mine-8"


async def test_a_src_uid_is_stored_sealed(desk: Desk) -> None:
    await desk.create(src_uid="called-by-Jane")
    raw = b"".join(path.read_bytes() for path in desk.settings.data.glob("portal.db*"))
    assert b"HL-CMS-000001" in raw
    assert b"called-by-Jane" not in raw


@pytest.mark.parametrize(("status", "reason"), BY_THE_PARTNER.items())
async def test_a_partner_cancels_where_its_row_says_so_and_hears_of_it(
    desk: Desk, captor: Captor, status: str, reason: str
) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, status)
    desk.clock.advance(5)
    answer = await cancel(desk, case_id)
    assert answer.status_code == 200
    assert answer.json() == await ask(desk, f"{case_id}/")
    last = answer.json()["timeline"][-1]
    assert last == {
        "status": "cancelled",
        "previous_status": status,
        "timestamp": "2025-04-06T08:30:05.250000Z",
        "actor": "partner",
        "reason": reason,
    }
    told = (await captor.first(len(PATHS[status]) + 2))[-1]
    assert isinstance(told, StatusChanged)
    assert (told.previous_status, told.new_status) == (status, "cancelled")
    assert (told.actor, told.reason, told.final) == ("partner", reason, True)
    assert (await desk.case(case_id))["history"][-1]["done_by"] == "partner"


@pytest.mark.parametrize(
    "status", [each for each in PATHS if each not in {*BY_THE_PARTNER, "cancelled"}]
)
async def test_elsewhere_it_is_the_illegal_steps_409_and_nobody_is_told(
    desk: Desk, status: str
) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, status)
    told = desk.notified(case_id)
    answer = await cancel(desk, case_id)
    assert (answer.status_code, answer.json()) == (409, illegal(status))
    assert desk.notified(case_id) == told
    assert (await ask(desk, f"{case_id}/"))["status"] == status


def test_every_status_is_tried() -> None:
    assert set(PATHS) == set(lifecycle.STATUSES)


async def test_a_repeated_cancellation_answers_alike_and_tells_nobody_twice(desk: Desk) -> None:
    case_id = await desk.create()
    first = await cancel(desk, case_id)
    desk.clock.advance(3600)
    again = await cancel(desk, case_id)
    assert (again.status_code, again.content) == (200, first.content)
    assert desk.notified(case_id) == 2


async def test_what_the_portal_cancelled_is_not_the_partners_to_cancel(desk: Desk) -> None:
    case_id = await desk.create()
    assert (await desk.step(case_id, "cancelled", actor="ops")).status_code == 201
    answer = await cancel(desk, case_id)
    assert (answer.status_code, answer.json()) == (409, illegal("cancelled"))


async def test_a_cancelled_case_has_no_timer_any_more(desk: Desk) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "allocated")
    assert (await desk.case(case_id))["due_at"] is not None
    await cancel(desk, case_id)
    assert (await desk.case(case_id))["due_at"] is None
    desk.clock.advance(3600)
    await desk.portal.timers.run_due(desk.clock.now)
    assert (await desk.case(case_id))["status"] == "cancelled"


async def test_an_expired_report_is_issued_again(desk: Desk) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "payment_complete")
    desk.clock.advance(reports.LIFETIME)
    assert (await desk.report(case_id)).status_code == 410
    answer = await reissue(desk, case_id)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "url": f"https://gateway.example/api/webhook/webform/cases/{case_id}/report/",
            "expires_at": "2025-10-03T08:30:00.250000Z",
        },
    )
    assert answer.json() == (await ask(desk, f"{case_id}/"))["report"]
    assert (await desk.report(case_id)).status_code == 200


@pytest.mark.parametrize("status", ["new", "submitted", "qc_rejected", "cancelled"])
async def test_a_case_that_is_not_completed_has_no_report_to_issue(desk: Desk, status: str) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, status)
    answer = await reissue(desk, case_id)
    assert (answer.status_code, answer.json()["message"]) == (409, NOT_COMPLETED)
    assert (await desk.report(case_id)).status_code == 404


async def test_another_organizations_case_is_the_404_of_none_at_all(desk: Desk) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "qc_passed")
    for asked in (case_id, "case_0", "a b"):
        for organization_id in (ANOTHER, "", "\0", "x" * 200):
            answers = [
                await get(desk, f"{asked}/", organization_id=organization_id),
                await cancel(desk, asked, organization_id),
                await reissue(desk, asked, organization_id),
                await desk.report(asked, organization_id=organization_id),
            ]
            assert all((each.status_code, each.content) == NOT_FOUND for each in answers)
    assert (await desk.case(case_id))["status"] == "qc_passed"


async def test_nobodys_list_is_not_found(desk: Desk) -> None:
    await desk.create()
    assert (await get(desk)).status_code == 404
    assert (await ask(desk, organization_id=ANOTHER)) == {"items": [], "next": None}


async def test_only_the_gateway_asks_for_partners(desk: Desk) -> None:
    case_id = await desk.create()
    body = {"organization_id": ORGANIZATION}
    answers = [
        await desk.get("intake/cases/", organization_id=ORGANIZATION),
        await desk.get(f"intake/cases/{case_id}/", organization_id=ORGANIZATION),
        await desk.post(f"intake/cases/{case_id}/cancel/", body),
        await desk.post(f"intake/cases/{case_id}/report/", body, token=STAFF_TOKEN),
    ]
    assert [each.status_code for each in answers] == [401] * 4
    assert (await desk.case(case_id))["status"] == "new"


async def test_what_a_call_changes_is_one_line_in_the_log(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    case_id = await desk.create()
    with caplog.at_level(logging.INFO, "fulfillment_sdk.server.portal.door"):
        await get(desk, f"{case_id}/", organization_id=ORGANIZATION)
        await cancel(desk, case_id)
        await cancel(desk, case_id, ANOTHER)
    lines = [vars(record) for record in caplog.records if record.name.endswith("portal.door")]
    assert [(line["call"], line["status"]) for line in lines] == [("cancel", 200), ("cancel", 404)]
