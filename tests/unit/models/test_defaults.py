"""What the document lets an organisation put into the fields that a case leaves open."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment_sdk import casefile, strictjson
from fulfillment_sdk.models import CaseDefaults, NewCase, Person, Priority, RecordState
from fulfillment_sdk.wire import load, to_json
from tests import samples

NOW = 1_743_849_002.0
FIELDS = [field.name for field in attrs.fields(CaseDefaults) if field.name != "reporter_fname"]


def test_the_documented_defaults_are_filled_in() -> None:
    filled = CaseDefaults().fill(NewCase())
    assert to_json(filled) == {
        "reporter": {"fname": "Client"},
        "plan": "Initial assessment required",
        "priority": "2",
        "status": "1",
    }


def test_what_has_no_documented_default_is_still_missing() -> None:
    problems = casefile.problems(to_json(CaseDefaults().fill(NewCase())), now=NOW)
    assert [problem.field for problem in problems] == [
        "gbv_related",
        "case_category_id",
        "narrative",
    ]


def test_what_the_organisation_sets_makes_an_empty_case_a_good_one() -> None:
    ours = CaseDefaults(
        gbv_related=False, case_category_id="362484", narrative="To be taken", src="walkin"
    )
    filled = to_json(ours.fill(NewCase()))
    assert casefile.problems(filled, now=NOW) == []
    assert filled["src"] == "walkin"


@pytest.mark.parametrize("name", samples.CASES)
def test_what_a_case_says_itself_wins(name: str) -> None:
    case = load(NewCase, samples.read(name))
    ours = CaseDefaults(gbv_related=not case.gbv_related, case_category_id="1", narrative="none")
    assert ours.fill(case) == case


def test_what_a_case_says_among_its_extra_keys_wins_too() -> None:
    said = {"plan": "Refer to legal aid.", "priority": "1", "reporter": {"fname": "Jane Smith"}}
    filled = to_json(CaseDefaults().fill(NewCase(extra=said)))
    assert filled == said | {"status": "1"}


@pytest.mark.parametrize("blank", [None, "", "  ", "\t\n"])
@pytest.mark.parametrize("name", ["plan", "priority", "status"])
def test_a_blank_mandatory_field_is_open(name: str, blank: str | None) -> None:
    fields: dict[str, Any] = {name: blank}
    filled = CaseDefaults().fill(NewCase(**fields))
    assert getattr(filled, name) == getattr(CaseDefaults(), name)


@pytest.mark.parametrize("name", ["src", "src_address", "src_usr", "src_vector", "justice_id"])
def test_an_empty_optional_field_is_a_statement(name: str) -> None:
    set_: dict[str, Any] = {name: "ours"}
    given_: dict[str, Any] = {name: ""}
    assert getattr(CaseDefaults(**set_).fill(NewCase()), name) == "ours"
    assert getattr(CaseDefaults(**set_).fill(NewCase(**given_)), name) == ""


def test_a_reporter_without_a_name_keeps_the_rest() -> None:
    filled = CaseDefaults().fill(NewCase(reporter=Person(fname=" ", phone="0712345678")))
    assert filled.reporter == Person(fname="Client", phone="0712345678")


@pytest.mark.parametrize("reporter", ["", "Jane Smith", {"fname": ""}, [], 5])
def test_what_is_no_reporter_at_all_is_left_to_the_checks(reporter: Any) -> None:
    assert CaseDefaults().fill(NewCase(reporter=reporter)).reporter == reporter


def test_false_is_a_value() -> None:
    assert CaseDefaults(gbv_related=True).fill(NewCase(gbv_related=False)).gbv_related is False
    assert CaseDefaults(gbv_related=False).fill(NewCase()).gbv_related is False


def test_none_switches_a_documented_default_off() -> None:
    off = CaseDefaults(reporter_fname=None, plan=None, priority=None, status=None)
    assert off.fill(NewCase()) == NewCase()
    assert off.texts() == {}


def test_every_default_has_the_name_of_its_field() -> None:
    assert set(FIELDS) <= {field.name for field in attrs.fields(NewCase)}
    assert not {"src_uid", "src_uid2", "src_callid", "src_ts", "reporter"} & set(FIELDS)


def test_a_repr_hides_what_may_name_a_person_or_a_place() -> None:
    shown = repr(CaseDefaults(src="walkin", src_address="12 Lake Street", narrative="Quiet"))
    assert "src='walkin'" in shown
    assert not any(text in shown for text in ("Lake Street", "Quiet", "Client", "Initial"))


def test_the_defaults_have_the_named_values() -> None:
    assert CaseDefaults().priority is Priority.MEDIUM
    assert CaseDefaults().status is RecordState.OPEN


def test_settings_from_a_file_make_defaults() -> None:
    read = load(CaseDefaults, strictjson.parse('{"src": "phone", "gbv_related": false}'))
    assert read == CaseDefaults(src="phone", gbv_related=False)


TEXTS = st.none() | st.sampled_from(["", " ", "x", "Client"])


@settings(deadline=None, derandomize=True)
@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("narrative", "plan", "src"), TEXTS)),
    st.fixed_dictionaries({}, optional=dict.fromkeys(("narrative", "plan", "src"), TEXTS)),
)
def test_filling_in_twice_changes_nothing_more(
    given_: dict[str, Any], set_: dict[str, Any]
) -> None:
    ours = CaseDefaults(**set_)
    once = ours.fill(NewCase(**given_))
    assert ours.fill(once) == once
    for name, value in given_.items():
        if value is not None and value.strip():
            assert getattr(once, name) == value
