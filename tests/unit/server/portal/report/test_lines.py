"""Texts broken into lines."""

from __future__ import annotations

import pytest

from fulfillment_sdk.server.portal.report.fonts import dress
from fulfillment_sdk.server.portal.report.lines import Ruler, broken, clusters, is_plain
from fulfillment_sdk.server.portal.report.shelf import available


def lines(text: str, width: float) -> list[str]:
    return list(broken(text, width, lambda piece: float(len(piece))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [""]),
        ("one two", ["one two"]),
        ("one two three", ["one two", "three"]),
        ("one\n\ntwo", ["one", "", "two"]),
        ("abcdefghijkl", ["abcdefgh", "ijkl"]),
        ("a bcdefghijklm n", ["a", "bcdefghi", "jklm n"]),
        ("   ", [""]),
    ],
)
def test_lines_break_at_blanks_and_inside_words_that_are_too_wide(
    text: str, expected: list[str]
) -> None:
    assert lines(text, 8) == expected


def test_one_letter_wider_than_the_line_still_comes_out() -> None:
    assert lines("ab", 0.5) == ["a", "b"]


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("abc", ["a", "b", "c"]),
        ("e\u0301a", ["e\u0301", "a"]),
        ("क्षि", ["क्षि"]),
        ("👩\u200d🌾x", ["👩\u200d🌾", "x"]),
        ("\u0301a", ["\u0301", "a"]),
    ],
)
def test_no_line_breaks_between_a_letter_and_what_belongs_to_it(
    word: str, parts: list[str]
) -> None:
    assert list(clusters(word)) == parts


@pytest.mark.parametrize(
    ("text", "plain"),
    [("Zoë Đặng, Ωμέγα, Ёлка – €", True), ("محمد", False), ("שלום", False), ("x\u0323", False)],
)
def test_plain_letters_need_no_shaping(text: str, plain: bool) -> None:
    assert is_plain(text) is plain


def test_letters_that_join_are_narrower_than_apart() -> None:
    name = "تثبيت"
    measure = Ruler(dress(available(), regular=[name], bold=[]).regular)
    assert 0 < measure(name) < sum(measure(letter) for letter in name)


def test_the_script_of_most_letters_prevails() -> None:
    texts = ["محمد علي (Ali)", "Ali محمد Smith", "12"]
    measure = Ruler(dress(available(), regular=texts, bold=[]).regular)
    assert [measure.prevailing(text) for text in texts] == [1, 0, 0]
