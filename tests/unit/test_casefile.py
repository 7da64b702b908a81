"""What the contract, section 2, has against a case."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment_sdk import casefile, strictjson, wire
from fulfillment_sdk.casefile import MANDATORY, Problem
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.models import NewCase
from fulfillment_sdk.models._fields import Model, specs
from tests import samples

NOW = 1_741_960_667.0
ABSENT = object()


def case(**changes: object) -> dict[str, Any]:
    good: dict[str, Any] = samples.read("case-minimal-valid")
    return good | changes


def put(path: str, value: object) -> dict[str, Any]:
    """A good case with the value at the path, or without it."""
    changed = case()
    *parents, key = re.split(r"(?<=[^.])\.", path)  # "reporter..id" has the key ".id"
    holder = changed
    for parent in parents:
        holder = holder.setdefault(parent, {})
    if value is ABSENT:
        holder.pop(key, None)
    else:
        holder[key] = value
    return changed


def messages(changed: dict[str, Any]) -> list[str]:
    return [problem.message for problem in casefile.problems(changed, now=NOW)]


@pytest.mark.parametrize("name", samples.CASES)
def test_the_documents_seven_examples_are_good(name: str) -> None:
    assert casefile.problems(samples.read(name), now=NOW) == []
    assert casefile.first_problem(samples.read(name), now=NOW) is None


@pytest.mark.parametrize("value", [ABSENT, None, "", "  ", "\t\n ", "\u00a0"])
@pytest.mark.parametrize("path", MANDATORY)
def test_absent_null_empty_and_blank_are_missing(path: str, value: object) -> None:
    assert messages(put(path, value)) == [f"Missing required field: {path}"]


def test_missing_fields_are_named_in_the_documented_order() -> None:
    assert messages({}) == [
        "Missing required field: reporter.fname",
        "Missing required field: gbv_related",
        "Missing required field: case_category_id",
        "Missing required field: narrative",
        "Missing required field: plan",
        "Missing required field: priority",
        "Missing required field: status",
    ]
    first = casefile.first_problem({}, now=NOW)
    assert first == Problem("missing", "reporter.fname")


@pytest.mark.parametrize("reporter", [None, "", "Ras Singh", [], [{"fname": "x"}], 5, True, {}])
def test_a_reporter_that_is_no_object_is_a_missing_name(reporter: object) -> None:
    assert messages(case(reporter=reporter)) == ["Missing required field: reporter.fname"]


@pytest.mark.parametrize(
    ("path", "value"),
    [("narrative", "---"), ("priority", "0"), ("gbv_related", False), ("plan", "\x00")],
)
def test_a_value_that_looks_like_nothing_is_a_value(path: str, value: object) -> None:
    assert messages(put(path, value)) == []


@pytest.mark.parametrize("value", ["urgent", "9", 2, "00"])
def test_unknown_priorities_and_states_are_accepted(value: object) -> None:
    assert messages(case(priority=value, status=value)) == []


@pytest.mark.parametrize("value", ["true", "1", "0", 1, 0, [], {}, strictjson.FloatText("1.0")])
def test_gbv_related_is_a_boolean(value: object) -> None:
    assert messages(case(gbv_related=value)) == ["Invalid value for field: gbv_related"]


@pytest.mark.parametrize(
    "value", [[], {}, True, False, ["a"], strictjson.FloatText("1.5"), 1.5, {"a": "b"}]
)
@pytest.mark.parametrize(
    "path",
    [
        "narrative",
        "reporter.fname",
        "reporter.age",
        "reporter..id",
        "src",
        "escalated_to_id",
        "verification.tat_hours",
        "verification.location.lat",
    ],
)
def test_a_text_is_a_string_or_an_integer(path: str, value: object) -> None:
    assert messages(put(path, value)) == [f"Invalid value for field: {path}"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"clients_case": {}}, "clients_case"),
        ({"clients_case": "x"}, "clients_case"),
        ({"clients_case": [None]}, "clients_case[0]"),
        ({"clients_case": [""]}, "clients_case[0]"),
        ({"clients_case": [{"age": True}]}, "clients_case[0].age"),
        ({"clients_case": [{}, {".id": []}]}, "clients_case[1]..id"),
        (
            {"perpetrators_case": [{"guardian_fullname": 1.5}]},
            "perpetrators_case[0].guardian_fullname",
        ),
        ({"attachments_case": ["att_1"]}, "attachments_case[0]"),
        ({"attachments_case": [{"attachment_id": {}}]}, "attachments_case[0].attachment_id"),
        ({"services": [{"category_id": False}]}, "services[0].category_id"),
        ({"services": 5}, "services"),
        ({"verification": []}, "verification"),
        ({"verification": "x"}, "verification"),
        ({"verification": {"location": "here"}}, "verification.location"),
        ({"verification": {"candidate_name": []}}, "verification.candidate_name"),
        ({"src_ts": True}, "src_ts"),
        ({"src_ts": []}, "src_ts"),
        ({"src_ts": {}}, "src_ts"),
    ],
)
def test_a_wrong_type_is_named_by_its_path(changes: dict[str, object], path: str) -> None:
    assert messages(case(**changes)) == [f"Invalid value for field: {path}"]


def _optional(cls: type[Model], prefix: str = "") -> list[str]:
    """The paths of all optional fields."""
    paths = []
    for spec in specs(cls):
        path = prefix + spec.wire
        if path not in {*MANDATORY, "reporter"}:
            paths.append(path)
        if spec.kind == "object" and spec.of is not None:
            paths += _optional(spec.of, f"{path}.")
    return paths


@pytest.mark.parametrize("value", ["", None])
@pytest.mark.parametrize("path", _optional(NewCase))
def test_every_optional_field_may_be_empty_or_null(path: str, value: object) -> None:
    assert messages(put(path, value)) == []


def test_unknown_keys_are_none_of_our_business() -> None:
    strange = {"reporter": {"fname": "x", "zz": 1.5}, "zz": [True], "verification": {"zz": {}}}
    assert messages(case(**strange)) == []


@pytest.mark.parametrize(
    "value",
    [
        "1741960667.824",
        "1741960667",
        "174196066",
        "1741960667.123456",
        1741960667,
        strictjson.FloatText("1741960667.824"),
        1741960667.5,
        str(int(NOW) + 86_400),
        "",
        "   ",
        None,
        ABSENT,
    ],
)
def test_a_source_timestamp_is_in_epoch_seconds(value: object) -> None:
    assert messages(put("src_ts", value)) == []


@pytest.mark.parametrize(
    "value",
    [
        "2025-03-14T13:57:47Z",
        "2025-03-14",
        "nan",
        "NaN",
        "inf",
        "1e9",
        "-1741960667",
        "+1741960667",
        "1741960667824",
        1741960667824,
        "17419606",
        "1741960667.",
        "1741960667.1234567",
        ".5",
        " 1741960667",
        "1741960667\n",
        "1,741,960,667",
        "١٧٤١٩٦٠٦٦٧",
        "0x67d3f9db",
        str(int(NOW) + 86_401),
        int(NOW) + 86_401,
        0,
        -1741960667,
        strictjson.FloatText("1e9"),
        strictjson.FloatText("1.741960667e9"),
        1e-7,
    ],
)
def test_anything_else_is_an_invalid_timestamp(value: object) -> None:
    assert messages(case(src_ts=value)) == ["Invalid timestamp: src_ts"]


def test_missing_comes_before_invalid_comes_before_the_timestamp() -> None:
    changed = case(src_ts="yesterday", narrative=[], plan=" ", clients_case=[{"age": 1.5}, 7])
    assert messages(changed) == [
        "Missing required field: plan",
        "Invalid value for field: clients_case[0].age",
        "Invalid value for field: clients_case[1]",
        "Invalid value for field: narrative",
        "Invalid timestamp: src_ts",
    ]


def test_a_message_holds_no_value() -> None:
    changed = case(narrative=["secret"], src_ts="secret", clients_case=["secret"])
    assert "secret" not in repr(casefile.problems(changed, now=NOW))


def test_what_is_good_can_be_read_as_a_model() -> None:
    for name in samples.CASES:
        assert isinstance(wire.load(NewCase, samples.read(name)), NewCase)


def test_the_digest_is_that_of_the_canonical_json_without_the_timestamp() -> None:
    expected = hashlib.sha256(b'{"a":{"b":"\xc3\xa9","src_ts":1},"z":1.50}').hexdigest()
    changed = strictjson.parse_object('{"z": 1.50, "src_ts": "1", "a": {"src_ts": 1, "b": "é"}}')
    assert casefile.digest(changed) == expected
    assert changed["src_ts"] == "1"


def test_a_retry_with_another_timestamp_has_the_same_digest() -> None:
    assert casefile.digest(case(src_ts="1741960667")) == casefile.digest(case())
    assert casefile.digest(case(plan="other")) != casefile.digest(case())


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.builds(strictjson.FloatText, st.sampled_from(["1.5", "1e9", "1741960667.824"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["fname", "age", ".id", "location", "attachment_id", "x"]), inner
        )
    ),
    max_leaves=8,
)
KEYS = st.sampled_from([spec.wire for spec in specs(NewCase)])


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.dictionaries(KEYS, VALUES))
def test_the_checks_and_the_converter_agree_about_types(changes: dict[str, Any]) -> None:
    changed = case() | changes
    found = casefile.problems(changed, now=NOW)
    if not found:
        assert isinstance(wire.load(NewCase, changed), NewCase)
        return
    invalid = {problem.field for problem in found if problem.kind == "invalid"}
    try:
        wire.load(NewCase, changed)
        refused = set[str]()
    except PayloadError as error:
        refused = {error.path}
    # The converter stops at its first; a reporter that is no object is a missing name here.
    assert refused <= invalid | {"reporter"}
    assert bool(refused) >= bool(invalid)
