"""The lifecycle as the portal holds it (contract, sections 3 and 7)."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.portal.desk import PATHS, VERDICTS, Captor, Desk
from tests.unit.test_lifecycle import DOCUMENTED, PAIRS, ROWS

TABLE = [
    (number, previous, new, *taken.split(":"))
    for number, previous, new, *ways in ROWS
    if previous != "-"
    for taken in ways
]
NEED_MORE = ("submitted", *VERDICTS)
TEXTS = {
    "allocated": "Case allocated to worker",
    "in_progress": "Case in progress",
    "submitted": "Case submitted for review",
}
"""What the documents say; for every other step the sentence is made from its two statuses."""


async def test_a_case_begins_as_new_by_its_partner(desk: Desk, captor: Captor) -> None:
    case_id = await desk.create()
    [begun] = (await desk.case(case_id))["history"]
    assert (begun["previous_status"], begun["new_status"]) == (None, "new")
    assert (begun["actor"], begun["reason"]) == ("partner", "created")
    [event] = await captor.first(1)
    assert (event.previous_status, event.new_status, event.sequence) == (None, "new", 1)
    assert (event.transition_id, event.message) == (begun["id"], "Case created")
    assert not event.final


async def test_every_notification_says_the_case_s_category(desk: Desk, captor: Captor) -> None:
    await desk.hire()
    case_id = await desk.create(case_category_id=362485)
    wordy = await desk.create(case_category_id="what her brother did")
    await desk.drive(case_id, "qc_passed")

    events = await captor.first(7)

    said = {event.case_id: event.raw["data"]["case_category_id"] for event in events}  # type: ignore[index]
    assert said == {case_id: "362485", wordy: None}
    assert b"brother" not in b"".join(captor.bodies)


@pytest.mark.parametrize(
    ("previous", "new", "actor", "reason"),
    [row[1:] for row in TABLE],
    ids=[f"row {number} {actor}: {reason}" for number, _, _, actor, reason in TABLE],
)
async def test_every_row_of_the_table_is_taken_as_each_of_its_actors(
    desk: Desk, captor: Captor, previous: str, new: str, actor: str, reason: str
) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, previous)
    answer = await desk.step(case_id, new, actor=actor, reason=reason)
    assert answer.status_code == 201, answer.text
    taken = answer.json()["transition"] if new in NEED_MORE else answer.json()
    assert (taken["previous_status"], taken["new_status"]) == (previous, new)
    assert (taken["actor"], taken["reason"]) == (actor, reason)
    assert (await desk.case(case_id))["status"] == new
    event = (await captor.first(taken["sequence"]))[-1]
    assert (event.previous_status, event.new_status) == (previous, new)
    assert event.transition_id == taken["id"]
    assert (event.sequence, event.actor, event.reason) == (taken["sequence"], actor, reason)
    assert event.final == (new in ("cancelled", "payment_complete"))
    assert event.message == TEXTS.get(new, f"Case status changed from '{previous}' to '{new}'")
    # One notification for the change, and after a pass the completion: no more than that.
    completes = new == "qc_passed"
    assert desk.notified(case_id) == taken["sequence"] + completes


@pytest.mark.parametrize("previous", PATHS)
async def test_every_other_step_is_refused_and_notifies_nobody(desk: Desk, previous: str) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, previous)
    before, notified = await desk.case(case_id), desk.notified(case_id)
    refused = [to for to in DOCUMENTED if (previous, to) not in PAIRS]
    assert previous in refused
    for to in refused:
        calls = [await desk.post(f"cases/{case_id}/transitions/", {"to": to})]
        if to in NEED_MORE:
            calls.append(await desk.step(case_id, to))
        for answer in calls:
            assert answer.status_code == 409
            assert answer.json() == {
                "status": "error",
                "message": f"Illegal status transition from '{previous}' to '{to}'",
            }
    assert await desk.case(case_id) == before
    assert desk.notified(case_id) == notified


@pytest.mark.parametrize(
    ("to", "call"), [("submitted", "submissions/"), *((to, "qc-reviews/") for to in VERDICTS)]
)
async def test_a_step_that_needs_more_names_the_call_that_takes_it(
    desk: Desk, to: str, call: str
) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "in_progress" if to == "submitted" else "submitted")
    before = await desk.case(case_id)
    answer = await desk.post(f"cases/{case_id}/transitions/", {"to": to})
    assert answer.status_code == 409
    assert answer.json()["status"] == "error"
    assert f"POST cases/{{id}}/{call}" in answer.json()["message"]
    assert await desk.case(case_id) == before
    assert desk.notified(case_id) == len(before["history"])


async def test_an_admin_acts_as_the_rows_first_actor_by_default(desk: Desk) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "allocated")
    taken = (await desk.step(case_id, "pending_allocation")).json()
    assert (taken["actor"], taken["reason"]) == ("worker", "assignment_rejected")


async def test_a_named_actors_reason_is_taken_from_the_row(desk: Desk) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "allocated")
    taken = (await desk.step(case_id, "pending_allocation", actor="ops")).json()
    assert (taken["actor"], taken["reason"]) == ("ops", "unassigned")


@pytest.mark.parametrize(
    "body",
    [
        {"to": "accepted-by-nobody"},
        {"to": "cancelled", "actor": "qc"},
        {"to": "cancelled", "actor": "ops", "reason": "closed_unverified"},
        {"to": "cancelled", "reason": "assigned"},
        {"to": "cancelled", "worker_id": "wrk_1"},
        {"to": "allocated", "worker_id": "wrk_unheard_of"},
        {"to": ["cancelled"]},
        {"to": "cancelled", "comment": 7},
        {},
    ],
)
async def test_what_the_row_does_not_list_is_a_bad_request_without_an_echo(
    desk: Desk, body: dict[str, object]
) -> None:
    await desk.hire()
    case_id = await desk.create()
    answer = await desk.post(f"cases/{case_id}/transitions/", body)
    assert answer.status_code == 400
    assert answer.json()["status"] == "error"
    for value in ("accepted-by-nobody", "closed_unverified", "wrk_"):
        assert value not in answer.text
    assert (await desk.case(case_id))["status"] == "new"


@pytest.mark.parametrize("body", [b"{", b'{"to":"new","to":"cancelled"}', b"[]", b"\xff"])
async def test_a_body_that_is_no_json_object_is_a_bad_request(desk: Desk, body: bytes) -> None:
    case_id = await desk.create()
    answer = await desk.http.post(
        f"/portal/api/cases/{case_id}/transitions/",
        content=body,
        headers={"Authorization": f"Bearer {desk.settings.staff_token}"},
    )
    assert answer.status_code == 400
    assert answer.json()["message"] == "Invalid JSON in request body"


async def test_of_two_people_acting_at_once_one_wins(desk: Desk, captor: Captor) -> None:
    await desk.hire()
    case_id = await desk.create()
    answers = await asyncio.gather(*(desk.step(case_id, "allocated") for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    [lost] = [answer.json() for answer in answers if answer.status_code == 409]
    assert lost["message"] == "Illegal status transition from 'allocated' to 'allocated'"
    await desk.step(case_id, "cancelled")
    events = await captor.first(3)
    assert [event.new_status for event in events] == ["new", "allocated", "cancelled"]


async def test_a_case_that_is_not_there_is_not_found(desk: Desk) -> None:
    for case_id in ("case_0", "..", "a%00b", "x" * 65):
        answer = await desk.post(f"cases/{case_id}/transitions/", {"to": "cancelled"})
        assert answer.status_code == 404
    assert (await desk.get("cases/case_0/")).status_code == 404


async def test_a_comment_stays_in_the_portal(desk: Desk, captor: Captor) -> None:
    case_id = await desk.create()
    await desk.step(case_id, "cancelled", comment="Reporter withdrew: moved to Kisumu")
    shown = await desk.case(case_id)
    assert shown["history"][-1]["comment"] == "Reporter withdrew: moved to Kisumu"
    assert shown["history"][-1]["done_by"] == "admin"
    await captor.first(2)
    assert not any(b"Kisumu" in body for body in captor.bodies)


async def test_addresses_work_without_their_last_slash(desk: Desk) -> None:
    case_id = await desk.create()
    answer = await desk.post(f"cases/{case_id}/transitions", {"to": "cancelled"})
    assert answer.status_code == 201
