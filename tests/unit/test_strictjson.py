"""JSON is read in one way only, and written as it was read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment_sdk import strictjson
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.models import Priority
from fulfillment_sdk.strictjson import FloatText


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + closing * depth


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"{'a': 1}", "not valid JSON"),
        (b'{"a": 1} x', "not valid JSON"),
        (b'{"a": 1,}', "not valid JSON"),
        (b'{"a": 01}', "not valid JSON"),
        (b'{"a": "\n"}', "not valid JSON"),
        (b'{"a": 1} // comment', "not valid JSON"),
        (b'{"a": NaN}', "NaN and Infinity"),
        (b'{"a": Infinity}', "NaN and Infinity"),
        (b'{"a": -Infinity}', "NaN and Infinity"),
        (b'{"a": 1, "a": 1}', "twice"),
        (b'[{"b": {"a": 1, "c": 2, "\\u0061": 1}}]', "twice"),
        (b"\xff", "not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ("\ufeff{}", "byte order mark"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": ["\\uDFFF\\ud83d"]}', "surrogate"),
        (b'{"\\ud83d": 1}', "surrogate"),
        ('{"a": "\ud800"}', "surrogate"),
        (nested(33), "too deep"),
        (nested(33, '{"a":', "}").replace(":}", ":1}"), "too deep"),
        ("[" * 200_000, "too deep"),
    ],
)
def test_what_parsers_would_read_differently_is_refused(body: bytes | str, why: str) -> None:
    with pytest.raises(PayloadError, match=why):
        strictjson.parse(body)


def test_an_error_holds_no_part_of_the_body() -> None:
    with pytest.raises(PayloadError) as caught:
        strictjson.parse(b'{"narrative": "secret", "narrative": "secret"}')
    error: BaseException | None = caught.value
    assert "secret" not in str(error)
    assert error is not None
    assert error.__cause__ is None


def test_thirty_two_levels_are_legal() -> None:
    assert strictjson.parse(nested(32)) is not None


def test_wide_is_not_deep() -> None:
    assert strictjson.parse(b"[" + b",".join([b"[]"] * 100) + b"]") == [[]] * 100


def test_the_depth_can_be_raised_for_an_envelope() -> None:
    assert strictjson.parse(nested(33), depth=33) is not None
    with pytest.raises(PayloadError, match="too deep"):
        strictjson.parse_object('{"a":' + nested(33) + "}", depth=33)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ('"\\\\ud800"', "\\ud800"),
        ('"a\\u0000b"', "a\x00b"),
        ('"é"', "é"),
        ("9007199254740993", 9007199254740993),
        ("1" * 4000, int("1" * 4000)),
        ("-0", 0),
        (" true\n", True),
        ("null", None),
        ("[]", []),
    ],
)
def test_unusual_json_is_read_as_it_says(text: str, value: object) -> None:
    assert strictjson.parse(text.encode()) == value


@pytest.mark.parametrize("text", ["1741960667.824", "1.50", "1e9", "-0.0", "1E400", "0.1"])
def test_a_number_with_a_fraction_or_exponent_keeps_its_text(text: str) -> None:
    value = strictjson.parse(text)
    assert isinstance(value, FloatText)
    assert str(value) == text
    assert strictjson.dumps({"a": [value]}) == b'{"a":[%s]}' % text.encode()


def test_an_integer_of_thousands_of_digits_keeps_its_text() -> None:
    digits = "9" * 5000
    value = strictjson.parse(digits)
    assert isinstance(value, FloatText)
    assert strictjson.dumps([value]) == f"[{digits}]".encode()


def test_who_computes_gets_plain_floats() -> None:
    assert strictjson.parse("[1.50, 1e3]", exact=False) == [1.5, 1000.0]
    assert not isinstance(strictjson.parse("1.5", exact=False), FloatText)


def test_a_number_beyond_floats_keeps_its_text_in_any_case() -> None:
    value = strictjson.parse("1e400", exact=False)
    assert isinstance(value, FloatText)
    assert value == "1e400"


@pytest.mark.parametrize("body", ["[]", '"a"', "null", "1", "1.5", "true"])
def test_an_object_is_asked_for(body: str) -> None:
    with pytest.raises(PayloadError, match="not a JSON object"):
        strictjson.parse_object(body)
    assert strictjson.parse_object("{}") == {}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"b": 1, "a": [True, False, None]}, '{"b":1,"a":[true,false,null]}'),
        ([], "[]"),
        ({}, "{}"),
        ((1, "x"), '[1,"x"]'),
        ('é\x00\n"\U0001f600', '"é\\u0000\\n\\"\U0001f600"'),
        (1.5, "1.5"),
        (10**30, "1" + "0" * 30),
        (CaseStatus("accepted"), '"accepted"'),
        (Priority.HIGH, '"1"'),
    ],
)
def test_json_is_written_compactly_in_utf_8(value: object, written: str) -> None:
    assert strictjson.dumps(value) == written.encode()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (float("nan"), "NaN"),
        ([float("inf")], "NaN"),
        ({1: 2}, "no text"),
        ("\ud800", "surrogate"),
        ({"\ud800": 1}, "surrogate"),
        ({"a": {1, 2}}, "no set"),
        (b"bytes", "no bytes"),
    ],
)
def test_what_json_cannot_hold_is_not_written(value: object, why: str) -> None:
    with pytest.raises(PayloadError, match=why):
        strictjson.dumps(value)


def test_a_value_that_contains_itself_is_not_written() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(PayloadError, match="too deep"):
        strictjson.dumps(value)


def test_equal_values_have_one_canonical_form() -> None:
    one = strictjson.parse('{"b": [1, {"z": "é", "y": 1.50}], "a": null}')
    other = strictjson.parse('{"a":null,"b":[1,{"y":1.50,"z":"\\u00e9"}]}')
    assert strictjson.canonical(one) == strictjson.canonical(other)
    assert strictjson.canonical(one) == '{"a":null,"b":[1,{"y":1.50,"z":"é"}]}'.encode()


def test_keys_are_sorted_by_code_point() -> None:
    assert (
        strictjson.canonical({"é": 1, "z": 2, "Z": 3, "": 4}) == '{"":4,"Z":3,"z":2,"é":1}'.encode()
    )


TREES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    ),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab\x00é", max_size=3), inner),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(TREES)
def test_what_is_written_is_read_back(tree: Any) -> None:
    written = strictjson.dumps(tree)
    assert json.loads(written) == tree
    assert strictjson.parse(written, exact=False, depth=100) == tree
    assert strictjson.dumps(strictjson.parse(written, depth=100)) == written


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.one_of(st.binary(), st.text(alphabet='{}[]",:\\ud8a01.eE-ntf \x00é')))
def test_whatever_comes_in_the_end_is_a_value_or_a_payload_error(body: bytes | str) -> None:
    try:
        value = strictjson.parse(body)
    except PayloadError:
        value = "refused"
    assert strictjson.parse(strictjson.dumps(value)) == value
