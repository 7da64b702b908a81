from __future__ import annotations

import logging

import pytest
import requests
import responses

from fulfillment_sdk import errors
from fulfillment_sdk.client import Client
from fulfillment_sdk.models import AttachmentRef, Person
from tests.unit.client.support import (
    BASE,
    CASES,
    CREATED,
    IDEMPOTENT,
    Time,
    make_client,
    mock,
    new_case,
    sample,
    sent_json,
)


def test_a_case_is_created(mocked: responses.RequestsMock) -> None:
    mocked.post(CASES, json=CREATED | {"later": 1}, status=201)
    created = make_client().cases.create(new_case())
    assert created.id == "case_987654"
    assert created.reference_number == "HL-CMS-000123"
    assert created.status == "open"
    assert created.created_at == "2025-04-05T10:30:02Z"
    assert created.assigned_to == "agent_001"
    assert created.id_source == "id"
    assert created.raw == CREATED | {"later": 1}


def test_the_case_is_sent_under_its_names_on_the_wire(mocked: responses.RequestsMock) -> None:
    mocked.post(CASES, json=CREATED, status=201)
    make_client().cases.create(
        new_case(reporter=Person(fname="Jane Smith", record_id="86164"), src_uid="walkin-1")
    )
    assert list(sent_json(mocked)) == [
        {
            "src_uid": "walkin-1",
            "src_uid2": "walkin-1-2",
            "src_callid": "walkin-1",
            "src_ts": "1743849002.000",
            "reporter": {"fname": "Jane Smith", ".id": "86164"},
            "gbv_related": False,
            "case_category_id": "362484",
            "narrative": "Told in confidence.",
            "plan": "Initial assessment required",
            "priority": "2",
            "status": "1",
        }
    ]
    assert mocked.calls[0].request.headers["Content-Type"] == "application/json"


def test_every_create_carries_a_key_and_a_src_uid(mocked: responses.RequestsMock) -> None:
    client = make_client()
    for _ in range(2):
        mocked.post(CASES, json=CREATED, status=201)
        client.cases.create(new_case())
    keys = ["webform-1743849002000-key-1", "webform-1743849002000-key-2"]
    assert [one.request.headers["Idempotency-Key"] for one in mocked.calls] == keys
    assert [body["src_uid"] for body in sent_json(mocked)] == keys


def test_the_same_call_with_the_same_key_is_the_same_request(
    mocked: responses.RequestsMock,
) -> None:
    for client in (make_client(), make_client()):
        mocked.post(CASES, json=CREATED, status=201)
        client.cases.create(new_case(), idempotency_key="mine")
    first, second = (one.request for one in mocked.calls)
    assert first.body == second.body
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"] == "mine"


def test_a_blank_src_uid_is_none(mocked: responses.RequestsMock) -> None:
    mocked.post(CASES, json=CREATED, status=201)
    make_client().cases.create(new_case(src_uid=" "), idempotency_key="mine")
    assert [body["src_uid"] for body in sent_json(mocked)] == ["mine"]


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ключ", "a\r\nX: 1"])
def test_a_key_that_no_header_can_carry_is_refused(key: str) -> None:
    with pytest.raises(errors.ConfigurationError):
        make_client().cases.create(new_case(), idempotency_key=key)


def test_half_a_surrogate_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(errors.PayloadError):
        make_client().cases.create(new_case(narrative="\ud800"))


def test_an_unknown_outcome_carries_what_finds_the_case(mocked: responses.RequestsMock) -> None:
    mocked.post(CASES, body=requests.ReadTimeout())
    with pytest.raises(errors.OutcomeUnknown) as raised:
        make_client().cases.create(new_case(src_uid="walkin-1"))
    assert (raised.value.idempotency_key, raised.value.src_uid) == ("key-1", "walkin-1")


def test_a_portal_that_is_away_for_a_moment_is_asked_again(
    mocked: responses.RequestsMock, time: Time
) -> None:
    mocked.post(
        CASES,
        json={"error": "Portal unavailable"},
        status=503,
        headers=IDEMPOTENT | {"Retry-After": "1"},
    )
    mocked.post(CASES, json=CREATED, status=201, headers=IDEMPOTENT)
    assert make_client(time).cases.create(new_case()).id == "case_987654"
    assert mocked.calls[0].request.body == mocked.calls[1].request.body
    assert time.slept == [pytest.approx(1.05)]


@pytest.mark.parametrize(
    ("name", "number"), [("case-gbv-as-string-minimal-valid-payload", "lwf31667")]
)
def test_the_deployed_gateways_success_is_read(
    mocked: responses.RequestsMock, name: str, number: str
) -> None:
    mock(mocked, sample(name))
    created = make_client().cases.create(new_case())
    assert (created.id, created.reference_number) == ("31667", number)
    assert created.id_source == "helpline_response.case_id"
    assert (created.created_at, created.assigned_to, created.status) == (None, None, None)
    assert created.raw["status"] == "success"


