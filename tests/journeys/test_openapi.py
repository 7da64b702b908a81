"""What the document promises, a real server keeps: generated calls, good and bad ones.

A short form runs with the suite; `tox -e fuzz` sets `FULFILLMENT_TEST_FUZZ` to the number of
examples for each call, and goes on from answers to further calls.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
import requests

from fulfillment_sdk.server.gateway.events.feed import LONGEST_WAIT
from fulfillment_sdk.server.openapi import document
from tests import samples
from tests.promised import without_further_keys

from ._raw import CASES, Partner
from ._server import SECONDS, ServerProcess
from ._staff import Staff

schemathesis = pytest.importorskip("schemathesis")
hypothesis = pytest.importorskip("hypothesis")

EXAMPLES: Final = int(os.environ.get("FULFILLMENT_TEST_FUZZ", "0"))
SHORT: Final = 6
NOWHERE: Final = "http://127.0.0.1:9/"
ENVIRON: Final = {
    "FULFILLMENT_CODE_LIMITS": "1000000,1000000",
    "FULFILLMENT_CASE_RATE": "1000000",
    "FULFILLMENT_CALL_RATE": "1000000",
    "FULFILLMENT_SUBSCRIPTION_LIMIT": "100000",
}
CONFIG: Final = {
    "seed": 1,
    # Most addresses are filtered out, and a busy machine is slow: neither is a fault of ours.
    "suppress-health-check": ["filter_too_much", "too_slow", "data_too_large"],
    "generation": {
        "max-examples": EXAMPLES or SHORT,
        "deterministic": True,
        # Whom nobody asked for a parameter may send one: it is ignored.
        "allow-extra-parameters": False,
    },
    "checks": {
        "negative_data_rejection": {
            "expected-statuses": [400, 401, 403, 404, 405, 409, 413, 415, 429]
        },
    },
}
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
)


def _document() -> dict[str, Any]:
    """The document, with webhooks at which nobody is: events would really go there.

    Answers may have no key that it doesn't name.
    """
    whole = without_further_keys(document("http://127.0.0.1"))
    schemas = whole["components"]["schemas"]
    nowhere = {**schemas["WebhookUrl"], "pattern": f"^{NOWHERE}[a-z]{{0,8}}$"}
    components = {**whole["components"], "schemas": {**schemas, "WebhookUrl": nowhere}}
    return {**whole, "components": components}


def _checks() -> list[Any]:
    checks = importlib.import_module("schemathesis.checks")
    checks.load_all_checks()
    return list(checks.CHECKS.get_by_names(list(CHECKS)))


schema = schemathesis.openapi.from_dict(
    _document(), config=schemathesis.Config.from_dict(dict(CONFIG))
)


met: Final[set[tuple[str, int]]] = set()
"""Which answers to which calls there were."""


@schema.hook  # type: ignore[untyped-decorator]
def filter_body(_context: object, body: object) -> bool:
    """Leave out what would be sent somewhere: a good address that is somebody's."""
    url = body.get("url") if isinstance(body, Mapping) else None
    return not isinstance(url, str) or url.startswith(NOWHERE) or "://" not in url


def _waits(text: str) -> bool:
    return text.replace(".", "", 1).isdigit() and 0.05 < float(text) <= LONGEST_WAIT


