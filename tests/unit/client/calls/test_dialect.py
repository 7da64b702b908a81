from __future__ import annotations

import pytest

from fulfillment_sdk.client.calls.dialect import faults, wanted, write
from fulfillment_sdk.client.exchange.refusals import refusal
from fulfillment_sdk.errors import BadRequest
from tests.unit.client.support import call, sample

BLANK = ["This field may not be blank."]
CASE: dict[str, object] = {
    "src_address": "",
    "reporter": {"fname": "Jane Smith", "phone": " "},
    "clients_case": [{"fname": "Sarah"}, {"email": ""}],
    "gbv_related": True,
    "narrative": "Told in confidence.",
    "justice_id": "",
}


def refused(errors: object, status: int = 400) -> BadRequest:
    return BadRequest("Invalid complaint data", status=status, body={"errors": errors})


def test_the_recorded_refusal_of_the_boolean_is_about_writing() -> None:
    error = refusal(call(), sample("case-example-minimal-fields"), now=0)
    assert wanted(error, {"gbv_related": False})
    assert not wanted(error, {"gbv_related": "maybe"})


@pytest.mark.parametrize(
    "errors",
    [
        {"gbv_related": ["Not a valid string."]},
        {"gbv_related": ["Not a valid string."], "justice_id": BLANK, "src_address": BLANK},
        {"reporter": {"phone": BLANK}},
        {"clients_case": [{}, {"email": BLANK}]},
        {"clients_case": {"1": {"email": BLANK}}},
    ],
)
def test_a_refusal_that_names_only_the_boolean_and_blanks_is_about_writing(errors: object) -> None:
    assert wanted(refused(errors), CASE)


@pytest.mark.parametrize(
    "errors",
    [
        {},
        None,
        "gbv_related",
        {"gbv_related": ["Not a valid string."], "clients_case": [{"fname": ["Too long."]}]},
        {"reporter": {"fname": BLANK}},
        {"reporter": ["This field may not be null."]},
        {"narrative": ["Null characters are not allowed."]},
        {"never_sent": BLANK},
        {"clients_case": {"7": {"email": BLANK}}},
        {"justice_id": []},
        {"reporter": {}},
        {"justice_id": {"why": BLANK}},
    ],
)
def test_a_refusal_that_names_anything_else_is_not(errors: object) -> None:
    assert not wanted(refused(errors), CASE)


def test_what_is_nested_without_end_is_not_gone_through() -> None:
    deep: object = BLANK
    for _ in range(5000):
        deep = {"phone": deep}
    assert not wanted(refused({"reporter": deep}), CASE)


def test_a_blank_mandatory_field_is_missing_however_it_is_written() -> None:
    error = refusal(call(), sample("case-blank-narrative"), now=0)
    assert not wanted(error, {"narrative": ""})


def test_what_is_wrong_with_the_case_itself_is_told_from_how_it_is_written() -> None:
    wrong = {"narrative": BLANK, "clients_case": [{"fname": ["Too long."]}]}
    assert (
        faults({"gbv_related": ["Not a valid string."], "justice_id": BLANK} | wrong, CASE) == wrong
    )


@pytest.mark.parametrize("errors", [None, [], "gbv_related", {}])
def test_what_names_nothing_names_no_fault(errors: object) -> None:
    assert faults(errors, CASE) == {}


def test_only_a_400_is_about_writing() -> None:
    assert not wanted(refused({"justice_id": BLANK}, status=422), CASE)


def test_a_refusal_without_json_is_not_about_writing() -> None:
    assert not wanted(BadRequest("", status=400, body="<html>"), CASE)


def test_the_other_writing_has_words_for_the_boolean_and_no_blanks() -> None:
    assert write(CASE) == {
        "reporter": {"fname": "Jane Smith"},
        "clients_case": [{"fname": "Sarah"}, {}],
        "gbv_related": "1",
        "narrative": "Told in confidence.",
    }


def test_a_blank_mandatory_field_is_written_as_it_is() -> None:
    case = {"reporter": {"fname": " ", "phone": ""}, "narrative": "", "plan": " ", "src": ""}
    assert write(case) == {"reporter": {"fname": " "}, "narrative": "", "plan": " "}


def test_false_is_written_as_zero() -> None:
    assert write({"gbv_related": False})["gbv_related"] == "0"


def test_the_case_itself_stays_as_it_is() -> None:
    before = dict(CASE)
    write(CASE)
    assert before == CASE