@pytest.mark.parametrize(
    ("body", "identifier", "source"),
    [
        ({"id": 987654}, "987654", "id"),
        ({"complaint_id": "c1", "case_reference": "lwf1"}, "c1", "complaint_id"),
        (
            {"complaint_id": "c1", "case_reference": "lwf1", "helpline_response": {"case_id": 7}},
            "7",
            "helpline_response.case_id",
        ),
        (
            {"complaint_id": "c1", "case_reference": "lwf1", "helpline_response": None},
            "c1",
            "complaint_id",
        ),
    ],
)
@pytest.mark.parametrize("status", [200, 201])
def test_the_result_says_which_key_the_id_came_from(
    mocked: responses.RequestsMock,
    body: dict[str, object],
    identifier: str,
    source: str,
    status: int,
) -> None:
    mocked.post(CASES, json=body, status=status)
    created = make_client().cases.create(new_case())
    assert (created.id, created.id_source) == (identifier, source)


@pytest.mark.parametrize("name", ["case-upstream-fail500", "case-upstream-ok-emptycases"])
def test_a_complaint_that_was_not_forwarded_is_no_case(
    mocked: responses.RequestsMock, time: Time, name: str
) -> None:
    mock(mocked, sample(name))
    with pytest.raises(errors.CaseNotForwarded) as raised:
        make_client(time).cases.create(new_case())
    assert raised.value.complaint_id in str(raised.value)
    assert len(raised.value.complaint_id) == 36
    assert time.slept == []


@pytest.mark.parametrize(
    ("complaint", "identifier", "called"),
    [
        ({"complaint_id": 31, "case_reference": None}, "31", "complaint 31"),
        ({"complaint_id": ""}, "", "the complaint"),
        ({}, "", "the complaint"),
        ({"complaint_id": "of Jane Smith"}, "of Jane Smith", "complaint of …"),
    ],
)
def test_a_complaint_that_was_not_forwarded_is_none_whatever_it_is_called(
    mocked: responses.RequestsMock, complaint: dict[str, object], identifier: str, called: str
) -> None:
    mocked.post(CASES, json=complaint | {"response_from_helpline": {"status": "error"}})
    with pytest.raises(errors.CaseNotForwarded) as raised:
        make_client().cases.create(new_case())
    assert raised.value.complaint_id == identifier
    assert raised.value.message.startswith(f"The gateway stored {called}, but no case")
    assert len(mocked.calls) == 1


@pytest.mark.parametrize(
    "body", [b"", b"<html>Welcome</html>", b"{}", b"[]", b'{"id": ""}', b'{"hello": "world"}']
)
@pytest.mark.parametrize("status", [200, 201])
def test_a_success_without_a_case_is_an_error(
    mocked: responses.RequestsMock, body: bytes, status: int
) -> None:
    mocked.post(CASES, body=body, status=status)
    with pytest.raises(errors.UnexpectedAnswer):
        make_client().cases.create(new_case())
    assert len(mocked.calls) == 1


@pytest.mark.parametrize(
    ("headers", "advice"),
    [
        ({}, "Ask the server's operator for a case with the src_uid that was sent"),
        (IDEMPOTENT, "idempotency_key='key-1' and the same content make sure"),
    ],
)
def test_a_success_that_cannot_be_read_says_how_to_make_no_second_case(
    mocked: responses.RequestsMock, headers: dict[str, str], advice: str
) -> None:
    mocked.post(CASES, body=b"", status=201, headers=headers)
    with pytest.raises(errors.UnexpectedAnswer) as raised:
        make_client().cases.create(new_case(src_uid="intake-1"))
    assert "It may have been carried out" in raised.value.remedy
    assert advice in raised.value.remedy
    assert len(str(raised.value).splitlines()) == 2


def test_a_page_in_the_place_of_the_gateway_still_leads_to_the_base_url(
    mocked: responses.RequestsMock,
) -> None:
    mocked.post(CASES, body=b"<html>Welcome</html>", status=200)
    mocked.get(f"{CASES}cases/case_1/", body=b"<html>Welcome</html>", status=200)
    usual = errors.UnexpectedAnswer.default_remedy
    with pytest.raises(errors.UnexpectedAnswer) as raised:
        make_client().cases.create(new_case())
    assert raised.value.remedy.startswith(usual)
    with pytest.raises(errors.UnexpectedAnswer) as raised:
        make_client().cases.get("case_1")
    assert raised.value.remedy == usual


