"""The report as a PDF: what was asked, found and checked, and what happened when. Pure.

Set in the PDF core fonts, which every reader has and which know Latin-1 only: other letters are
written without their marks where that is possible, else as ``?``, and the report then says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from fulfillment_sdk.server.portal.completion import Dossier
from fulfillment_sdk.server.portal.reviews import Review
from fulfillment_sdk.server.portal.submissions import SUPERSEDED, Submission

VALUE_LENGTH: Final = 2_000
"""Characters of one value that are printed."""
LABEL_LENGTH: Final = 200
"""Characters of one label that are printed."""
CHARACTERS: Final = 100_000
"""Characters of all that people wrote that are printed; the completion has the rest."""

_FONT: Final = "Helvetica"
_LEFT: Final = 48.0
_LINE: Final = 5.5
_PUNCTUATION: Final = str.maketrans(
    {
        "‐": "-",
        "‑": "-",
        "–": "-",
        "—": "-",
        "‘": "'",
        "’": "'",
        "‚": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "…": "...",
        "•": "-",
        "€": "EUR",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ı": "i",
    }
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\ufeff]")
_REPLACED: Final = (
    "Characters that this document's font does not have are printed as '?' or without their marks; "
    "the completion notification carries the text as it was given."
)
_SHORTENED: Final = (
    "Long texts were shortened ('...'), and what did not fit was left out; "
    "the completion notification carries all of it."
)

_ASKED: Final = (
    ("case_category_id", "Category"),
    ("priority", "Priority"),
    ("gbv_related", "GBV related"),
    ("plan", "Plan"),
)
_PRIORITIES: Final = {"1": "High", "2": "Medium", "3": "Low"}


def printable(text: str) -> str:
    """Return ``text`` in Latin-1, as near to what was given as that gets."""
    plain = _CONTROL.sub("", text.replace("\t", " ")).translate(_PUNCTUATION)
    return "".join(_nearest(letter) for letter in unicodedata.normalize("NFC", plain))


def render(dossier: Dossier) -> bytes:
    """Return the report of a completed case, the same bytes for the same contents.

    ``dossier`` is all that the portal has about the case; the reporter's narrative and the persons
    named in the request stay out of the report. Contract, section 5.
    """
    page = _Page(dossier.case.reference_number)
    case = dossier.case
    completed_at = case.completed_at or case.updated_at
    page.set_creation_date(datetime.fromtimestamp(completed_at, UTC))
    page.title_line("Case report")
    page.row("Case number", case.reference_number)
    page.row("Case ID", case.id)
    page.row("Created", _moment(case.created_at))
    page.row("Completed", _moment(completed_at))
    page.row("Outcome", case.outcome or "not stated")
    page.heading("What was asked")
    for label, value in asked(dossier.request):
        page.told(label, value)
    page.heading("What was found")
    for submission in dossier.submissions:
        _submission(page, submission)
    page.heading("Quality review")
    for review in dossier.reviews:
        _review(page, review)
    page.heading("Timeline")
    for change in dossier.changes:
        page.row(_moment(change.at), f"{change.new_status} ({change.actor}: {change.reason})")
    if page.shortened:
        page.note(_SHORTENED)
    if page.replaced:
        page.note(_REPLACED)
    return bytes(page.output() or b"")


def asked(request: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield label and text of what the partner asked for."""
    for key, label in _ASKED:
        value = request.get(key)
        if key == "priority":
            value = _PRIORITIES.get(str(value), value)
        if value not in (None, ""):
            yield label, _text(value)
    verification = request.get("verification")
    if isinstance(verification, Mapping):
        for path, text in flat(verification):
            yield path.replace("_", " ").capitalize(), text


def flat(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and text of every value inside a JSON value, blank ones left out."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from flat(inner, f"{path}[{index}]")
    elif value is not None and value != "":
        yield path, _text(value)


def _submission(page: _Page, submission: Submission) -> None:
    older = " - superseded" if submission.status == SUPERSEDED else ""
    page.subheading(f"{submission.form_name}, version {submission.form_version}{older}")
    page.row("Submitted", _moment(submission.submitted_at))
    for path, text in flat(submission.data):
        page.told(path, text)


def _review(page: _Page, review: Review) -> None:
    page.subheading(f"{review.result.capitalize()}, {_moment(review.reviewed_at)}")
    for label, value in (
        ("Reason code", review.reason_code),
        ("Comments", review.comments),
        ("Instructions", review.instructions),
    ):
        if value:
            page.told(label, value)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _moment(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _nearest(letter: str) -> str:
    if ord(letter) < 256:
        return letter
    base = unicodedata.normalize("NFKD", letter)
    kept = "".join(part for part in base if ord(part) < 256)
    return kept or ("" if unicodedata.combining(letter) else "?")


class _Page(FPDF):
    """Rows of a label and a text, under headings."""

    def __init__(self, reference_number: str) -> None:
        super().__init__(format="A4")
        self.replaced = False
        self.shortened = False
        self._room = CHARACTERS
        self._reference_number = reference_number
        self.set_title(f"Case report {reference_number}")
        self.set_margin(18)
        self.set_auto_page_break(True, margin=20)
        self.add_page()

    def footer(self) -> None:
        self.set_y(-14)
        self.set_font(_FONT, size=8)
        self.cell(0, 5, f"{self._reference_number} - page {self.page_no()}", align="C")

    def title_line(self, text: str) -> None:
        self._lines(text, size=20, style="B", height=10)
        self.ln(2)

    def heading(self, text: str) -> None:
        self.ln(4)
        self._lines(text, size=13, style="B", height=7)
        self.ln(1)

    def subheading(self, text: str) -> None:
        self.ln(1)
        self._lines(text, size=10, style="B", height=_LINE)

    def note(self, text: str) -> None:
        self.ln(2)
        self._lines(text, size=8, style="I", height=4)

    def told(self, label: str, text: str) -> None:
        """Write a row of what somebody wrote, cut to length, as long as there is room."""
        if self._room <= 0:
            self.shortened = True
            return
        self.row(self._cut(label, LABEL_LENGTH), self._cut(text, VALUE_LENGTH))
        self._room -= min(len(label), LABEL_LENGTH) + min(len(text), VALUE_LENGTH)

    def row(self, label: str, text: str) -> None:
        """Write a row of a label and a text."""
        shown = self._printable(label)
        self.set_font(_FONT, "B", 9)
        if self.get_string_width(shown) > _LEFT - 2:
            self._lines(label, size=9, style="B", height=_LINE)
        else:
            self.cell(_LEFT, _LINE, shown)
        self._lines(text, size=9, style="", height=_LINE, left=_LEFT)

    def _cut(self, text: str, length: int) -> str:
        if len(text) <= length:
            return text
        self.shortened = True
        return text[:length] + " ..."

    def _lines(self, text: str, *, size: int, style: str, height: float, left: float = 0.0) -> None:
        self.set_font(_FONT, style, size)
        self.set_x(self.l_margin + left)
        shown = self._printable(text)
        self.multi_cell(0, height, shown, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _printable(self, text: str) -> str:
        shown = printable(text)
        if not self.replaced:
            self.replaced = _lost(text, shown)
        return shown


def _lost(given: str, shown: str) -> bool:
    plain = _CONTROL.sub("", given.replace("\t", " "))
    return unicodedata.normalize("NFC", plain) != shown
