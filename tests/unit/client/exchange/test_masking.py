from __future__ import annotations

from collections.abc import Iterator
from time import process_time

import pytest

from fulfillment_sdk.client.exchange.masking import (
    field_paths,
    guarded,
    named_fields,
    sentence,
    texts,
)


def test_a_message_is_one_line_without_control_characters() -> None:
    assert sentence(" No\x1b[31m good\r\n\tat all ") == "No [31m good at all"


def test_a_long_message_is_cut() -> None:
    assert len(sentence("word " * 1000)) == 300


def test_a_value_that_was_sent_is_not_shown() -> None:
    shown = sentence("Jane Smith (0712345678) is no reporter", ["Jane Smith", "0712345678"])
    assert shown == "… (…) is no reporter"


def test_the_longest_value_goes_first() -> None:
    assert sentence("not Jane Smith", ["Jane", "Jane Smith"]) == "not …"


def test_a_value_of_two_characters_cannot_be_told_from_words() -> None:
    assert sentence("priority is 1 or 2", ["1", "is"]) == "priority is 1 or 2"


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("JANE SMITH is unknown", "Jane Smith", "… is unknown"),
        ("Jane\n Smith is unknown", "Jane  Smith", "… is unknown"),
        ("O&#x27;Brien is unknown", "O'Brien", "… is unknown"),
        ("28 is too young", "28", "… is too young"),
        ("no Jo in 128 rows", "Jo", "no … in 128 rows"),
        ("no Žo here", "Žo", "no … here"),
        ("Zoe\u0308 Mu\u0308ller is unknown", "Zoë Müller", "… is unknown"),
        ("Zo\\u00eb M\\u00fcller is unknown", "Zoë Müller", "… is unknown"),
        ("Zo\\xeb M\\xfcller is unknown", "Zoë Müller", "… is unknown"),
        ("b'Zo\\xc3\\xab' is unknown", "Zoë", "b'…' is unknown"),
        ("Zo%C3%AB%20M%C3%BCller is unknown", "Zoë Müller", "… is unknown"),
        ("Zo&amp;#235; M&uuml;ller is unknown", "Zoë Müller", "… is unknown"),
        ("\\ud83d\\ude00 Jo is unknown", "\U0001f600 Jo", "… is unknown"),
        ("she\\nleft is too short", "she\nleft", "… is too short"),
        ("50%20off &amp; more is too long", "50%20off &amp; more", "… is too long"),
        ("half \\ud83d of it, 100% of C:\\y", "Jane", "half � of it, 100% of C:\\y"),
    ],
)
def test_a_value_is_known_again_however_it_is_spelt(text: str, value: str, shown: str) -> None:
    assert sentence(text, [value]) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("The narrative 'he came home late' is too long", "The narrative '…' is too long"),
        ("He CAME, home late… and stopped there", "…… and stopped there"),
        ("he came to us, home late that night", "he came to us, …"),
        ("at 'evening\\nhe\\tcame%20home'", "at '…'"),
    ],
)
def test_three_words_in_a_row_of_what_was_sent_are_not_shown(text: str, shown: str) -> None:
    assert sentence(text, ["That evening he came home late that night and shouted."]) == shown


@pytest.mark.parametrize("written", ["254712345678", "+254 712 345-678", "(0712) 345678"])
def test_a_number_is_known_again_however_it_is_written(written: str) -> None:
    assert sentence(f"no reply from {written} yet", ["+254712345678", "0712345678"]) in {
        "no reply from … yet",
        "no reply from +… yet",
        "no reply from (… yet",
    }


def test_another_number_is_shown() -> None:
    assert sentence("try again in 600000 ms", ["0712345678"]) == "try again in 600000 ms"


def test_two_words_in_a_row_are_anybodys() -> None:
    assert sentence("Invalid code", ["It was an invalid code, they said."]) == "Invalid code"


@pytest.mark.parametrize("text", ["half \ud83d of it", "right \u202e to left", "no\u200bthing"])
def test_what_cannot_be_printed_is_left_out(text: str) -> None:
    shown = sentence(text)
    assert shown.encode()
    assert shown.isprintable()