def test_a_refused_writing_is_sent_once_in_the_other_one(
    mocked: responses.RequestsMock, time: Time
) -> None:
    mock(mocked, sample("case-example-minimal-fields"))
    mock(mocked, sample("case-gbv-as-string-minimal-valid-payload"))
    created = make_client(time).cases.create(new_case(src_address="", gbv_related=True))
    assert created.id == "31667"
    first, second = sent_json(mocked)
    assert (first["gbv_related"], first["src_address"]) == (True, "")
    assert second["gbv_related"] == "1"
    assert "src_address" not in second
    assert second["src_uid"] == first["src_uid"]
    assert sum(time.slept) == 0


def test_the_other_writing_is_remembered(mocked: responses.RequestsMock) -> None:
    client = make_client()
    mock(mocked, sample("case-example-minimal-fields"))
    mock(mocked, sample("case-gbv-as-string-minimal-valid-payload"))
    mock(mocked, sample("case-gbv-as-string-minimal-valid-payload"))
    client.cases.create(new_case())
    client.cases.create(new_case())
    assert [body["gbv_related"] for body in sent_json(mocked)] == [False, "0", "0"]


def test_a_writing_that_is_refused_again_is_told(mocked: responses.RequestsMock) -> None:
    for _ in range(2):
        mock(mocked, sample("case-example-minimal-fields"))
    with pytest.raises(errors.InvalidField) as raised:
        make_client().cases.create(new_case())
    assert raised.value.field == "gbv_related"


def test_another_refusal_is_no_reason_to_write_differently(
    mocked: responses.RequestsMock,
) -> None:
    mock(mocked, sample("case-unknown-conversation"))
    with pytest.raises(errors.InvalidField):
        make_client().cases.create(new_case())
    assert len(mocked.calls) == 1


def test_an_attachment_that_can_not_be_referred_to_has_a_remedy(
    mocked: responses.RequestsMock,
) -> None:
    words = "Invalid value for field: attachments_case[0].attachment_id"
    mocked.post(CASES, status=400, json={"error": words})
    with pytest.raises(errors.InvalidField) as raised:
        make_client().cases.create(new_case(attachments_case=[AttachmentRef(attachment_id="f")]))
    assert "Upload the file again" in raised.value.remedy


def test_the_other_writing_does_not_use_up_a_try(mocked: responses.RequestsMock) -> None:
    mock(mocked, sample("case-example-minimal-fields"))
    mocked.post(CASES, body=requests.ConnectTimeout())
    mock(mocked, sample("case-gbv-as-string-minimal-valid-payload"))
    assert make_client(tries=2).cases.create(new_case()).id == "31667"


def test_a_lost_answer_after_the_other_writing_is_still_not_repeated(
    mocked: responses.RequestsMock,
) -> None:
    mock(mocked, sample("case-example-minimal-fields"))
    mocked.post(CASES, body=requests.ReadTimeout())
    with pytest.raises(errors.OutcomeUnknown):
        make_client().cases.create(new_case())


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "Missing required field: narrative"}, errors.MissingField),
        (400, {"error": "Invalid timestamp: src_ts"}, errors.InvalidField),
        (400, {"error": "Invalid JSON in request body"}, errors.BadRequest),
        (
            401,
            {"status": "error", "message": "Invalid or expired authentication token"},
            errors.Unauthorized,
        ),
        (
            403,
            {"status": "error", "message": "Organization not authorized to access this resource"},
            errors.OrganizationInactive,
        ),
        (409, {"error": "Idempotency key reused with a different request"}, errors.Conflict),
        (413, {"error": "Too large"}, errors.TooLarge),
        (415, {"error": "Not JSON"}, errors.UnsupportedMediaType),
        (429, {"error": "Too many requests"}, errors.TooManyRequests),
    ],
)
def test_each_documented_refusal_has_its_error(
    mocked: responses.RequestsMock, status: int, body: dict[str, object], kind: type[Exception]
) -> None:
    mocked.post(CASES, json=body, status=status)
    with pytest.raises(errors.APIError) as raised:
        make_client().cases.create(new_case())
    assert type(raised.value) is kind
    assert raised.value.message == body.get("error", body.get("message"))
    assert raised.value.status == status


def test_nothing_of_a_case_is_shown_or_logged(
    mocked: responses.RequestsMock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    mocked.post(CASES, body=requests.ConnectTimeout())
    mocked.post(CASES, body=b"Told in confidence. Jane Smith t0ken", status=500)
    with pytest.raises(errors.OutcomeUnknown) as raised:
        make_client(token="t0ken").cases.create(new_case())
    shown = caplog.text + str(raised.value) + repr(raised.value) + str(raised.value.__cause__)
    assert "never arrived" in caplog.text
    for secret in ("Jane Smith", "Told in confidence", "t0ken"):
        assert secret not in shown


def test_without_an_address_there_is_no_client(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(errors.ConfigurationError):
        Client()
    monkeypatch.setenv("FULFILLMENT_BASE_URL", BASE)
    assert Client().base_url == BASE
