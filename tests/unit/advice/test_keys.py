"""Keys that are nearly documented ones; all others are nobody's business."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment_sdk import load_case, validate
from fulfillment_sdk.advice import advise
from fulfillment_sdk.wire import to_json
from tests import samples
from tests.unit.advice.people import NOW, case, reporter, said


def told(about: dict[str, Any]) -> list[str]:
    return [one.message for one in advise(about, now=NOW) if one.code == "misspelt-key"]


def meant(path: str, near: str) -> str:
    return f"{path}: is no documented key, {near} is perhaps meant"


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("src_uuid", "src_uid"),
        ("srcUid", "src_uid"),
        ("knowabout116id", "knowabout116_id"),
        ("Justice_ID", "justice_id"),
        ("client_case", "clients_case"),
        ("perpetrator_cases", "perpetrators_case"),
        ("attachements_case", "attachments_case"),
        ("service", "services"),
        ("escalatedToId", "escalated_to_id"),
    ],
)
def test_a_key_that_is_nearly_a_documented_one_names_it(key: str, near: str) -> None:
    assert told(case(**{key: "1"})) == [meant(key, near)]


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("phnoe", "phone"),
        ("Phone2", "phone2"),
        ("gae", "age"),
        ("national id", "national_id"),
        ("id", ".id"),
        ("record_id", ".id"),
    ],
)
def test_it_holds_for_every_person(key: str, near: str) -> None:
    assert told(reporter(**{key: "x"})) == [meant(f"reporter.{key}", near)]
    assert told(case(clients_case=[{}, {key: "x"}])) == [meant(f"clients_case[1].{key}", near)]
    assert told(case(perpetrators_case=({key: "x"},))) == [
        meant(f"perpetrators_case[0].{key}", near)
    ]


def test_it_holds_in_a_verification_and_its_location() -> None:
    about = case(verification={"candidate": "x", "tathours": "4", "location": {"pin_code": "1"}})
    assert told(about) == [
        meant("verification.candidate", "candidate_name"),
        meant("verification.tathours", "tat_hours"),
        meant("verification.location.pin_code", "pincode"),
    ]


@pytest.mark.parametrize(
    "about",
    [
        reporter(lname="Smith"),  # the name is there, so this is none
        reporter(phone3="0712345678", mood="calm", city="Nairobi"),
        reporter(fname2="Jane"),
        case(**{"src_uid3": "x", "case": {"narative": "x"}, "": "x", "ticket": {"id": "1"}}),
        case(**{"narrative" * 10: "x", "narra\ntive2": "x"}),
        case(clients_case="Jane", verification=["x"], reporter=None),
        {1: "x"},
    ],
)
def test_keys_of_ones_own_are_legal(about: dict[str, Any]) -> None:
    assert told(about) == []


@pytest.mark.parametrize("label", ["location", "nationality", "lang", "sex", "age_group", "tribe"])
def test_a_label_is_no_slip_of_an_id(label: str) -> None:
    assert told(reporter(**{label: "x", f"{label}_id": ""})) == []


def test_a_key_that_is_as_blank_as_absent_may_be_the_one_that_was_meant() -> None:
    assert told(reporter(phone="", phnoe="0712345678")) == [meant("reporter.phnoe", "phone")]


@pytest.mark.parametrize("name", samples.CASES)
def test_the_documents_have_no_misspelt_key(name: str) -> None:
    assert told(samples.read(name)) == []


def test_what_load_case_keeps_in_extra_is_looked_at_and_sent_as_it_is() -> None:
    read = load_case('{"reporter": {"fname": "Jane", "phnoe": "0712345678"}}')
    warnings = validate(read, now=NOW).warnings
    assert [(one.code, one.field) for one in warnings] == [("misspelt-key", "reporter.phnoe")]
    assert to_json(read) == {"reporter": {"fname": "Jane", "phnoe": "0712345678"}}


def test_a_hundred_unknown_keys_are_looked_at_and_no_more() -> None:
    many = {f"own_{number}": "x" for number in range(100)}
    assert said(reporter(**{"phnoe": "x"} | many)) == [("misspelt-key", "reporter.phnoe")]
    assert said(reporter(**many | {"phnoe": "x"})) == []
