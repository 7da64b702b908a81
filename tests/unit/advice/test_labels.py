"""Labels without the id that they stand for."""

from __future__ import annotations

import pytest

from tests.unit.advice.people import case, reporter, said


@pytest.mark.parametrize(
    "label", ["sex", "age_group", "location", "nationality", "tribe", "relationship", "marital"]
)
@pytest.mark.parametrize("missing", [{}, {"id": ""}, {"id": " "}, {"id": None}])
def test_a_label_without_its_id_is_noticed(label: str, missing: dict[str, object]) -> None:
    someone = {label: "^Something", **{f"{label}_{key}": value for key, value in missing.items()}}
    assert said(case(perpetrators_case=[someone])) == [
        ("label-without-id", f"perpetrators_case[0].{label}")
    ]


@pytest.mark.parametrize(
    "someone",
    [
        {"sex": "^Male", "sex_id": "121"},
        {"sex": "^Male", "sex_id": 121},
        {"sex_id": "121"},
        {"sex": "", "sex_id": ""},
        {"sex": None},
        {"sex": ["^Male"]},
        {"mood": "calm"},
    ],
)
def test_a_label_with_its_id_or_without_content_is_fine(someone: dict[str, object]) -> None:
    assert said(case(perpetrators_case=[someone])) == []


def test_it_holds_for_every_person_and_for_the_case_itself() -> None:
    assert said(reporter(sex="^Female")) == [("label-without-id", "reporter.sex")]
    assert said(case(clients_case=[{"tribe": "x"}])) == [
        ("label-without-id", "clients_case[0].tribe")
    ]
    assert said(case(assessment="low")) == [("label-without-id", "assessment")]
    assert said(case(assessment="low", assessment_id="5")) == []


@pytest.mark.parametrize("field", ["priority", "status"])
@pytest.mark.parametrize("value", ["high", "HIGH", " Open ", "new", "1 (high)"])
def test_a_word_where_the_wire_has_a_number_is_noticed(field: str, value: str) -> None:
    assert said(case(**{field: value})) == [("word-for-number", field)]


@pytest.mark.parametrize("field", ["priority", "status"])
@pytest.mark.parametrize("value", ["1", " 2 ", "7", 3, "", None, ["high"], True])
def test_a_number_that_nobody_knows_may_be_the_servers_own(field: str, value: object) -> None:
    assert said(case(**{field: value})) == []
