from __future__ import annotations

import pytest

from fulfillment_sdk.client.masking import field_paths, guarded, sentence, texts


def test_a_message_is_one_line_without_control_characters() -> None:
    assert sentence(" No\x1b[31m good\r\n\tat all ") == "No [31m good at all"


def test_a_long_message_is_cut() -> None:
    assert len(sentence("a" * 5000)) == 300


def test_a_value_that_was_sent_is_not_shown() -> None:
    shown = sentence("Jane Smith (0712345678) is no reporter", ["Jane Smith", "0712345678"])
    assert shown == "… (…) is no reporter"


def test_the_longest_value_goes_first() -> None:
    assert sentence("not Jane Smith", ["Jane", "Jane Smith"]) == "not …"


def test_a_value_of_two_characters_cannot_be_told_from_words() -> None:
    assert sentence("priority is 1 or 2", ["1", "is"]) == "priority is 1 or 2"


def test_a_token_is_never_shown() -> None:
    assert sentence("bad eyJhbGciOi.eyJvcmc.AAAA here") == "bad … here"


@pytest.mark.parametrize(
    "text",
    [
        "Missing required field: reporter.fname",
        "Invalid value for field: clients_case[0].age",
        "Invalid timestamp: src_ts",
        "Portal unavailable",
        "Organization access has been revoked",
        "Invalid JSON in request body",
    ],
)
def test_the_contracts_own_sentences_pass(text: str) -> None:
    assert guarded(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('Invalid pk "999999" - object does not exist.', "Invalid pk … - object does not exist."),
        ("'Jane' is not a choice", "… is not a choice"),
        ("no mail for jane@example.com 1", "no mail for … 1"),
        ("call +254 712 345 678 again", "call … again"),
        ("case 31661 exists", "case … exists"),
    ],
)
def test_what_looks_like_an_echo_is_masked(text: str, shown: str) -> None:
    assert guarded(text) == shown


def test_the_texts_of_json_are_its_strings_without_the_keys() -> None:
    assert list(texts({"a": ["x", 1, None, {"b": "y"}], "c": True})) == ["x", "y"]


def test_nested_errors_name_their_fields() -> None:
    errors = {"narrative": ["blank"], "clients_case": [{}, {"age": ["wrong"]}], "x": {"y": "bad"}}
    assert list(field_paths(errors)) == [
        ("narrative", "blank"),
        ("clients_case[1].age", "wrong"),
        ("x.y", "bad"),
    ]


@pytest.mark.parametrize("errors", [None, "words", ["words"], 5, {}])
def test_errors_without_fields_name_none(errors: object) -> None:
    assert list(field_paths(errors)) == []


def test_a_key_that_is_no_field_name_is_not_shown() -> None:
    assert list(field_paths({"Jane Smith, 0712": ["is unknown"]})) == [("…", "is unknown")]
