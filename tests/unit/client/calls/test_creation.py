"""A case is filled in and checked before it is sent."""

from __future__ import annotations

import logging
import uuid
from functools import partial
from typing import Any

import pytest
import requests
import responses

from fulfillment_sdk import errors
from fulfillment_sdk.advice import Advice
from fulfillment_sdk.client import Client, Retries
from fulfillment_sdk.client.calls.creation import Creation
from fulfillment_sdk.models import CaseDefaults, NewCase, Person
from tests.unit.client.support import (
    BASE,
    CASES,
    CREATED,
    IDEMPOTENT,
    Time,
    ids,
    new_case,
    retries,
    sent_json,
)

NOW = 1_743_849_002.0
OURS = CaseDefaults(gbv_related=False, case_category_id="362484", narrative="To be taken")


def client(time: Time | None = None, **options: Any) -> Client:
    return Client(
        base_url=BASE,
        token="t0ken",
        retries=retries(time or Time()),
        ids=ids(),
        clock=lambda: NOW,
        **options,
    )


def test_all_problems_are_told_at_once_and_nothing_is_sent(
    mocked: responses.RequestsMock,
) -> None:
    child: Any = {"fname": "x", "age": 1.5}
    bad = new_case(narrative=" ", plan=None, src_ts="1743849002000", clients_case=[Person(**child)])
    with pytest.raises(errors.InvalidCase) as raised:
        client().cases.create(bad)
    assert [problem.message for problem in raised.value.problems] == [
        "Missing required field: narrative",
        "Missing required field: plan",
        "Invalid value for field: clients_case[0].age",
        "Invalid timestamp: src_ts",
    ]
    assert len(mocked.calls) == 0


def test_a_problem_is_told_without_its_value() -> None:
    bad = new_case(reporter="Jane Smith", narrative=["Told in confidence."])
    with pytest.raises(errors.InvalidCase) as raised:
        client().cases.create(bad)
    assert "Jane" not in repr(raised.value) + str(raised.value)
    assert "confidence" not in repr(raised.value) + str(raised.value)


@pytest.mark.parametrize("validate", [True, False])
def test_what_is_no_case_is_told_as_that(validate: bool) -> None:
    body: Any = {"reporter": {"fname": "Jane Smith"}}
    with pytest.raises(TypeError, match="a NewCase, not dict") as raised:
        client(case_defaults=OURS).cases.create(body, validate=validate)
    assert "Jane" not in str(raised.value)


def test_without_validation_the_server_says_what_is_wrong(mocked: responses.RequestsMock) -> None:
    mocked.post(CASES, json={"error": "Missing required field: narrative"}, status=400)
    with pytest.raises(errors.MissingField, match="narrative"):
        client().cases.create(new_case(narrative=" "), validate=False)
    assert [body["narrative"] for body in sent_json(mocked)] == [" "]


def test_warnings_are_handed_over_before_the_case_is_sent(mocked: responses.RequestsMock) -> None:
    seen: list[Advice] = []

    def look(advice: Advice) -> None:
        assert len(mocked.calls) == 0
        seen.append(advice)

    mocked.post(CASES, json=CREATED, status=201)
    client(on_warning=look).cases.create(new_case(narrative="Ring 0712345678"))
    assert [(one.code, one.field) for one in seen] == [
        ("phone-in-text", "narrative"),
        ("default-in-place", "plan"),
    ]


def test_a_warning_that_is_made_an_error_keeps_the_case_from_being_sent(
    mocked: responses.RequestsMock,
) -> None:
    def refuse(advice: Advice) -> None:
        raise RuntimeError(advice.code)

    with pytest.raises(RuntimeError, match="default-in-place"):
        client(on_warning=refuse).cases.create(new_case())
    assert len(mocked.calls) == 0


