"""Lifecycle and notifications of one real server, to the letter (contract, sections 3 and 4)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import attrs
import pytest
import requests

from fulfillment_sdk import Client, signing
from fulfillment_sdk.cli.demo.case import physical_abuse
from fulfillment_sdk.errors import InvalidField, SignatureError
from fulfillment_sdk.lifecycle import find
from fulfillment_sdk.models import Verification
from tests.ports import free_port
from tests.unit.test_lifecycle import DOCUMENTED, PAIRS, ROWS

from ._endpoints import RESET, Answer, Listener, Received, eventually, passing_on
from ._partner import EMAIL, verified
from ._server import SECONDS, ServerProcess
from ._staff import Staff
from .test_whole_loop import TIMELINE

RETRY_AFTER = {
    "at-once": "0",
    "in-a-year": "31536000",
    "gone-by": "Sun, 06 Apr 2025 16:00:00 GMT",
    "in-a-hundred-years": "Fri, 06 Apr 2125 16:00:00 GMT",
}
NEW, OLD = signing.new_secret(), signing.new_secret()
TRIES = 4

FORM = {"form_name": "home_visit", "data": {"visited": True}, "final": True}
VERDICTS: Mapping[str, dict[str, object]] = {
    "qc_passed": {"result": "pass"},
    "qc_rejected": {"result": "reject", "reason_code": "other"},
    "qc_rework": {"result": "rework", "instructions": "Visit once more."},
}
MAIN = ("allocated", "in_progress", "submitted", "qc_passed", "reported", "in_payment_cycle")
PATHS: Mapping[str, tuple[str, ...]] = {
    "new": (),
    "pending_allocation": ("allocated", "pending_allocation"),
    "cancelled": ("cancelled",),
    "payment_complete": (*MAIN, "payment_complete"),
    "qc_rejected": (*MAIN[:3], "qc_rejected"),
    "qc_rework": (*MAIN[:3], "qc_rework"),
    **{status: MAIN[: number + 1] for number, status in enumerate(MAIN)},
}


@attrs.define
class Office:
    """One running server, its staff, and a partner; `tap` stands before the gateway."""

    server: ServerProcess
    client: Client
    tap: Listener
    partner: Listener

    def post(self, path: str, body: object, *, token: str = "") -> requests.Response:
        headers = {"Authorization": f"Bearer {token or self.server.staff_token}"}
        url = f"{self.server.address}/portal/api/{path}"
        return requests.post(url, json=body, headers=headers, timeout=SECONDS)

    def get(self, path: str, **query: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.server.staff_token}"}
        url = f"{self.server.address}/{path}"
        found: dict[str, Any] = requests.get(
            url, headers=headers, params=query, timeout=SECONDS
        ).json()
        return found

    def create(self, *, due_at: str | None = None) -> str:
        case = physical_abuse()
        if due_at is not None:
            case = attrs.evolve(case, verification=Verification(due_at=due_at))
        return self.client.cases.create(case).id

    def step(self, case_id: str, to: str, *, token: str = "") -> requests.Response:
        """Take a step by the call that takes it."""
        if to == "submitted":
            return self.post(f"cases/{case_id}/submissions/", FORM, token=token)
        if to in VERDICTS:
            return self.post(f"cases/{case_id}/qc-reviews/", VERDICTS[to], token=token)
        return self.post(f"cases/{case_id}/transitions/", {"to": to}, token=token)

    def drive(self, case_id: str, *statuses: str) -> None:
        for to in statuses:
            answer = self.step(case_id, to)
            assert answer.status_code == 201, answer.text

    def case(self, case_id: str) -> dict[str, Any]:
        return self.get(f"portal/api/cases/{case_id}/")

    def told_of_disabling(self) -> list[dict[str, Any]]:
        """Return the mails to the partner about subscriptions that were disabled."""
        url = f"{self.server.address}/dev/mailbox/"
        mails = requests.get(url, params={"to": EMAIL}, timeout=SECONDS).json()
        return [one for one in mails if "subscription was disabled" in one["subject"]]

    @contextmanager
    def subscribed(self, path: str = "/well") -> Iterator[tuple[str, str]]:
        """Have notifications sent to the partner's endpoint; yields the id and the secret."""
        made = self.client.subscriptions.create(url=self.partner.address + path)
        assert made.secret
        try:
            yield made.id, made.secret
        finally:
            self.client.subscriptions.delete(made.id)

    def deliveries(self, root: str, state: str) -> list[dict[str, Any]]:
        """Return all deliveries in a state, at the portal or the gateway."""
        items: list[dict[str, Any]] = []
        after = ""
        while True:
            page = self.get(f"{root}/deliveries/", state=state, limit="200", after=after)
            items += page["items"]
            after = page["next"] or ""
            if not after:
                return items


