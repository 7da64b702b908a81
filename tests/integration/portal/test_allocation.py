"""Workers, and who gets a case (contract, section 7)."""

from __future__ import annotations

from tests.integration.portal.desk import Desk


async def test_a_worker_is_entered_and_listed(desk: Desk) -> None:
    entered = await desk.post(
        "workers/",
        {"name": "Amina", "email": "a@example.com", "phone": "0711", "location": "Kisumu"},
    )
    assert entered.status_code == 201
    worker = entered.json()
    assert worker["id"].startswith("wrk_")
    assert worker["cases_in_hand"] == 0
    listed = (await desk.get("workers/")).json()
    assert listed == {"items": [worker], "next": None}


async def test_a_worker_needs_a_name(desk: Desk) -> None:
    answer = await desk.post("workers/", {"name": " ", "phone": "0711"})
    assert answer.status_code == 400
    assert answer.json() == {"status": "error", "message": "Missing required field: name"}


async def test_an_allocation_names_its_worker(desk: Desk) -> None:
    await desk.hire("the first")
    second = await desk.hire("the second")
    case_id = await desk.create()
    taken = await desk.step(case_id, "allocated", worker_id=second)
    assert taken.json()["worker_id"] == second
    shown = await desk.case(case_id)
    assert shown["worker"]["id"] == second
    assert shown["worker"]["cases_in_hand"] == 1


async def test_without_a_name_the_least_loaded_worker_gets_the_case(desk: Desk) -> None:
    first, second, third = [await desk.hire(name) for name in "abc"]
    given = []
    for _ in range(6):
        taken = await desk.step(await desk.create(), "allocated")
        given.append(taken.json()["worker_id"])
    assert given == [first, second, third, first, second, third]


async def test_only_work_in_hand_counts_as_load(desk: Desk) -> None:
    first, second = [await desk.hire(name) for name in "ab"]
    submitted = await desk.create()
    await desk.drive(submitted, "submitted")
    open_again = await desk.create()
    await desk.step(open_again, "allocated", worker_id=second)
    taken = await desk.step(await desk.create(), "allocated")
    assert taken.json()["worker_id"] == first


async def test_with_nobody_there_an_allocation_waits(desk: Desk) -> None:
    case_id = await desk.create()
    answer = await desk.step(case_id, "allocated")
    assert answer.status_code == 409
    assert answer.json() == {"status": "error", "message": "No worker available"}
    assert (await desk.case(case_id))["status"] == "new"


async def test_a_case_that_waits_again_has_no_worker(desk: Desk) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "pending_allocation")
    shown = await desk.case(case_id)
    assert shown["worker_id"] is None
    assert [each["worker_id"] is None for each in shown["history"]] == [True, False, True]


async def test_a_list_goes_on_where_its_cursor_says(desk: Desk) -> None:
    hired = [await desk.hire(name) for name in "abcde"]
    page = (await desk.get("workers/", limit="2")).json()
    found = page["items"]
    while page["next"]:
        page = (await desk.get("workers/", limit="2", after=page["next"])).json()
        found += page["items"]
    assert [worker["id"] for worker in found] == hired
