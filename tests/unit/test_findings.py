"""What is said about a case before it is sent."""

from __future__ import annotations

from typing import Any

import pytest

from fulfillment_sdk import Advice, Findings, Problem, validate
from fulfillment_sdk.findings import examine
from fulfillment_sdk.models import CaseDefaults, NewCase, Perpetrator, Person
from fulfillment_sdk.wire import load
from tests import samples

NOW = 1_741_960_667.0


def test_all_problems_are_told_at_once_in_the_servers_words() -> None:
    case = NewCase(
        reporter=Person(fname=" ", dob="1046120400"),
        clients_case=[Person(fname="Ras", age=1.5)],  # type: ignore[arg-type]
        perpetrators_case=[Perpetrator(record_id=[])],  # type: ignore[arg-type]
        gbv_related="yes",  # type: ignore[arg-type]
        narrative="Told in confidence.",
        src_ts="2025-03-14",
    )
    findings = validate(case, now=NOW)
    assert [problem.message for problem in findings.problems] == [
        "Missing required field: reporter.fname",
        "Missing required field: case_category_id",
        "Missing required field: plan",
        "Missing required field: priority",
        "Missing required field: status",
        "Invalid value for field: clients_case[0].age",
        "Invalid value for field: perpetrators_case[0]..id",
        "Invalid value for field: gbv_related",
        "Invalid timestamp: src_ts",
    ]
    assert not findings.good
    assert "confidence" not in repr(findings)


@pytest.mark.parametrize("name", samples.CASES)
def test_the_documents_examples_are_good(name: str) -> None:
    assert validate(load(NewCase, samples.read(name)), now=NOW).good


def test_problems_and_warnings_are_told_together() -> None:
    findings = validate(NewCase(reporter=Person(fname="Client"), narrative="x"), now=NOW)
    assert Problem("missing", "plan") in findings.problems
    assert [(one.code, one.field) for one in findings.warnings] == [
        ("default-in-place", "reporter.fname")
    ]
    assert all(type(one) is Advice for one in findings.warnings)


def test_a_case_with_warnings_alone_is_good() -> None:
    findings = validate(load(NewCase, samples.read("case-minimal-valid")), now=NOW)
    assert findings.good
    assert findings.warnings


def test_defaults_are_filled_in_before_the_checks_and_count_as_defaults_after_them() -> None:
    ours = CaseDefaults(gbv_related=False, case_category_id="362484", narrative="To be taken")
    findings = validate(NewCase(), now=NOW, defaults=ours)
    assert findings.good
    assert [one.field for one in findings.warnings] == ["reporter.fname", "narrative", "plan"]


def test_without_a_clock_the_present_counts() -> None:
    ahead = load(NewCase, samples.read("case-minimal-valid") | {"src_ts": "9999999999"})
    assert [problem.field for problem in validate(ahead).problems] == ["src_ts"]
    assert validate(ahead, now=9_999_999_999.0).good


def test_a_parsed_body_is_looked_over_as_it_is() -> None:
    good = samples.read("case-minimal-fields")
    assert examine(good, now=NOW) == Findings()
    assert examine(good | {"reporter": "Jane"}, now=NOW).problems == (
        Problem("missing", "reporter.fname"),
    )


@pytest.mark.parametrize("case", [{"src": "webform"}, '{"src": "webform"}', None])
def test_what_is_no_case_is_told_as_that(case: Any) -> None:
    with pytest.raises(TypeError, match=r"a NewCase, not \w+: load_case\(\) makes one of JSON$"):
        validate(case)