def partners_answer(request: Received) -> Answer | None:
    """Answer with the status that the path names, and the Retry-After that it names next."""
    kind, _, after = request.path.strip("/").partition("/")
    if kind == "reset":
        return RESET
    headers = {"Location": "/elsewhere"}
    if after:
        headers["Retry-After"] = RETRY_AFTER[after]
    return int(kind) if kind.isdigit() else 202, headers, b""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    port = free_port()
    tap = Listener(passing_on(lambda: f"http://127.0.0.1:{port}"))
    partner = Listener(partners_answer)
    server = ServerProcess(
        tmp_path_factory.mktemp("letter") / "data",
        port=port,
        environ={
            "FULFILLMENT_GATEWAY_URL": tap.address,
            "FULFILLMENT_NOTIFY_SECRETS": f"{NEW} {OLD}",
            "FULFILLMENT_RETRY_SCHEDULE": "0" + ",0.05" * (TRIES - 1),
            "FULFILLMENT_SUBSCRIPTION_LIMIT": str(2 * len(ANSWERS)),
        },
    )
    with ExitStack() as stack:
        stack.enter_context(tap.listening())
        stack.enter_context(partner.listening())
        stack.enter_context(server)
        client = stack.enter_context(Client(base_url=server.address))
        verified(client, server)
        Staff(server).hire()
        yield Office(server, client, tap, partner)


def signed_by(request: Received, *secrets: str) -> list[bool]:
    """Tell of each secret whether it alone vouches for a request."""

    def vouches(secret: str) -> bool:
        now = float(request.headers["webhook-timestamp"])
        try:
            signing.verify(request.headers, request.body, secrets=[secret], now=now)
        except SignatureError:
            return False
        return True

    return [vouches(secret) for secret in secrets]


def data_of(request: Received) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(request.body)["data"]
    return data


def test_the_documented_timeline_is_the_same_bytes_on_both_hops(office: Office) -> None:
    with office.subscribed() as (_, secret):
        case_id = office.create()
        office.drive(case_id, *MAIN[:4])
        arrived = office.partner.wait(case_id, 6)
    inner = office.tap.wait(case_id, 6)
    assert [one.body for one in arrived] == [one.body for one in inner]
    for first, second in zip(inner, arrived, strict=True):
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert json.loads(second.body)["id"] == second.headers["webhook-id"]
        assert signed_by(first, NEW, OLD, secret) == [True, True, False]
        assert signed_by(second, NEW, OLD, secret) == [False, False, True]
    told = [data_of(one) for one in arrived]
    assert [
        (one["sequence"], one["previous_status"], one["new_status"], one["message"]) for one in told
    ] == TIMELINE
    assert [json.loads(one.body)["type"] for one in arrived] == [
        *["case.status_changed"] * 5,
        "case.completed",
    ]


