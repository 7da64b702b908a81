"""The report as a PDF (contract, section 5)."""

from __future__ import annotations

import re
import zlib

import attrs
import pytest

from fulfillment_sdk.server.portal import pdf
from fulfillment_sdk.server.portal.completion import Dossier
from tests.unit.server.portal.samples import DOSSIER, REVIEW, SUBMISSION


def words(document: bytes) -> str:
    """Return the text of a PDF set in core fonts."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", document, re.DOTALL)
    shown = b"".join(zlib.decompress(each) for each in streams if each.startswith(b"x"))
    pieces = re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", shown)
    return " ".join(piece.decode("latin-1") for piece in pieces)


def with_data(data: dict[str, object]) -> Dossier:
    return attrs.evolve(DOSSIER, submissions=[attrs.evolve(SUBMISSION, data=data)])


def test_it_says_what_was_asked_found_and_checked_and_what_happened() -> None:
    shown = words(pdf.render(DOSSIER))
    for text in (
        "HL-CMS-000123",
        "case_987654",
        "positive",
        "362485",
        "High",
        "Visit the site",
        "Ras Singh",
        "Kisumu",
        "Site visit, version 2",
        "gate",
        "blue",
        "rooms[0].lit",
        "yes",
        "All is there",
        "qc_passed",
        "approved",
        "2025-04-06 08:30 UTC",
        "page 1",
    ):
        assert text in shown


def test_narrative_reporter_and_comments_stay_out_of_it() -> None:
    shown = words(pdf.render(DOSSIER))
    for secret in ("Jane", "physical abuse", "neighbour"):
        assert secret not in shown


def test_superseded_forms_are_marked() -> None:
    older = attrs.evolve(SUBMISSION, status="superseded")
    shown = words(pdf.render(attrs.evolve(DOSSIER, submissions=[older, SUBMISSION])))
    assert shown.count("superseded") == 1


def test_a_rejection_before_the_pass_is_shown_with_its_code() -> None:
    rejected = attrs.evolve(REVIEW, result="reject", reason_code="poor_photo_quality")
    shown = words(pdf.render(attrs.evolve(DOSSIER, reviews=[rejected, REVIEW])))
    assert "poor_photo_quality" in shown


def test_the_same_contents_give_the_same_bytes() -> None:
    assert pdf.render(DOSSIER) == pdf.render(DOSSIER)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Zoë – “café”", 'Zoë - "café"'),
        ("Łódź, Đorđe", "Lódz, Dorde"),
        ("Nguyễn", "Nguyen"),
        ("ﬁne…", "fine..."),
        ("محمد", "????"),
        ("王", "?"),
        ("a\u0000b\u202ec", "abc"),
        ("e\u0301", "é"),
    ],
)
def test_letters_that_the_font_lacks_are_printed_as_near_as_can_be(given: str, shown: str) -> None:
    assert pdf.printable(given) == shown


def test_the_report_says_when_letters_were_replaced() -> None:
    note = "font does not have"
    assert note in words(pdf.render(with_data({"name": "محمد"})))
    assert note not in words(pdf.render(with_data({"name": "Zoë"})))


@pytest.mark.parametrize(
    "data",
    [
        {"emoji": "🙂 fine", "الاسم": "محمد", "王": "\u0000\u0007\n\r\t"},
        {"(brackets)": "\\ ( ) %", "word": "x" * 5000},
        {"k" * 300: "v", "": "empty key", "n": 12, "none": None, "blank": ""},
        {"deep": [[[[{"a": [1, {"b": False}]}]]]]},
        {},
    ],
)
def test_whatever_was_submitted_a_report_comes_out(data: dict[str, object]) -> None:
    document = pdf.render(with_data(data))
    assert document.startswith(b"%PDF-")
    assert "Timeline" in words(document)


def test_long_texts_are_shortened_and_the_report_says_so() -> None:
    shown = words(pdf.render(with_data({"story": "a" * pdf.VALUE_LENGTH + "bcd"})))
    assert "bcd" not in shown
    assert "carries all of it" in shown
    assert "carries all of it" not in words(pdf.render(DOSSIER))


def test_however_much_was_submitted_the_report_stays_short_and_whole() -> None:
    data: dict[str, object] = {f"field {n}": "x " * 500 for n in range(1000)}
    shown = words(pdf.render(with_data(data)))
    assert shown.count("field ") * 1000 <= pdf.CHARACTERS + 1000
    assert "carries all of it" in shown
    assert "Timeline" in shown


def test_a_case_without_outcome_or_verification_has_a_report_too() -> None:
    bare = attrs.evolve(
        DOSSIER,
        case=attrs.evolve(DOSSIER.case, outcome=None, completed_at=None),
        request={"plan": "Visit", "priority": "9"},
    )
    shown = words(pdf.render(bare))
    assert "not stated" in shown
    assert "9" in shown
