"""The fake of the deployed gateway answers as the real one was recorded (contract, section 6)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError

import jwt
import pytest

from tests.fakes.deployed_gateway import OPEN, Behaviour, CaseRow, DeployedGateway, serving
from tests.fakes.deployed_gateway.upstream import WorkerKilled
from tests.fakes.deployed_gateway.verification import Code
from tests.fakes.deployed_gateway.wire import Request
from tests.integration.fakes.support import SAMPLES, comparable, post, replay, send

ROOT = Path(__file__).parents[3]
NOW = 1795291120.5  # when it was recorded
WEBFORM = "/api/webhook/webform/"
AUTH = f"{WEBFORM}auth/"
EMAIL = "your-company-email@example.com"
NAME = "Your Organization Name"
CASE = {
    "reporter": {"fname": "jasson"},
    "gbv_related": "0",
    "case_category_id": "362484",
    "narrative": "I was asulted",
    "plan": "Initial assessment required",
    "priority": "2",
    "status": "1",
}

Scene = Callable[[DeployedGateway], object]


def pending(email: str, code: str, *, age: float = 1.0, used: bool = False) -> Scene:
    def scene(gateway: DeployedGateway) -> None:
        gateway.verifications.codes[email] = Code(code, NOW - age + 600, used)

    return scene


def wrong_twenty_times(gateway: DeployedGateway) -> None:
    pending(EMAIL, "582007")(gateway)
    wrong = json.dumps({"email": EMAIL, "otp": "000000", "organization_name": NAME}).encode()
    for _ in range(20):
        gateway.answer(Request("POST", f"{AUTH}verify-otp/", body=wrong))


def behaving(behaviour: Behaviour) -> Scene:
    return lambda gateway: setattr(gateway.upstream, "behaviour", behaviour)


def deactivated(organization_id: str) -> Scene:
    def scene(gateway: DeployedGateway) -> None:
        gateway.organizations.add(organization_id, NAME)
        gateway.organizations.deactivate(organization_id)

    return scene


def row(identifier: str, row: CaseRow | None) -> Scene:
    return lambda gateway: gateway.upstream.rows.update({identifier: row})


# What had gone before, where the exchange alone does not say it.
SCENES: Mapping[str, Scene] = {
    "auth-request-mail-down": lambda gateway: setattr(gateway.mail, "down", True),
    "auth-request-mailbox-refused": lambda gateway: gateway.mail.refused.add("gone@example.com"),
    "auth-verify-expired": pending("late@example.com", "365425", age=600),
    "auth-verify-ok": pending(EMAIL, "582007"),
    "auth-verify-used-again": pending(EMAIL, "582007", used=True),
    "auth-verify-wrong": pending(EMAIL, "582007"),
    "auth-verify-wrong-many": wrong_twenty_times,
    "case-organization-deactivated": deactivated("83f24955-4e94-4559-bb4a-a582ff045383"),
    "case-upstream-fail500": behaving(Behaviour.FAILS),
    "case-upstream-ok-emptycases": behaving(Behaviour.EMPTY_CASES),
    "case-upstream-slow": lambda gateway: setattr(gateway.upstream, "seconds", 3.0),
    "status-closed": row("2", replace(OPEN, status="Closed")),
    "status-no-case": row("405", None),
    "status-not-configured": lambda gateway: setattr(gateway.upstream, "configured", False),
    "status-open": row("31661", OPEN),
    "status-short-row": row("4", CaseRow()),
    "status-upstream-fail500": behaving(Behaviour.FAILS),
}


@pytest.fixture
def gateway() -> DeployedGateway:
    return DeployedGateway(clock=lambda: NOW)


@pytest.fixture
def token(gateway: DeployedGateway) -> str:
    return gateway.organizations.issue(gateway.organizations.named(NAME))[0]


@pytest.fixture
def base_url(gateway: DeployedGateway) -> Iterator[str]:
    with serving(gateway) as base_url:
        yield base_url


def test_there_is_a_recording_for_every_scene() -> None:
    assert SCENES.keys() <= {path.stem for path in SAMPLES.glob("*.json")}


@pytest.mark.parametrize("name", sorted(path.stem for path in SAMPLES.glob("*.json")))
def test_every_recorded_exchange_is_answered_as_recorded(
    gateway: DeployedGateway, base_url: str, name: str
) -> None:
    recorded = json.loads((SAMPLES / f"{name}.json").read_bytes())
    answer = recorded["response"]
    expected = answer["json"] if "json" in answer else answer["body"]
    slept: list[float] = []
    gateway.upstream.sleep = slept.append
    if name in SCENES:
        SCENES[name](gateway)
    if isinstance(expected, dict) and "helpline_response" in expected:
        gateway.upstream.next_id = int(expected["helpline_response"]["case_id"])
    got = replay(base_url, recorded["request"], gateway)
    assert got.status == answer["status"]
    assert got.headers == answer["headers"]
    assert comparable(got.body) == comparable(expected)
    assert slept == ([3.0] if name == "case-upstream-slow" else [])


@pytest.mark.parametrize(
    ("changed", "errors"),
    [
        ({"src_address": "", "justice_id": " "}, {"src_address", "justice_id"}),
        ({"gbv_related": True, "knowabout116_id": ""}, {"gbv_related", "knowabout116_id"}),
        ({"reporter_nickname": None, "case_category": ""}, set()),
        ({"clients_case": [{"fname": "", "age": None}], "reporter": None}, set()),
        ({"priority": 2.5, "status": 1, "services": "any JSON"}, set()),
        ({"narrative": ["I was asulted"], "priority": {}}, {"narrative", "priority"}),
        ({"conversation": 7}, set()),
        ({"conversation": "7"}, set()),
        ({"conversation": "seven"}, {"conversation"}),
        ({"conversation": True}, {"conversation"}),
        ({"conversation": None}, {"conversation"}),
        ({"case_category": "x" * 256, "message_id_ref": "x" * 255}, {"case_category"}),
    ],
)
def test_every_refused_field_is_named_at_once_and_nothing_is_stored(
    gateway: DeployedGateway,
    base_url: str,
    token: str,
    changed: dict[str, object],
    errors: set[str],
) -> None:
    gateway.conversations.add(7)
    got = post(base_url, WEBFORM, CASE | changed, token)
    assert isinstance(got.body, dict)
    assert got.body.get("errors", {}).keys() == errors
    assert got.status == (400 if errors else 200)
    assert len(gateway.complaints) == (0 if errors else 1)


@pytest.mark.parametrize("absent", CASE)
def test_no_field_is_mandatory(
    gateway: DeployedGateway, base_url: str, token: str, absent: str
) -> None:
    case = {name: value for name, value in CASE.items() if name != absent}
    assert post(base_url, WEBFORM, case, token).status == 200
    assert absent not in gateway.complaints[0].data


def test_one_src_uid_twice_is_two_cases(
    gateway: DeployedGateway, base_url: str, token: str
) -> None:
    body = json.dumps(CASE | {"src_uid": "walkin-1"}).encode()
    first, second = (
        send(
            base_url,
            "POST",
            WEBFORM,
            body=body,
            Content_Type="application/json",
            Authorization=f"Bearer {token}",
            Idempotency_Key="one",
        )
        for _ in range(2)
    )
    assert (first.status, second.status) == (200, 200)
    assert first.body != second.body
    assert len(gateway.complaints) == len(gateway.upstream.cases) == 2


def test_what_is_passed_on_is_not_what_was_given(
    gateway: DeployedGateway, base_url: str, token: str
) -> None:
    clients = [{"fname": "Sarah Johnson", "age": "28", "phone": "0723456789"}, {"fname": "Jane"}]
    given = {"clients_case": clients, "gbv_related": "1", "src_uid": "walkin-1", "priority": "3"}
    post(base_url, WEBFORM, CASE | given, token)
    passed_on = gateway.upstream.cases[0]
    assert passed_on["reporters_uuid"] == {"fname": "Sarah Johnson", "age": "28"}
    assert passed_on["clients_case"] == [passed_on["reporters_uuid"]]
    assert [passed_on[key] for key in ("gbv_related", "priority", "plan")] == ["0", "1", "---"]
    assert passed_on["src_uid"] == f"walkin-100-{int(NOW)}"


@pytest.mark.parametrize("behaviour", [one for one in Behaviour if one is not Behaviour.CREATES])
def test_a_complaint_stays_though_no_case_came_of_it(
    gateway: DeployedGateway, base_url: str, token: str, behaviour: Behaviour
) -> None:
    gateway.upstream.behaviour = behaviour
    got = post(base_url, WEBFORM, CASE, token)
    assert got.status == (500 if behaviour is Behaviour.CHOKES else 200)
    assert (len(gateway.complaints), len(gateway.upstream.cases)) == (1, 0)


def test_a_new_case_has_a_status_at_once(
    base_url: str, gateway: DeployedGateway, token: str
) -> None:
    post(base_url, WEBFORM, CASE, token)
    got = send(base_url, "GET", f"/api/case/status/lwf{gateway.upstream.next_id - 1}/")
    assert isinstance(got.body, dict)
    assert got.body["case_status"] == "Ongoing"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_case_address_without_its_slash_is_a_redirect_and_its_get_a_200_that_is_no_case(
    gateway: DeployedGateway, base_url: str, method: str
) -> None:
    moved = send(base_url, method, WEBFORM.rstrip("/"))
    assert (moved.status, moved.headers["Location"]) == (301, WEBFORM)
    followed = send(base_url, "GET", moved.headers["Location"])
    assert followed.status == 200
    assert isinstance(followed.body, str)
    assert gateway.complaints == []


def test_an_auth_address_without_its_slash_wants_a_token_first(base_url: str, token: str) -> None:
    path = f"{AUTH}verify-otp"
    assert post(base_url, path, {}).status == 401
    assert post(base_url, path, {}, token).headers["Location"] == f"{path}/"


def test_the_query_goes_with_a_redirect(base_url: str) -> None:
    moved = send(base_url, "GET", "/api/case/status/lwf2?a=1")
    assert moved.headers["Location"] == "/api/case/status/lwf2/?a=1"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_what_allow_names_is_allowed(base_url: str, gateway: DeployedGateway, method: str) -> None:
    gateway.upstream.rows["2"] = OPEN
    got = send(base_url, method, "/api/case/status/lwf2/")
    assert (got.status, got.body) == (200, "")


def test_a_token_of_an_organization_that_is_not_there_is_no_token(base_url: str) -> None:
    elsewhere = DeployedGateway(clock=lambda: NOW).organizations
    foreign, _end = elsewhere.issue(elsewhere.named(NAME))
    got = post(base_url, WEBFORM, CASE, foreign)
    assert got.status == 401


def test_a_token_is_good_for_a_year(gateway: DeployedGateway) -> None:
    issued, end = gateway.organizations.issue(gateway.organizations.named(NAME))
    claims = jwt.decode(issued, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 365 * 86_400
    assert end == "2027-11-21T19:58:40.500000"


def test_what_it_cannot_read_it_does_not_take_for_a_case(
    gateway: DeployedGateway, base_url: str, token: str
) -> None:
    stream = urllib.request.Request(
        base_url + WEBFORM,
        data=iter([json.dumps(CASE).encode()]),  # without a length it is sent in chunks
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(stream, timeout=10)
    with refused.value as answer:
        assert answer.code == 501
    nested = send(base_url, "POST", WEBFORM, body=b"[" * 200_000, Authorization=f"Bearer {token}")
    assert (nested.status, gateway.complaints) == (500, [])


def test_a_code_is_good_for_any_organization_and_for_less_than_ten_minutes(
    gateway: DeployedGateway, base_url: str
) -> None:
    asked = {"email": EMAIL, "organization_name": NAME}
    post(base_url, f"{AUTH}request-verification/", asked)
    code = gateway.mail.code_for(EMAIL)
    gateway.clock = lambda: NOW + 600
    other = {"email": EMAIL, "otp": code, "organization_name": "Someone Else"}
    assert post(base_url, f"{AUTH}verify-otp/", other).status == 400
    gateway.clock = lambda: NOW + 599.9
    assert post(base_url, f"{AUTH}verify-otp/", other).status == 200
    assert [one.name for one in gateway.organizations.all.values()] == ["Someone Else"]


def test_a_newer_code_voids_the_older(gateway: DeployedGateway, base_url: str) -> None:
    asked = {"email": EMAIL, "organization_name": NAME}
    for code in ("111111", "222222"):
        gateway.verifications.new_code = lambda code=code: code  # type: ignore[misc]
        post(base_url, f"{AUTH}request-verification/", asked)
    assert post(base_url, f"{AUTH}verify-otp/", asked | {"otp": "111111"}).status == 400
    assert post(base_url, f"{AUTH}verify-otp/", asked | {"otp": "222222"}).status == 200


def test_while_the_upstream_hangs_everybody_waits(
    gateway: DeployedGateway, base_url: str, token: str
) -> None:
    gateway.upstream.hang()
    answers: list[int] = []
    hanging = threading.Thread(
        target=lambda: answers.append(post(base_url, WEBFORM, CASE, token).status)
    )
    waiting = threading.Thread(
        target=lambda: answers.append(send(base_url, "GET", "/api/case/status/lwfabc/").status)
    )
    hanging.start()
    assert gateway.upstream.reached.wait(10)
    waiting.start()
    waiting.join(0.05)
    assert answers == []
    gateway.upstream.release()
    for thread in (hanging, waiting):
        thread.join(10)
    assert sorted(answers) == [200, 400]


def test_a_worker_that_hangs_too_long_is_killed_and_nobody_is_answered(
    gateway: DeployedGateway, token: str
) -> None:
    gateway.upstream.hang()
    gateway.upstream.worker_limit = 0.0
    request = Request(
        "POST",
        WEBFORM,
        headers={"authorization": f"Bearer {token}"},
        body=json.dumps(CASE).encode(),
    )
    with pytest.raises(WorkerKilled):
        gateway.answer(request)
    assert (len(gateway.complaints), len(gateway.upstream.cases)) == (1, 1)


def test_it_runs_on_its_own() -> None:
    command = [sys.executable, "-m", "tests.fakes.deployed_gateway", "--upstream", "empty-cases"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        assert process.stdout is not None
        with closing(process.stdout) as said:
            base_url = said.readline().removeprefix("Serving on ").strip()
            asked = {"email": EMAIL, "organization_name": NAME}
            assert post(base_url, f"{AUTH}request-verification/", asked).status == 200
            address, _, code = said.readline().removeprefix("Code for ").partition(": ")
            got = post(base_url, f"{AUTH}verify-otp/", asked | {"otp": code.strip()})
            assert (address, got.status) == (EMAIL, 200)
            assert isinstance(got.body, dict)
            created = post(base_url, WEBFORM, CASE, got.body["token"])
            assert isinstance(created.body, dict)
            assert "response_from_helpline" in created.body
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