class Caller:
    """A partner with a token for everything, and one more that it may lose.

    It has a case that is new, and one that is completed with a file and an attachment.
    """

    _turn = False
    _calls = 0

    def __init__(self, server: ServerProcess) -> None:
        self._partner = Partner(server)
        self._token, self._spare = self._partner.token(), self._partner.token()
        self.address = server.address
        self.session = requests.Session()
        self._case_id = str(self._made("", samples.read("case-minimal-valid"))["id"])
        self._completed, self._file_id = self._complete(Staff(server))
        self._hook = str(self._made("subscriptions/", {"url": NOWHERE})["id"])
        self._made(f"subscriptions/{self._hook}/test/", {}, 202)

    def headers(self, operation: str) -> dict[str, str]:
        """Return what a call is let in with."""
        token = self._spare if operation == "revokeToken" else self._token
        return {"Authorization": f"Bearer {token}"}

    def newcomer(self) -> dict[str, str]:
        """Return what an organization that has nothing yet is let in with."""
        return {"Authorization": f"Bearer {self._partner.token()}"}

    def prepare(self, case: Any) -> None:
        """Name what is there, or what is new, in every other good call; wait for nothing."""
        self._turn = not self._turn
        self._calls += 1
        if self._turn and case.meta is not None and case.meta.generation.mode.is_positive:
            operation = case.operation.definition.raw["operationId"]
            names = case.path_parameters or {}
            names |= {name: one for name, one in self._there(operation).items() if name in names}
            if operation == "createCase":
                # Generated keys come again and again, and most bodies would be a 409.
                case.headers["Idempotency-Key"] = f"key-{self._calls}"
                if isinstance(case.body, dict) and case.body.get("src_uid"):
                    case.body["src_uid"] = f"uid-{self._calls}"
            if operation == "createSubscription":
                case.body = {"url": NOWHERE, "events": ["case.completed"]}
            if operation == "verifyOtp":
                case.body = self._asked()
        if _waits(str((case.query or {}).get("wait", ""))):
            case.query["wait"] = 0.05

    def _there(self, operation: str) -> Mapping[str, str]:
        """Return what is there for a call's path, made anew where the call may end it."""
        if operation == "removeEmail":
            address = {"email": f"{self._calls}@example.org"}
            return {"id": str(self._made("emails/", address)["id"])}
        if operation.startswith("replay"):
            first, *_ = self._got(f"subscriptions/{self._hook}/deliveries/")
            return {"id": self._hook, "delivery_id": str(first["id"])}
        if operation in ("cancelCase", "listEvents"):
            return {"case_id": self._case_id}
        hook = {} if "Subscription" not in operation else {"url": NOWHERE}
        made = str(self._made("subscriptions/", hook)["id"]) if hook else self._hook
        return {"id": made, "case_id": self._completed, "file_id": self._file_id}

    def _asked(self) -> dict[str, object]:
        """Return what a code that was just sent is exchanged with."""
        email, organization = f"{self._calls}@partner.example", f"Organization {self._calls}"
        assert self._partner.ask(email, organization).status_code == 200
        code = self._partner.code(email)
        return {"email": email, "otp": code, "organization_name": organization}

    def _complete(self, staff: Staff) -> tuple[str, str]:
        """Return a completed case and the id of its attachment."""
        bearer = {"Authorization": f"Bearer {self._token}"}
        url, form = (
            f"{self.address}{CASES}attachments/",
            {"file": ("note.txt", b"The gate is blue.")},
        )
        uploaded = requests.post(url, files=form, headers=bearer, timeout=SECONDS)
        assert uploaded.status_code == 201, uploaded.text
        file_id = str(uploaded.json()["attachment_id"])
        asked = samples.read("case-minimal-valid")
        attached = {"attachments_case": [{"attachment_id": file_id}]}
        case_id = str(self._made("", {**asked, **attached})["id"])
        staff.hire()
        for status in ("allocated", "in_progress"):
            staff.move(case_id, status)
        staff.submit(case_id)
        staff.approve(case_id)
        return case_id, file_id

    def _made(self, path: str, body: Mapping[str, object], status: int = 201) -> dict[str, Any]:
        answer = self._partner.post(CASES + path, body, token=self._token)
        assert answer.status_code == status, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def _got(self, path: str) -> list[dict[str, Any]]:
        answer = self._partner.get(CASES + path, token=self._token)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def close(self) -> None:
        self._partner.close()
        self.session.close()


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder = tmp_path_factory.mktemp("openapi") / "data"
    with ServerProcess(folder, environ=ENVIRON) as server:
        caller = Caller(server)
        yield caller
        caller.close()
        assert "level=error" not in server.log
        # Refusals alone would say nothing of what a call is for.
        assert {operation for operation, status in met if status < 300} == {one for one, _ in met}


def test_the_document_is_served_and_is_openapi(caller: Caller) -> None:
    answer = requests.get(f"{caller.address}/openapi.json", timeout=SECONDS)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.json() == document(caller.address)
    schemathesis.openapi.from_dict(answer.json()).validate()


@pytest.mark.timeout(3600 if EXAMPLES else 60)
@schema.parametrize()  # type: ignore[untyped-decorator]
def test_every_call_keeps_what_the_document_says(case: Any, caller: Caller) -> None:
    operation = case.operation.definition.raw["operationId"]
    caller.prepare(case)
    answer = case.call_and_validate(
        base_url=caller.address,
        session=caller.session,
        headers=caller.headers(operation),
        checks=_checks(),
        timeout=SECONDS,
    )
    met.add((operation, answer.status_code))


@pytest.mark.skipif(not EXAMPLES, reason="the long form alone: tox -e fuzz")
@pytest.mark.timeout(3600)
def test_calls_that_follow_from_answers_keep_it_too(caller: Caller) -> None:
    kept = 0

    class Follows(schema.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self._headers = caller.newcomer()

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"base_url": caller.address, "headers": self._headers}

        def validate_response(self, response: Any, case: Any, **_more: Any) -> None:
            nonlocal kept
            case.validate_response(response, checks=_checks())
            kept += 1

    settings = hypothesis.settings(
        max_examples=10,
        stateful_step_count=10,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    while kept < 5 * EXAMPLES:
        before = kept
        # A server keeps what it was told: a run that is repeated may go another way, and ends.
        with contextlib.suppress(hypothesis.errors.FlakyStrategyDefinition):
            Follows.run(settings=settings)
        assert kept > before
