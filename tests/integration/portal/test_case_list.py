"""Finding cases (contract, section 7)."""

from __future__ import annotations

import pytest

from tests.integration.portal.desk import Desk, order


async def test_cases_are_listed_newest_first_page_by_page(desk: Desk) -> None:
    made = [await desk.create() for _ in range(5)]
    page = (await desk.get("cases/", limit="2")).json()
    assert [case["id"] for case in page["items"]] == made[4:2:-1]
    page = (await desk.get("cases/", limit="2", after=page["next"])).json()
    assert [case["id"] for case in page["items"]] == made[2:0:-1]
    page = (await desk.get("cases/", limit="2", after=page["next"])).json()
    assert [case["id"] for case in page["items"]] == made[:1]
    assert page["next"] is None


async def test_cases_are_found_by_status(desk: Desk) -> None:
    await desk.create()
    cancelled = await desk.create()
    await desk.step(cancelled, "cancelled")
    found = (await desk.get("cases/", status="cancelled")).json()["items"]
    assert [case["id"] for case in found] == [cancelled]


async def test_cases_are_found_by_number_organization_and_worker(desk: Desk) -> None:
    worker = await desk.hire()
    first = await desk.create()
    await desk.step(first, "allocated")
    other = (await desk.intake(order("other", organization_id="another"))).json()["id"]
    for query, expected in (
        ("000001", [first]),
        ("HL-CMS-000002", [other]),
        ("another", [other]),
        (worker, [first]),
        (first, [first]),
        ("%", []),
        ("Jane", []),
    ):
        found = (await desk.get("cases/", q=query)).json()["items"]
        assert [case["id"] for case in found] == expected, query


@pytest.mark.parametrize(
    "query",
    [
        {"status": "accepted"},
        {"after": "x"},
        {"after": "-1"},
        {"limit": "many"},
        {"q": "a\u0000"},
        {"q": "a" * 129},
    ],
)
async def test_a_question_that_makes_no_sense_is_a_bad_request(
    desk: Desk, query: dict[str, str]
) -> None:
    answer = await desk.get("cases/", **query)
    assert answer.status_code == 400
    assert answer.json()["status"] == "error"


async def test_a_list_shows_no_part_of_the_request(desk: Desk) -> None:
    await desk.create()
    assert "Jane" not in (await desk.get("cases/")).text


async def test_a_case_is_shown_with_everything(desk: Desk) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "qc_passed")
    shown = await desk.case(case_id)
    assert shown["reference_number"] == "HL-CMS-000001"
    assert shown["status"] == "qc_passed"
    assert shown["request"]["reporter"]["fname"] == "Jane Smith"
    assert len(shown["history"]) == 5
    assert len(shown["submissions"]) == 1
    assert shown["reviews"][0]["comments"] == "All photographs are there."
    assert shown["report"]["url"].endswith(f"/cases/{case_id}/report/")
