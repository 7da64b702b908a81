"""The lifecycle as the portal holds it (contract, sections 3 and 7)."""

from __future__ import annotations

import asyncio

import pytest

from fulfillment_sdk.lifecycle import STATUSES, TRANSITIONS, find
from tests.integration.portal.desk import PATHS, VERDICTS, Captor, Desk

PLAIN = [
    (row.previous, row.new, actor, reason)
    for row in TRANSITIONS
    for actor, reason in row.reasons
    if row.previous is not None and row.new != "submitted" and row.new not in VERDICTS
]


@pytest.mark.parametrize(("previous", "new", "actor", "reason"), PLAIN)
async def test_an_admin_takes_every_plain_step_as_each_of_its_actors(
    desk: Desk, captor: Captor, previous: str, new: str, actor: str, reason: str
) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, previous)
    answer = await desk.step(case_id, new, actor=actor, reason=reason)
    assert answer.status_code == 201, answer.text
    taken = answer.json()
    assert (taken["previous_status"], taken["new_status"]) == (previous, new)
    assert (taken["actor"], taken["reason"]) == (actor, reason)
    event = (await captor.first(taken["sequence"]))[-1]
    assert event.transition_id == taken["id"]
    assert (event.sequence, event.actor, event.reason) == (taken["sequence"], actor, reason)
    assert event.final == (new in ("cancelled", "payment_complete"))


@pytest.mark.parametrize("previous", PATHS)
async def test_every_other_step_is_refused_and_notifies_nobody(
    desk: Desk, captor: Captor, previous: str
) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, previous)
    before = await desk.case(case_id)
    for to in STATUSES:
        if find(previous, to) is not None:
            continue
        answer = await desk.post(f"cases/{case_id}/transitions/", {"to": str(to)})
        assert answer.status_code == 409
        assert answer.json() == {
            "status": "error",
            "message": f"Illegal status transition from '{previous}' to '{to}'",
        }
    assert await desk.case(case_id) == before
    deliveries = await desk.captor.first(before["history"][-1]["sequence"])
    assert [event.sequence for event in deliveries] == list(range(1, len(deliveries) + 1))


@pytest.mark.parametrize(
    ("to", "words"), [("submitted", "submissions/"), *((to, "qc-reviews/") for to in VERDICTS)]
)
async def test_a_step_that_needs_more_names_the_call_that_takes_it(
    desk: Desk, to: str, words: str
) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "in_progress" if to == "submitted" else "submitted")
    answer = await desk.post(f"cases/{case_id}/transitions/", {"to": to})
    assert answer.status_code == 409
    assert words in answer.json()["message"]


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
