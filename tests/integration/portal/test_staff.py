"""Who may do what (contract, section 7)."""

from __future__ import annotations

import pytest

from fulfillment_sdk.lifecycle import TRANSITIONS
from tests.integration.portal.desk import FORM, VERDICTS, Desk

ROLES = ("ops", "engine", "worker", "qc", "finance", "system")
PLAIN = [
    row
    for row in TRANSITIONS
    if row.previous is not None and row.new != "submitted" and row.new not in VERDICTS
]


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_takes_the_steps_of_its_actor_and_no_other(desk: Desk, role: str) -> None:
    await desk.hire()
    token = await desk.token(role)
    # What is refused leaves the case as it is, so one case does for all of a status.
    for previous in {str(row.previous): None for row in PLAIN}:
        case_id = await desk.create()
        await desk.drive(case_id, previous)
        rows = [row for row in PLAIN if row.previous == previous]
        for row in sorted(rows, key=lambda row: role in row.actors):
            asked = {"to": str(row.new)}
            answer = await desk.post(f"cases/{case_id}/transitions/", asked, token=token)
            if role not in row.actors:
                assert answer.status_code == 403
                assert answer.json()["status"] == "error"
            else:
                assert answer.status_code == 201
                assert answer.json()["actor"] == role
                case_id = await desk.create()
                await desk.drive(case_id, previous)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("to", ["submitted", *VERDICTS])
async def test_forms_and_reviews_too_come_from_their_actor_alone(
    desk: Desk, to: str, role: str
) -> None:
    await desk.hire()
    token = await desk.token(role)
    case_id = await desk.create()
    await desk.drive(case_id, "in_progress" if to == "submitted" else "submitted")
    before = await desk.case(case_id)
    if to == "submitted":
        answer = await desk.post(f"cases/{case_id}/submissions/", FORM, token=token)
    else:
        answer = await desk.review(case_id, to, token=token)
    if role == ("worker" if to == "submitted" else "qc"):
        assert answer.status_code == 201
        assert answer.json()["transition"]["actor"] == role
    else:
        assert answer.status_code == 403
        assert await desk.case(case_id) == before
        assert desk.notified(case_id) == len(before["history"])


async def test_nobody_but_an_admin_acts_as_somebody_else(desk: Desk) -> None:
    case_id = await desk.create()
    answer = await desk.post(
        f"cases/{case_id}/transitions/",
        {"to": "cancelled", "actor": "partner"},
        token=await desk.token("ops"),
    )
    assert answer.status_code == 403
    answer = await desk.post(
        f"cases/{case_id}/transitions/",
        {"to": "cancelled", "actor": "partner"},
        token=await desk.token("admin"),
    )
    assert answer.status_code == 201


async def test_only_a_worker_submits_and_only_qc_reviews(desk: Desk) -> None:
    await desk.hire()
    worker, qc = await desk.token("worker"), await desk.token("qc")
    case_id = await desk.create()
    await desk.drive(case_id, "in_progress")
    form = {"form_name": "Visit", "data": {}, "final": True}
    draft = form | {"final": False}
    submissions, reviews = f"cases/{case_id}/submissions/", f"cases/{case_id}/qc-reviews/"
    assert (await desk.post(submissions, form, token=qc)).status_code == 403
    assert (await desk.post(submissions, draft, token=qc)).status_code == 403
    assert (await desk.post(submissions, draft, token=worker)).status_code == 201
    assert (await desk.post(submissions, form, token=worker)).status_code == 201
    assert (await desk.post(reviews, {"result": "pass"}, token=worker)).status_code == 403
    assert (await desk.post(reviews, {"result": "pass"}, token=qc)).status_code == 201


async def test_the_history_says_who_did_it(desk: Desk) -> None:
    entered = (await desk.post("staff/", {"name": "Otieno", "role": "ops"})).json()
    case_id = await desk.create()
    await desk.post(f"cases/{case_id}/transitions/", {"to": "cancelled"}, token=entered["token"])
    history = (await desk.case(case_id))["history"]
    assert [each["done_by"] for each in history] == ["intake", entered["id"]]


async def test_a_staff_token_is_shown_once(desk: Desk) -> None:
    answer = await desk.post("staff/", {"name": "Otieno", "role": "ops"})
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    entered = answer.json()
    token = entered.pop("token")
    assert len(token) > 40
    listed = await desk.get("staff/")
    assert listed.json() == {"items": [entered], "next": None}
    assert token not in listed.text


async def test_the_list_of_staff_pages(desk: Desk) -> None:
    for role in ("ops", "qc", "worker"):
        await desk.token(role)
    first = (await desk.get("staff/", limit="2")).json()
    rest = (await desk.get("staff/", limit="2", after=first["next"])).json()
    assert [each["role"] for each in first["items"] + rest["items"]] == ["ops", "qc", "worker"]
    assert rest["next"] is None


async def test_a_revoked_token_stops_at_once(desk: Desk) -> None:
    entered = (await desk.post("staff/", {"name": "Otieno", "role": "ops"})).json()
    assert (await desk.get("cases/", token=entered["token"])).status_code == 200
    revoked = await desk.delete(f"staff/{entered['id']}/")
    assert revoked.status_code == 200
    assert revoked.json()["revoked_at"] is not None
    assert (await desk.get("cases/", token=entered["token"])).status_code == 401
    again = await desk.delete(f"staff/{entered['id']}/")
    assert again.json() == revoked.json()
    assert (await desk.delete("staff/stf_0/")).status_code == 404


@pytest.mark.parametrize("role", ["ops", "qc"])
async def test_only_an_admin_sees_and_makes_staff(desk: Desk, role: str) -> None:
    token = await desk.token(role)
    body = {"name": "x", "role": "admin"}
    assert (await desk.get("staff/", token=token)).status_code == 403
    assert (await desk.post("staff/", body, token=token)).status_code == 403
    assert (await desk.delete("staff/stf_0/", token=token)).status_code == 403


async def test_only_ops_and_admins_enter_workers(desk: Desk) -> None:
    qc, ops = await desk.token("qc"), await desk.token("ops")
    assert (await desk.post("workers/", {"name": "x"}, token=qc)).status_code == 403
    assert (await desk.post("workers/", {"name": "x"}, token=ops)).status_code == 201


@pytest.mark.parametrize("role", ["timer", "partner", "king", ""])
async def test_a_role_that_staff_cannot_have_is_refused(desk: Desk, role: str) -> None:
    answer = await desk.post("staff/", {"name": "x", "role": role})
    assert answer.status_code == 400
    assert "role" in answer.json()["message"]


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic c3RhZmY=", "Bearer a b"])
async def test_without_a_staff_token_nothing_opens(desk: Desk, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for method, path in (
        ("GET", "cases/"),
        ("GET", "cases/case_1/"),
        ("POST", "cases/case_1/transitions/"),
        ("POST", "cases/case_1/submissions/"),
        ("POST", "cases/case_1/qc-reviews/"),
        ("GET", "workers/"),
        ("POST", "workers/"),
        ("GET", "staff/"),
        ("POST", "staff/"),
        ("GET", "deliveries/"),
        ("POST", "deliveries/evt_1/replay/"),
    ):
        answer = await desk.http.request(method, f"/portal/api/{path}", headers=headers)
        assert answer.status_code == 401
        assert answer.json() == {
            "status": "error",
            "message": "Invalid or expired authentication token",
        }


async def test_the_intake_token_opens_no_staff_address(desk: Desk) -> None:
    answer = await desk.get("cases/", token=desk.settings.intake_token)
    assert answer.status_code == 401
