from __future__ import annotations

import pytest

from fulfillment_sdk import errors
from fulfillment_sdk.client.calls.answers import json_object, nothing, text
from tests.unit.client.support import answer


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'"id"', b"null", b"{", b"\xff", b"[" * 100_000, b"9" * 5000]
)
def test_a_good_status_without_a_json_object_is_no_success(body: bytes) -> None:
    with pytest.raises(errors.UnexpectedAnswer):
        json_object(answer(body))


@pytest.mark.parametrize("body", [b"", b"{}", b'{"status": "success"}'])
def test_where_nothing_needs_to_be_said_nothing_or_an_object_is_a_success(body: bytes) -> None:
    nothing(answer(body, 204))


@pytest.mark.parametrize("body", [b"<html>", b"null", b"[]", b'{"status": "error"}'])
def test_where_nothing_needs_to_be_said_a_page_is_no_success(body: bytes) -> None:
    with pytest.raises(errors.UnexpectedAnswer):
        nothing(answer(body))


def test_a_good_status_that_calls_itself_an_error_is_none() -> None:
    with pytest.raises(errors.UnexpectedAnswer):
        json_object(answer({"status": "error", "id": "1"}))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", "a"),
        (5, "5"),
        (0, "0"),
        (True, None),
        (None, None),
        (" ", None),
        ([], None),
        (1.5, None),
    ],
)
def test_identifiers_are_strings_or_integers(value: object, expected: str | None) -> None:
    assert text(value) == expected
