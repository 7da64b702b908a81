"""What a page can show of a text."""

from __future__ import annotations

import pytest

from fulfillment_sdk.server.portal.report.text import MARKS, one_line, printable, right_to_left


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain", "plain"),
        (" Zoë – “café” ", "Zoë – “café”"),
        ("e\u0301", "é"),
        ("a\u0000b\u202ec\u2066d\u200be\ufefff", "abcdef"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("one\n\n \n\t\ntwo", "one\n\ntwo"),
        ("a\t  b", "a b"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\ud800", ""),
        ("", ""),
    ],
)
def test_what_is_not_seen_or_steers_a_reader_is_left_out(given: str, shown: str) -> None:
    assert printable(given) == shown


def test_marks_do_not_pile_up() -> None:
    assert printable("q" + "\u0301" * 100) == "q" + "\u0301" * MARKS


def test_a_label_is_one_line() -> None:
    assert one_line("a\nb\n\nc") == "a b  c"


@pytest.mark.parametrize(
    ("text", "leftwards"),
    [("abc", False), ("محمد", True), ("(12) שלום abc", True), ("abc محمد", False), ("12", False)],
)
def test_a_paragraph_runs_as_its_first_letter_does(text: str, leftwards: bool) -> None:
    assert right_to_left(text) is leftwards
