"""Forms that workers submit (contract, sections 3, 4 and 7)."""

from __future__ import annotations

import pytest

from fulfillment_sdk.server.portal import completion
from tests.integration.portal.desk import Captor, Desk


@pytest.fixture
async def case_id(desk: Desk) -> str:
    """Return a case that is being worked on."""
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "in_progress")
    return case_id


async def test_the_final_form_moves_the_case_on(desk: Desk, captor: Captor, case_id: str) -> None:
    answer = await desk.submit(case_id, data={"gate": "blue"}, outcome="positive")
    assert answer.status_code == 201
    submission, transition = answer.json()["submission"], answer.json()["transition"]
    assert submission["id"].startswith("sub_")
    assert submission["data"] == {"gate": "blue"}
    assert (submission["form_version"], submission["status"]) == ("1", "submitted")
    assert (transition["actor"], transition["reason"]) == ("worker", "form_submitted")
    event = (await captor.first(4))[-1]
    assert event.message == "Case submitted for review"
    assert (await desk.case(case_id))["outcome"] == "positive"


async def test_a_form_is_final_unless_it_says_otherwise(desk: Desk, case_id: str) -> None:
    answer = await desk.post(
        f"cases/{case_id}/submissions/", {"form_name": "Visit", "data": {"a": 1}}
    )
    assert answer.json()["transition"]["new_status"] == "submitted"


async def test_a_form_that_is_not_final_leaves_the_case_where_it_is(
    desk: Desk, captor: Captor, case_id: str
) -> None:
    answer = await desk.submit(case_id, final=False)
    assert answer.status_code == 201
    assert answer.json()["transition"] is None
    assert (await desk.case(case_id))["status"] == "in_progress"
    await desk.step(case_id, "cancelled")
    events = await captor.first(4)
    assert [event.new_status for event in events][2:] == ["in_progress", "cancelled"]


async def test_a_final_form_is_refused_where_no_work_is_in_progress(desk: Desk) -> None:
    case_id = await desk.create()
    answer = await desk.submit(case_id)
    assert answer.status_code == 409
    message = "Illegal status transition from 'new' to 'submitted'"
    assert answer.json() == {"status": "error", "message": message}
    assert (await desk.case(case_id))["submissions"] == []


async def test_no_other_form_is_taken_there_either(desk: Desk) -> None:
    case_id = await desk.create()
    answer = await desk.submit(case_id, final=False)
    assert answer.status_code == 409
    assert "in progress" in answer.json()["message"]


async def test_after_a_rework_a_new_form_supersedes_the_older_ones(
    desk: Desk, case_id: str
) -> None:
    await desk.submit(case_id, final=False, form_name="Draft")
    await desk.submit(case_id, form_name="Visit")
    for to in ("qc_rework", "in_progress"):
        assert (await desk.step(case_id, to)).status_code == 201
    before = (await desk.case(case_id))["submissions"]
    assert [each["status"] for each in before] == ["submitted", "submitted"]
    await desk.submit(case_id, form_name="Second visit")
    after = (await desk.case(case_id))["submissions"]
    assert [(each["form_name"], each["status"]) for each in after] == [
        ("Draft", "superseded"),
        ("Visit", "superseded"),
        ("Second visit", "submitted"),
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"form_name": ""}, "Missing required field: form_name"),
        ({"data": None}, "Missing required field: data"),
        ({"data": []}, "Invalid value for field: data"),
        ({"final": "yes"}, "Invalid value for field: final"),
        ({"outcome": "splendid"}, "Invalid value for field: outcome"),
        ({"form_name": "a\u0000b"}, "Invalid value for field: form_name"),
    ],
)
async def test_a_bad_form_is_refused_without_an_echo(
    desk: Desk, case_id: str, fields: dict[str, object], message: str
) -> None:
    answer = await desk.submit(case_id, **fields)
    assert answer.status_code == 400
    assert answer.json() == {"status": "error", "message": message}


async def test_what_would_make_the_completion_too_large_is_refused(
    desk: Desk, captor: Captor, case_id: str
) -> None:
    most = completion.LIMIT - completion.RESERVE - 64 * 1024
    assert (await desk.submit(case_id, final=False, data={"x": "y" * most})).status_code == 201
    answer = await desk.submit(case_id, data={"x": "y" * 64 * 1024})
    assert answer.status_code == 413
    assert "8 MiB" in answer.json()["message"]
    assert (await desk.case(case_id))["status"] == "in_progress"
    assert (await desk.submit(case_id, data={})).status_code == 201
    assert (await desk.step(case_id, "qc_passed")).status_code == 201
    await captor.first(6)
    assert most < len(captor.bodies[-1]) <= completion.LIMIT


async def test_a_body_over_the_limit_is_refused(desk: Desk, case_id: str) -> None:
    answer = await desk.submit(case_id, data={"x": "y" * (9 * 1024 * 1024)})
    assert answer.status_code == 413