def test_a_rework_loop_is_told_without_a_hole_and_completed_with_all_submissions(
    office: Office,
) -> None:
    with office.subscribed():
        case_id = office.create()
        office.drive(case_id, *MAIN[:3], "qc_rework", "in_progress", "submitted", "qc_passed")
        arrived = office.partner.wait(case_id, 9)
    told = [data_of(one) for one in arrived]
    assert [one["sequence"] for one in told] == list(range(1, 10))
    completed = told[-1]
    assert [one["status"] for one in completed["form_submissions"]] == ["superseded", "submitted"]
    assert [one["result"] for one in completed["qc_reviews"]] == ["rework", "pass"]
    assert completed["qc_review"] == completed["qc_reviews"][1]
    assert completed["qc_review"]["submission_id"] == completed["form_submissions"][1]["id"]


def test_every_other_pair_of_the_twelve_statuses_is_refused_and_told_to_nobody(
    office: Office,
) -> None:
    told: dict[str, int] = {}
    for previous in DOCUMENTED:
        case_id = office.create()
        office.drive(case_id, *PATHS[previous])
        before = office.case(case_id)
        for to in DOCUMENTED:
            if (previous, to) in PAIRS:
                continue
            answers = [office.post(f"cases/{case_id}/transitions/", {"to": to})]
            if to == "submitted" or to in VERDICTS:
                answers.append(office.step(case_id, to))
            for answer in answers:
                assert answer.status_code == 409
                assert answer.json() == {
                    "status": "error",
                    "message": f"Illegal status transition from '{previous}' to '{to}'",
                }
        assert office.case(case_id) == before
        completed = any(one["new_status"] == "qc_passed" for one in before["history"])
        told[case_id] = len(before["history"]) + completed
    for case_id, count in told.items():
        office.tap.wait(case_id, count)
    eventually(lambda: not office.deliveries("portal/api", "pending"))
    assert {case_id: len(office.tap.received(case_id)) for case_id in told} == told


@pytest.mark.parametrize("to", ["submitted", *VERDICTS])
def test_a_step_that_needs_more_names_the_call_that_takes_it(office: Office, to: str) -> None:
    case_id = office.create()
    office.drive(case_id, *(MAIN[:2] if to == "submitted" else MAIN[:3]))
    answer = office.post(f"cases/{case_id}/transitions/", {"to": to})
    assert answer.status_code == 409
    call = "submissions/" if to == "submitted" else "qc-reviews/"
    assert f"POST cases/{{id}}/{call}" in answer.json()["message"]


def test_every_row_is_taken_with_the_named_token_of_each_of_its_actors_and_of_nobody_else(
    office: Office,
) -> None:
    roles = ("ops", "engine", "worker", "qc", "finance", "system")
    tokens = {
        role: office.post("staff/", {"name": role, "role": role}).json()["token"] for role in roles
    }
    taken = 0
    for _, previous, to, *_ways in ROWS:
        row = find(previous, to)
        if row is None:
            continue  # how a case begins
        for role in (role for role in roles if role in row.actors):
            case_id = office.create()
            office.drive(case_id, *PATHS[previous])
            for other in roles:
                if other not in row.actors:
                    assert office.step(case_id, to, token=tokens[other]).status_code == 403
            answer = office.step(case_id, to, token=tokens[role])
            assert answer.status_code == 201, (previous, to, role, answer.text)
            step = answer.json().get("transition") or answer.json()
            assert (step["previous_status"], step["new_status"]) == (previous, to)
            assert (step["actor"], step["reason"]) == (role, row.reason_for(role))
            taken += 1
    assert taken == sum(
        taken_by.split(":")[0] in roles for _, _, _, *ways in ROWS for taken_by in ways
    )
    assert office.post("staff/", {"name": "x", "role": "ops"}, token="wrong").status_code == 401


