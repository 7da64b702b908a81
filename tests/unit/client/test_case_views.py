"""An organization's own cases: listed, shown, cancelled, their reports issued again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests
import responses
from responses import matchers

from fulfillment_sdk import Client, errors
from fulfillment_sdk.lifecycle import CaseStatus
from tests.unit.client.support import CASES, IDEMPOTENT, Time, make_client
from tests.unit.models.test_case_view import DETAILS, SUMMARY

LIST = f"{CASES}cases/"
ONE = f"{LIST}case_987654/"


def test_cases_are_narrowed_down_by_exact_values(mocked: responses.RequestsMock) -> None:
    mocked.get(
        LIST,
        json={"items": [SUMMARY], "next": None},
        match=[
            matchers.query_param_matcher(
                {"limit": "200", "status": "qc_passed", "src_uid": "a&b=c +ž"}
            )
        ],
    )
    mocked.get(LIST, json={"items": [], "next": None})
    cases = make_client().cases
    (case,) = cases.list(status=CaseStatus("qc_passed"), src_uid="a&b=c +ž")
    assert (case.id, case.status, case.src_uid) == ("case_987654", "qc_passed", "your-own-id-7")
    assert case.raw == SUMMARY
    assert list(cases.list(reference_number="HL-CMS-000123")) == []
    assert "reference_number=HL-CMS-000123" in str(mocked.calls[1].request.url)


def test_an_empty_filter_is_sent_and_not_left_out(mocked: responses.RequestsMock) -> None:
    mocked.get(LIST, status=400, json={"error": "Invalid value for field: src_uid"})
    with pytest.raises(errors.InvalidField) as raised:
        list(make_client().cases.list(src_uid=""))
    assert raised.value.field == "src_uid"
    assert "src_uid=" in str(mocked.calls[0].request.url)


HALF = "half a pair: \ud83d"
UNSENDABLE: dict[str, Callable[[Client], object]] = {
    "status": lambda client: client.cases.list(status=HALF),
    "reference_number": lambda client: client.cases.list(reference_number=HALF),
    "src_uid": lambda client: client.cases.list(src_uid=HALF),
    "case_id": lambda client: client.events.iterate(case_id=HALF),
    "after": lambda client: client.events.iterate(after=HALF),
    "since": lambda client: client.subscriptions.deliveries("sub_1", since=HALF),
    "subscription id": lambda client: client.subscriptions.get(HALF),
    "case id": lambda client: client.cases.get(HALF),
    "file id": lambda client: client.cases.download_file("case_1", HALF),
}


@pytest.mark.parametrize("name", UNSENDABLE)
def test_half_a_surrogate_pair_is_told_by_the_name_of_what_holds_it(
    mocked: responses.RequestsMock, name: str
) -> None:
    with pytest.raises(errors.ConfigurationError, match=name) as raised:
        UNSENDABLE[name](make_client())
    assert "half a pair" not in str(raised.value)
    assert raised.value.__context__ is None


def test_a_case_is_shown(mocked: responses.RequestsMock) -> None:
    mocked.get(ONE, json=DETAILS)
    case = make_client().cases.get("case_987654")
    assert case.timeline[0].status == "new"
    assert case.report is not None
    assert [file.id for file in case.files] == ["file_1"]


def test_a_case_of_nobody_is_not_found(mocked: responses.RequestsMock) -> None:
    mocked.get(ONE, status=404, json={"error": "Not found"}, headers=IDEMPOTENT)
    with pytest.raises(errors.NotFound):
        make_client().cases.get("case_987654")


def test_a_cancellation_takes_no_body_and_is_repeated(
    mocked: responses.RequestsMock, time: Time
) -> None:
    mocked.post(f"{ONE}cancel/", body=requests.ReadTimeout())
    mocked.post(f"{ONE}cancel/", status=503, json={"error": "Portal unavailable"})
    mocked.post(f"{ONE}cancel/", json=DETAILS | {"status": "cancelled"})
    assert make_client(time).cases.cancel("case_987654").status == "cancelled"
    assert {call.request.body for call in mocked.calls} == {None}


def test_a_cancellation_that_comes_too_late_says_so_in_the_portals_words(
    mocked: responses.RequestsMock,
) -> None:
    said = "Illegal status transition from 'submitted' to 'cancelled'"
    mocked.post(f"{ONE}cancel/", status=409, json={"status": "error", "message": said})
    with pytest.raises(errors.Conflict) as raised:
        make_client().cases.cancel("case_987654")
    assert raised.value.message == said
    assert "Too late" in raised.value.remedy


def test_a_report_is_issued_again(mocked: responses.RequestsMock) -> None:
    mocked.post(f"{ONE}report/", json=DETAILS["report"])
    link = make_client().cases.reissue_report("case_987654")
    assert (link.url, link.expiry.year) == ("https://gateway.example/r", 2025)


def test_a_report_of_a_case_that_is_not_completed_is_a_conflict(
    mocked: responses.RequestsMock,
) -> None:
    mocked.post(f"{ONE}report/", status=409, json={"status": "error", "message": "No report yet"})
    with pytest.raises(errors.Conflict) as raised:
        make_client().cases.reissue_report("case_987654")
    assert "qc_passed" in raised.value.remedy


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_that_lists_no_cases_does_not_offer_it(
    mocked: responses.RequestsMock, status: int
) -> None:
    mocked.get(LIST, status=status, body="<html>", content_type="text/html")
    with pytest.raises(errors.NotOffered) as raised:
        list(make_client().cases.list())
    assert raised.value.feature == "cases"
