"""Advice as a whole: a table of slips, on whatever content, without a value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment_sdk.advice import MISSPELT, SLIPS, advise
from fulfillment_sdk.models import NewCase, Perpetrator
from fulfillment_sdk.models._fields import specs
from fulfillment_sdk.strictjson import FloatText
from tests import samples
from tests.unit.advice.people import NOW, case, said

WRONG = case(
    reporter={"fname": "Client", "dob": "1046120400000", "phnoe": "x"},
    clients_case=[{"dob": "25/02/2003"}, {"dob": "1046120400", "age": "77"}],
    perpetrators_case=[{"age": "22", "age_group": "31-45", "sex": "^Male"}],
    narrative="Ring 0712345678, ID 23456789",
    priority="high",
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("case-with-token", ["plan"]),
        ("case-full", ["narrative", "plan"]),
        ("case-minimal-fields", []),
        ("case-physical-abuse", []),
        ("case-child-abuse", []),
        ("case-psychosocial", []),
        ("case-minimal-valid", ["plan"]),
    ],
)
def test_the_documents_examples_have_defaults_in_place_and_no_other_slip(
    name: str, expected: list[str]
) -> None:
    assert said(samples.read(name)) == [("default-in-place", field) for field in expected]


def test_all_slips_are_told_at_once_in_the_order_of_the_table() -> None:
    assert said(WRONG) == [
        ("misspelt-key", "reporter.phnoe"),
        ("milliseconds", "reporter.dob"),
        ("not-a-birthday", "clients_case[0].dob"),
        ("age-and-dob", "clients_case[1].age"),
        ("age-group", "perpetrators_case[0].age_group"),
        ("label-without-id", "perpetrators_case[0].age_group"),
        ("label-without-id", "perpetrators_case[0].sex"),
        ("word-for-number", "priority"),
        ("phone-in-text", "narrative"),
        ("national-id-in-text", "narrative"),
        ("default-in-place", "reporter.fname"),
    ]
    assert {code for code, _ in said(WRONG)} == {MISSPELT, *(slip.code for slip in SLIPS)}


def test_a_message_begins_with_the_field_and_holds_no_value() -> None:
    for one in advise(WRONG, now=NOW):
        assert one.message.startswith(f"{one.field}: ")
        values = (
            "1046120400",
            "2003",
            "77",
            "31-45",
            "Male",
            "0712345678",
            "23456789",
            "Client",
            "high",
        )
        assert not any(value in repr(one) for value in values)


def test_codes_are_unlike_each_other() -> None:
    assert len({MISSPELT, *(slip.code for slip in SLIPS)}) == len(SLIPS) + 1


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.text("0123456789+ ()^<>-.eE\u0663", min_size=1, max_size=20)
    | st.builds(FloatText, st.sampled_from(["1.5", "1e9", "1046120400.5"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([spec.wire for spec in specs(Perpetrator)]), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.dictionaries(st.sampled_from([spec.wire for spec in specs(NewCase)]), VALUES),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_whatever_a_case_holds_advice_is_given_and_never_an_error(
    changes: dict[str, Any], now: float
) -> None:
    for one in advise(changes, now=now):
        assert one.field.split("[")[0].split(".")[0] in changes
