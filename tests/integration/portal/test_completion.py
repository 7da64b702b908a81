"""Reviews, and the completion that a pass sends (contract, section 4)."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from fulfillment_sdk.models import CaseCompleted
from tests.integration.portal.desk import CASE, VERDICTS, Captor, Desk

COMPLETION_MESSAGE = "Case completed - includes full verification data and report"
WAYS_BACK = (
    ("qc_rework", "in_progress"),
    ("qc_rejected", "pending_allocation", "allocated", "in_progress"),
    ("qc_rework", "pending_allocation", "allocated", "in_progress"),
)
"""How a submitted case comes to be worked on again."""


async def test_the_documents_timeline_is_one_to_six_with_its_exact_texts(
    desk: Desk, captor: Captor
) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "qc_passed")
    events = await captor.first(6)
    assert [(event.sequence, event.type, event.message) for event in events] == [
        (1, "case.status_changed", "Case created"),
        (2, "case.status_changed", "Case allocated to worker"),
        (3, "case.status_changed", "Case in progress"),
        (4, "case.status_changed", "Case submitted for review"),
        (5, "case.status_changed", "Case status changed from 'submitted' to 'qc_passed'"),
        (6, "case.completed", COMPLETION_MESSAGE),
    ]


async def test_the_completion_has_an_id_of_its_own_and_its_changes_transition(
    desk: Desk, captor: Captor
) -> None:
    await desk.hire()
    await desk.drive(await desk.create(), "qc_passed")
    changed, completed = (await captor.first(6))[4:]
    assert changed.id != completed.id
    assert changed.transition_id == completed.transition_id
    assert changed.timestamp == completed.timestamp


async def test_a_step_after_the_completion_goes_on_counting(desk: Desk, captor: Captor) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "reported")
    assert [event.sequence for event in await captor.first(7)] == [1, 2, 3, 4, 5, 6, 7]


async def test_the_completion_carries_everything(desk: Desk, captor: Captor) -> None:
    await desk.hire()
    case_id = await desk.create(mine={"kept": True})
    await desk.drive(case_id, "in_progress")
    await desk.submit(case_id, data={"gate": "blue"}, outcome="negative", form_version="3")
    await desk.step(case_id, "qc_rework")
    await desk.step(case_id, "in_progress")
    await desk.submit(case_id, data={"gate": "green"}, outcome="positive")
    desk.clock.advance(3600)
    await desk.step(case_id, "qc_passed")
    await captor.first(9)
    data = captor.payloads()[-1]["data"]
    assert data["case"]["id"] == case_id
    assert data["case"]["request"] == CASE | {"mine": {"kept": True}}
    assert data["case"]["created_at"] == "2025-04-06T08:30:00Z"
    assert data["case"]["assigned_to"] == "intake"
    assert [each["new_status"] for each in data["case"]["timeline"]] == [
        "new",
        "allocated",
        "in_progress",
        "submitted",
        "qc_rework",
        "in_progress",
        "submitted",
        "qc_passed",
    ]
    assert [(each["data"], each["status"]) for each in data["form_submissions"]] == [
        ({"gate": "blue"}, "superseded"),
        ({"gate": "green"}, "submitted"),
    ]
    assert data["form_submissions"][0]["form_version"] == "3"
    assert data["form_submissions"][0]["files"] == []
    assert [each["result"] for each in data["qc_reviews"]] == ["rework", "pass"]
    assert data["qc_review"] == data["qc_reviews"][1]
    assert data["qc_review"]["comments"] == "All photographs are there."
    assert data["qc_review"]["submission_id"] == data["form_submissions"][1]["id"]
    assert data["outcome"] == "positive"
    assert data["completed_at"] == "2025-04-06T09:30:00.250000Z"
    report_url = f"https://gateway.example/api/webhook/webform/cases/{case_id}/report/"
    assert data["report_url"] == report_url
    assert data["report_expires_at"] > data["completed_at"]


async def test_the_sdk_reads_the_completion_into_its_model(desk: Desk, captor: Captor) -> None:
    await desk.hire()
    await desk.drive(await desk.create(), "qc_passed")
    completed = (await captor.first(6))[-1]
    assert isinstance(completed, CaseCompleted)
    assert completed.case is not None
    assert completed.qc_review is not None
    assert completed.case.timeline[-1].message.endswith("to 'qc_passed'")
    assert completed.form_submissions[0].data == {"gate": "blue"}


async def test_a_status_update_carries_codes_only(desk: Desk, captor: Captor) -> None:
    await desk.hire("Amina Odhiambo")
    await desk.drive(await desk.create(), "qc_passed")
    await captor.first(6)
    for payload in captor.payloads()[:5]:
        assert set(payload) == {"id", "type", "version", "timestamp", "data"}
        assert set(payload["data"]) == {
            "case_id",
            "reference_number",
            "organization_id",
            "case_category_id",
            "previous_status",
            "new_status",
            "timestamp",
            "sequence",
            "transition_id",
            "actor",
            "reason",
            "final",
            "message",
        }
    everything = b"".join(captor.bodies[:5])
    for secret in (b"Jane", b"0712345678", b"abuse", b"Amina", b"blue", b"photographs"):
        assert secret not in everything


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing required field: result"),
        ({"result": "fine"}, "Invalid value for field: result"),
        ({"result": "reject"}, "Missing required field: reason_code"),
        ({"result": "reject", "reason_code": "mood"}, "Invalid value for field: reason_code"),
        ({"result": "rework"}, "Missing required field: instructions"),
        ({"result": "rework", "instructions": "  "}, "Missing required field: instructions"),
        ({"result": "pass", "comments": "x" * 10_001}, "Invalid value for field: comments"),
    ],
)
async def test_a_bad_review_is_refused(desk: Desk, body: dict[str, str], message: str) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "submitted")
    answer = await desk.post(f"cases/{case_id}/qc-reviews/", body)
    assert answer.status_code == 400
    assert answer.json() == {"status": "error", "message": message}
    assert (await desk.case(case_id))["status"] == "submitted"


async def test_a_review_is_answered_with_its_transition(desk: Desk) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "submitted")
    answer = await desk.step(case_id, "qc_rejected")
    assert answer.status_code == 201
    assert answer.json()["review"]["reason_code"] == "poor_photo_quality"
    transition = answer.json()["transition"]
    assert (transition["actor"], transition["reason"]) == ("qc", "rejected")


async def test_nothing_is_reviewed_that_was_not_submitted(desk: Desk, captor: Captor) -> None:
    case_id = await desk.create()
    answer = await desk.step(case_id, "qc_passed")
    assert answer.status_code == 409
    message = "Illegal status transition from 'new' to 'qc_passed'"
    assert answer.json()["message"] == message
    await desk.step(case_id, "cancelled")
    assert len(await captor.first(2)) == 2


@pytest.mark.parametrize(("one", "other"), list(itertools.product(VERDICTS, repeat=2)))
async def test_of_two_reviewers_at_once_one_wins_and_the_other_is_told_so(
    desk: Desk, one: str, other: str
) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "submitted")
    tokens = [await desk.token("qc"), await desk.token("qc")]
    answers = await asyncio.gather(
        desk.review(case_id, one, token=tokens[0]), desk.review(case_id, other, token=tokens[1])
    )
    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert (won.status_code, lost.status_code) == (201, 409)
    now = won.json()["transition"]["new_status"]
    asked = other if won is answers[0] else one
    assert lost.json() == {
        "status": "error",
        "message": f"Illegal status transition from '{now}' to '{asked}'",
    }
    shown = await desk.case(case_id)
    assert shown["status"] == now
    assert [each["id"] for each in shown["reviews"]] == [won.json()["review"]["id"]]
    assert desk.notified(case_id) == (6 if now == "qc_passed" else 5)


async def test_after_reworks_and_a_rejection_the_completion_still_has_all_of_it(
    desk: Desk, captor: Captor
) -> None:
    await desk.hire()
    case_id = await desk.create()
    await desk.drive(case_id, "in_progress")
    for number, way_back in enumerate((*WAYS_BACK, ()), 1):
        await desk.submit(case_id, final=False, form_name="draft", data={"visit": number})
        await desk.submit(case_id, form_name="visit", data={"visit": number})
        for to in way_back:
            assert (await desk.step(case_id, to)).status_code == 201
    await desk.step(case_id, "qc_passed")
    sent = await captor.first(4 + sum(map(len, WAYS_BACK)) + len(WAYS_BACK) + 2)
    assert [event.sequence for event in sent] == list(range(1, len(sent) + 1))
    data = captor.payloads()[-1]["data"]
    assert [
        (each["form_name"], each["data"]["visit"], each["status"])
        for each in data["form_submissions"]
    ] == [
        ("draft", 1, "superseded"),
        ("visit", 1, "superseded"),
        ("draft", 2, "superseded"),
        ("visit", 2, "superseded"),
        ("draft", 3, "superseded"),
        ("visit", 3, "superseded"),
        ("draft", 4, "submitted"),
        ("visit", 4, "submitted"),
    ]
    visits = [each["id"] for each in data["form_submissions"] if each["form_name"] == "visit"]
    assert [(each["result"], each["submission_id"]) for each in data["qc_reviews"]] == [
        ("rework", visits[0]),
        ("reject", visits[1]),
        ("rework", visits[2]),
        ("pass", visits[3]),
    ]
    assert data["qc_review"] == data["qc_reviews"][3]
    assert data["qc_reviews"][0]["instructions"] == VERDICTS["qc_rework"]["instructions"]
    assert data["qc_reviews"][1]["reason_code"] == VERDICTS["qc_rejected"]["reason_code"]
    assert [each["sequence"] for each in data["case"]["timeline"]] == list(range(1, len(sent)))