def test_a_token_is_never_shown() -> None:
    assert sentence("bad eyJhbGciOi.eyJvcmc.AAAA here") == "bad … here"
    assert sentence("bad eyJvcmdfaWQiOi here") == "bad … here"
    assert sentence(f"bad {'Ab1-' * 10} and {'+/9=' * 16} here") == "bad … and … here"


def test_an_id_is_shown() -> None:
    line = "no complaint 8ff4452a-a4dc-445d-90d0-fa7b22b73321"
    assert sentence(line) == line


@pytest.mark.parametrize(
    "text",
    [
        "Missing required field: reporter.fname",
        "Invalid value for field: clients_case[0].age",
        "Invalid timestamp: src_ts",
        "Portal unavailable",
        "Organization access has been revoked",
        "Invalid JSON in request body",
        "The owner's address can't be removed",
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
        ("it's {'name': b'Jane', 'n': 'x'}, isn't it", "it's {…: …, …: …}, isn't it"),
    ],
)
def test_what_looks_like_an_echo_is_masked(text: str, shown: str) -> None:
    assert guarded(text) == shown


def test_the_texts_of_json_are_its_strings_and_numbers_without_the_keys() -> None:
    assert list(texts({"a": ["x", 1, None, {"b": "y"}], "c": True, "d": 2.5})) == [
        *("x", "1", "y", "2.5"),
    ]


def test_nested_errors_name_their_fields() -> None:
    errors = {"narrative": ["blank"], "clients_case": [{}, {"age": ["wrong"]}], "x": {"y": "bad"}}
    assert list(field_paths(errors)) == [
        ("narrative", "blank"),
        ("clients_case[1].age", "wrong"),
        ("x.y", "bad"),
    ]


def test_a_list_of_nested_errors_names_their_fields() -> None:
    errors = ["words", {"narrative": ["blank"], "code": "invalid"}, {"reporter": {"fname": "bad"}}]
    assert list(field_paths(errors)) == [("narrative", "blank"), ("reporter.fname", "bad")]


@pytest.mark.parametrize(
    "errors", [None, "words", ["words"], 5, {}, [[]], [{"field": "plan", "message": "is blank"}]]
)
def test_errors_without_fields_name_none(errors: object) -> None:
    assert list(field_paths(errors)) == []


def test_what_is_nested_without_end_is_not_gone_through() -> None:
    errors: object = "wrong"
    for _ in range(5000):
        errors = [errors]
    assert list(field_paths({"narrative": errors, "plan": "blank"})) == [("plan", "blank")]
    assert list(texts(errors)) == ["wrong"]


def test_a_key_that_is_no_field_name_is_not_shown() -> None:
    assert list(field_paths({"Jane Smith, 0712": ["is unknown"]})) == [("…", "is unknown")]


def test_a_large_body_is_gone_through_as_often_for_a_long_answer_as_for_a_short_one() -> None:
    values = [f"told on {number} of the many nights" for number in range(10_000)]

    def seconds(words: int) -> float:
        line = " ".join(chr(0x4E00 + number) for number in range(words))
        begun = process_time()
        assert sentence(line, values)
        return process_time() - begun

    assert min(seconds(999) for _ in range(3)) < 4 * min(seconds(3) for _ in range(3))


def test_words_are_known_again_where_small_letters_are_more_than_large_ones() -> None:
    shown = sentence("no: İZMİR'DE BİR GECE!", ["Once, i̇zmi̇r'de bi̇r gece, long ago"])
    assert shown == "no: …!"


def test_each_field_is_named_once() -> None:
    assert named_fields({"plan": ["blank", "short"], "age": "old"}) == ["plan", "age"]


def test_of_endless_errors_no_more_is_kept_than_could_be_shown() -> None:
    read = 0

    class Endless(list[object]):
        def __iter__(self) -> Iterator[object]:
            nonlocal read
            while read < 50_000:
                read += 1
                yield {"age": "wrong"}

    named = named_fields({"clients_case": Endless()})

    assert named[:2] == ["clients_case[0].age", "clients_case[1].age"]
    assert read < 1000
