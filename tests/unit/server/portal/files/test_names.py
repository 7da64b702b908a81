"""Names that may be shown, written to a disk, and put in a header."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment_sdk.server.portal.files.kinds import JPEG, PNG, TEXT
from fulfillment_sdk.server.portal.files.names import LONGEST, disposition, safe


@pytest.mark.parametrize(
    ("claimed", "name"),
    [
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\Users\\Jane\\gate.jpg", "gate.jpg"),
        ("/", "file.jpg"),
        ("", "file.jpg"),
        ("...", "file.jpg"),
        (".jpg", "jpg.jpg"),
        (".htaccess", "htaccess.jpg"),
        ("gate.jpg\r\nX-Evil: yes", "gate.jpg X-Evil_ yes.jpg"),
        ('gate".jpg', "gate_.jpg"),
        ("gate.jpg\x00.exe", "gate.jpg.exe.jpg"),
        ("ga\u202egpj.exe", "gagpj.exe.jpg"),
        ("ga\u2066te\u2069\u200f.jpg", "gate.jpg"),
        ("gate.exe", "gate.exe.jpg"),
        ("gate.JPG", "gate.jpg"),
        ("gate.jpeg", "gate.jpeg"),
        ("gate.jpg. .", "gate.jpg"),
        ("CON.jpg", "_CON.jpg"),
        ("nul", "_nul.jpg"),
        ("100%.jpg", "100_.jpg"),
        ("a\u2028b\u00a0 c.jpg", "a b c.jpg"),
        ("\ud800.jpg", "jpg.jpg"),
        ("Zoe\u0308.jpg", "Zo\u00eb.jpg"),
        ("\u0635\u0648\u0631\u0629.jpg", "\u0635\u0648\u0631\u0629.jpg"),
    ],
)
def test_a_claimed_name_becomes_a_safe_one(claimed: str, name: str) -> None:
    assert safe(claimed, JPEG) == name


def test_a_page_is_downloaded_as_text() -> None:
    assert safe("story.html", TEXT) == "story.html.txt"
    assert safe("table.csv", TEXT) == "table.csv"


@pytest.mark.parametrize("letter", ["a", "\u00e9", "\U0001f600"])
def test_ten_thousand_characters_are_cut_and_the_ending_stays(letter: str) -> None:
    name = safe(letter * 10_000 + ".png", PNG)
    assert name.endswith(letter + ".png")
    assert len(name) <= LONGEST
    assert len(name.encode()) <= 240


@given(st.text(max_size=400))
def test_whatever_is_claimed_the_name_is_safe_and_stays_as_it_is(claimed: str) -> None:
    name = safe(claimed, JPEG)
    assert 0 < len(name) <= LONGEST
    assert name.endswith((".jpg", ".jpeg"))
    assert not name.startswith(".")
    assert not re.search(r'[/\\:*?"<>|%]', name)
    assert not any(unicodedata.category(each)[0] == "C" for each in name)
    assert safe(name, JPEG) == name


@given(st.text(max_size=200))
def test_a_disposition_is_one_line_of_ascii_with_the_name_quoted_once(claimed: str) -> None:
    header = disposition(safe(claimed, JPEG))
    assert header.isascii()
    assert header.isprintable()
    assert re.fullmatch(
        r"attachment; filename=\"[^\"\\%/]+\"; filename\*=UTF-8''[A-Za-z0-9%._~-]+", header
    )


def test_both_forms_of_a_name_are_in_the_disposition() -> None:
    assert disposition("Zo\u00eb \u0635.jpg") == (
        "attachment; filename=\"Zoe _.jpg\"; filename*=UTF-8''Zo%C3%AB%20%D8%B5.jpg"
    )