@pytest.mark.parametrize(
    "verdicts", [("qc_passed", "qc_passed"), ("qc_passed", "qc_rejected")], ids=" and ".join
)
def test_of_two_reviewers_at_once_one_wins_and_the_other_is_told_so(
    office: Office, verdicts: tuple[str, str]
) -> None:
    case_id = office.create()
    office.drive(case_id, *MAIN[:3])
    gate = threading.Barrier(2)
    answers: dict[int, requests.Response] = {}

    def review(number: int, to: str) -> None:
        gate.wait(SECONDS)
        answers[number] = office.step(case_id, to)

    threads = [threading.Thread(target=review, args=pair) for pair in enumerate(verdicts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won, lost = sorted(answers, key=lambda number: answers[number].status_code)
    assert (answers[won].status_code, answers[lost].status_code) == (201, 409)
    assert answers[lost].json() == {
        "status": "error",
        "message": f"Illegal status transition from '{verdicts[won]}' to '{verdicts[lost]}'",
    }
    assert len(office.case(case_id)["reviews"]) == 1


def test_a_turnaround_time_that_is_over_is_told_once(office: Office) -> None:
    with office.subscribed():
        case_id = office.create(due_at="2025-04-06T16:00:00Z")
        office.drive(case_id, "allocated", "in_progress")
        late = data_of(office.partner.wait(case_id, 4)[-1])
        assert (late["actor"], late["reason"]) == ("timer", "tat_breached")
        assert late["new_status"] == "pending_allocation"
        office.drive(case_id, "allocated", "in_progress")
        shown = office.case(case_id)
        assert (shown["status"], shown["due_at"]) == ("in_progress", None)
        office.drive(case_id, "submitted")
        told = [data_of(one) for one in office.partner.wait(case_id, 7)]
    assert [one["reason"] for one in told].count("tat_breached") == 1


DEAD, DISABLED, DELIVERED = "dead", "disabled", "delivered"
ANSWERS: Mapping[str, tuple[str, int]] = {
    **{f"/{status}": (DELIVERED, 1) for status in (200, 201, 202, 204)},
    **{f"/{status}": (DEAD, TRIES) for status in (301, 302, 307, 401, 403, 404, 408, 409, 425)},
    **{f"/{status}": (DEAD, TRIES) for status in (429, 500, 502, 503)},
    **{f"/429/{after}": (DEAD, TRIES) for after in RETRY_AFTER},
    "/reset": (DEAD, TRIES),
    "/400": (DEAD, 3),
    "/422": (DEAD, 3),
    "/410": (DISABLED, 1),
}


def test_every_kind_of_answer_leads_where_the_contract_says(office: Office) -> None:
    with ExitStack() as stack:
        ids = {path: stack.enter_context(office.subscribed(path))[0] for path in ANSWERS}
        case_id = office.create()

        def ends() -> dict[str, tuple[str, int]]:
            found: dict[str, tuple[str, int]] = {}
            names = {subscription: path for path, subscription in ids.items()}
            for state in (DEAD, DELIVERED):
                for one in office.deliveries("admin/api", state):
                    if one["case_id"] == case_id and one["subscription_id"] in names:
                        found[names[one["subscription_id"]]] = (state, one["attempts"])
            for subscription in office.client.subscriptions.list():
                if not subscription.enabled:
                    found[names[subscription.id]] = (DISABLED, 1)
            return found

        eventually(lambda: len(ends()) == len(ANSWERS))
        assert ends() == ANSWERS
        came = office.partner.received(case_id)
        paths = [one.path for one in came]
        assert {path: paths.count(path) for path in ANSWERS} == {
            path: tries for path, (_, tries) in ANSWERS.items()
        }
        assert set(paths) == set(ANSWERS), "no redirect is followed"
        assert len({(one.headers["webhook-id"], one.body) for one in came}) == 1
        eventually(lambda: len(office.told_of_disabling()) > 0)
        [mail] = office.told_of_disabling()
        assert ids["/410"] in mail["text"]


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fe80::1%25eth0]/",
        "http://0177.0.0.1/",
        "http://2130706433/",
        "http://[::]/",
        "ftp://partner.example.org/",
    ],
)
def test_an_inner_address_is_refused_when_it_is_subscribed(office: Office, url: str) -> None:
    with pytest.raises(InvalidField) as refused:
        office.client.subscriptions.create(url=url)
    assert (refused.value.status, refused.value.field) == (400, "url")