def test_without_validation_there_are_no_warnings(
    mocked: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    mocked.post(CASES, json=CREATED, status=201)
    client().cases.create(new_case(), validate=False)
    assert caplog.text == ""


def test_warnings_are_logged_in_one_line_without_a_value(
    mocked: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    mocked.post(CASES, json=CREATED, status=201)
    client().cases.create(new_case(narrative="Ring 0712345678"))
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    (told,) = caplog.messages
    assert told == (
        "A case is likely to have a slip: "
        "narrative: seems to hold a phone number (phone-in-text); "
        "plan: is still the default (default-in-place)"
    )


def test_a_case_of_defaults_is_one_warning_with_all_their_fields(
    mocked: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    mocked.post(CASES, json=CREATED, status=201)
    client(case_defaults=OURS).cases.create(NewCase())
    (told,) = caplog.messages
    assert told == (
        "A case is likely to have a slip: "
        "reporter.fname, narrative, plan: is still the default (default-in-place)"
    )


def test_a_case_without_a_slip_is_no_warning(
    mocked: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    mocked.post(CASES, json=CREATED, status=201)
    client().cases.create(new_case(plan="Refer to legal aid."))
    assert caplog.messages == []


def test_a_clients_defaults_fill_in_what_a_case_leaves_open(
    mocked: responses.RequestsMock,
) -> None:
    mocked.post(CASES, json=CREATED, status=201)
    client(case_defaults=OURS).cases.create(NewCase(narrative="As told."), idempotency_key="k1")
    assert list(sent_json(mocked)) == [
        {
            "src_uid": "k1",
            "src_uid2": "k1-2",
            "src_callid": "k1",
            "src_ts": "1743849002.000",
            "reporter": {"fname": "Client"},
            "gbv_related": False,
            "case_category_id": "362484",
            "narrative": "As told.",
            "plan": "Initial assessment required",
            "priority": "2",
            "status": "1",
        }
    ]


def test_a_client_made_from_another_has_its_defaults(mocked: responses.RequestsMock) -> None:
    mocked.post(CASES, json=CREATED, status=201)
    client(case_defaults=OURS).with_options(timeout=1.0).cases.create(NewCase())
    assert [body["narrative"] for body in sent_json(mocked)] == ["To be taken"]


def test_a_client_from_the_environment_takes_defaults(
    mocked: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FULFILLMENT_BASE_URL", BASE)
    seen: list[Advice] = []
    mocked.post(CASES, json=CREATED, status=201)
    Client.from_env(
        case_defaults=OURS, on_warning=seen.append, retries=Retries.without_waiting()
    ).cases.create(NewCase())
    assert [one.field for one in seen] == ["reporter.fname", "narrative", "plan"]


def test_without_defaults_nothing_is_invented() -> None:
    with pytest.raises(errors.InvalidCase) as raised:
        client().cases.create(NewCase())
    assert len(raised.value.problems) == 7


def test_every_try_carries_the_same_origin(mocked: responses.RequestsMock, time: Time) -> None:
    moments = iter([NOW, NOW + 1, NOW + 2, NOW + 3, NOW + 4])
    ticking = Client(base_url=BASE, retries=retries(time), ids=ids(), clock=lambda: next(moments))
    mocked.post(CASES, status=503, headers=IDEMPOTENT)
    mocked.post(CASES, status=503, headers=IDEMPOTENT)
    mocked.post(CASES, json=CREATED, status=201, headers=IDEMPOTENT)
    ticking.cases.create(new_case())
    first, second, third = (call.request for call in mocked.calls)
    assert first.body == second.body == third.body
    assert {call.request.headers["Idempotency-Key"] for call in mocked.calls} == {
        "webform-1743849002000-key-1"
    }


def test_an_unknown_outcome_is_repeated_as_the_same_request(
    mocked: responses.RequestsMock,
) -> None:
    mocked.post(CASES, body=requests.ReadTimeout())
    mocked.post(CASES, json=CREATED, status=201)
    one = client()
    with pytest.raises(errors.OutcomeUnknown) as raised:
        one.cases.create(new_case(src="walkin", src_usr="100"))
    key = raised.value.idempotency_key
    assert key == raised.value.src_uid == "walkin-100-1743849002000-key-1"
    later = Client(base_url=BASE, clock=lambda: NOW + 3600)
    later.cases.create(new_case(src="walkin", src_usr="100"), idempotency_key=key)
    assert mocked.calls[0].request.body == mocked.calls[1].request.body


ENDLESS: Any = 10**5000


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"status": ENDLESS}, ["status"]),
        ({"src_ts": ENDLESS}, ["src_ts"]),
        ({"src_uid": ENDLESS, "src_callid": "c"}, ["src_uid"]),
        ({"extra": {"src_uid": ENDLESS}, "src_callid": "c"}, ["src_uid"]),
        ({"reporter": Person(fname="x", dob=ENDLESS)}, ["reporter.dob"]),
    ],
)
def test_a_number_of_more_digits_than_can_be_written_is_told_with_its_field(
    changes: dict[str, Any], fields: list[str]
) -> None:
    with pytest.raises(errors.InvalidCase) as raised:
        client().cases.create(new_case(**changes))
    assert [problem.field for problem in raised.value.problems] == fields
    with pytest.raises(errors.PayloadError, match="too many digits"):
        client().cases.create(new_case(**changes), validate=False)


@pytest.mark.parametrize("key", [5, b"k1", uuid.UUID(int=1), "", "two words", "k" * 256])
@pytest.mark.parametrize("case", [new_case(), NewCase()])
def test_a_key_that_no_header_can_carry_is_told_before_all_else(key: Any, case: NewCase) -> None:
    with pytest.raises(errors.ConfigurationError, match="is a text of 1 to 255 visible ASCII"):
        client().cases.create(case, idempotency_key=key)


def test_ids_need_not_be_texts() -> None:
    ids: Any = partial(uuid.UUID, int=1)
    call = Creation(new_id=ids, clock=lambda: NOW).call(new_case())
    assert call.headers["Idempotency-Key"] == f"webform-1743849002000-{uuid.UUID(int=1)}"


def test_a_call_is_made_without_sending_anything() -> None:
    creation = Creation(new_id=lambda: "id1", clock=lambda: NOW)
    call = creation.call(new_case(plan="Refer to legal aid."))
    assert call.keys is not None
    assert call.keys.src_uid == "webform-1743849002000-id1"
    assert "confidence" not in repr(call)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"case_defaults": {"plan": "x"}}, "case_defaults is no CaseDefaults"),
        ({"on_warning": []}, "on_warning can't be called"),
    ],
)
def test_settings_that_can_not_be_used_are_told_at_once(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=said):
        Client(base_url=BASE, **wrong)
