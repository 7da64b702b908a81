"""How a report looks: a head with the outcome, then its sections."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fulfillment_sdk.server.portal.report import sheet as page
from fulfillment_sdk.server.portal.report import words
from fulfillment_sdk.server.portal.report.contents import Block, Contents, Row, Step
from fulfillment_sdk.server.portal.report.exhibits import PHOTO_HEIGHT, list_files, show_photos
from fulfillment_sdk.server.portal.report.fonts import Fonts
from fulfillment_sdk.server.portal.report.images import Gallery
from fulfillment_sdk.server.portal.report.sheet import BODY, SMALL, Colour, Sheet, leading

_LABEL: Final = 52.0
_GUTTER: Final = 4.0
_COLUMNS: Final = (("When", 42.0), ("Status", 44.0), ("By", 38.0), ("Reason", 46.0))

_COLOURS: Final[dict[str | None, Colour]] = {
    "positive": (30, 110, 66),
    "negative": (165, 42, 42),
    "inconclusive": (150, 98, 12),
    None: page.MUTED,
}
_SHORTENED: Final = (
    "Long texts were shortened (“…”), and what did not fit was left out; "
    "the completion notification carries all of it."
)
_REPLACED: Final = (
    "Letters that no font of this server has are printed as “\ufffd”; "
    "the completion notification carries the text as it was given."
)


def laid_out(told: Contents, gallery: Gallery, fonts: Fonts) -> bytes:
    """Return the PDF."""
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        sheet = Sheet(told.reference_number, told.completed_at, fonts, Path(folder))
        _head(sheet, told)
        _section(sheet, "What was asked")
        _rows(sheet, told.asked)
        _section(sheet, "What was found")
        _blocks(sheet, told.found)
        if gallery.photos:
            _section(sheet, "Photos", room=PHOTO_HEIGHT)
            show_photos(sheet, gallery.photos)
        if gallery.files:
            _section(sheet, "Files")
            list_files(sheet, gallery)
        _section(sheet, "Quality review")
        _blocks(sheet, told.reviewed)
        _section(sheet, "Timeline")
        _timeline(sheet, told)
        _notes(sheet, told)
        return bytes(sheet.output())


def _head(sheet: Sheet, told: Contents) -> None:
    left, width = sheet.l_margin, sheet.epw
    sheet.set_y(21.4)
    sheet.put(told.reference_number, left, width, size=12, colour=page.MUTED, align="R")
    sheet.set_y(18)
    sheet.put("Case report", left, width, size=22, bold=True, colour=page.ACCENT)
    sheet.set_y(34)
    colour = _COLOURS.get(told.outcome, page.MUTED)
    sheet.set_fill_color(*page.TINT)
    sheet.rect(left, sheet.y, width, 17, "F")
    sheet.set_fill_color(*colour)
    sheet.rect(left, sheet.y, 1.6, 17, "F")
    outcome = words.OUTCOMES.get(told.outcome, "Not stated")
    sheet.set_y(36.2)
    sheet.put("Outcome of the case", left + 6, 80, size=SMALL, colour=page.MUTED)
    sheet.put("Confidential", left, width - 6, size=SMALL, colour=page.MUTED, align="R")
    sheet.set_y(40.4)
    sheet.put(outcome, left + 6, 80, size=16, bold=True, colour=colour)
    sheet.set_y(56)
    _facts(sheet, told.facts)


def _facts(sheet: Sheet, facts: Sequence[Row]) -> None:
    columns = 3
    width = sheet.epw / columns
    for begin in range(0, len(facts), columns):
        y = sheet.y
        for column, fact in enumerate(facts[begin : begin + columns]):
            x = sheet.l_margin + column * width
            sheet.set_y(y)
            sheet.put(fact.label, x, width, size=SMALL, colour=page.MUTED)
            sheet.set_y(y + 4)
            value = sheet.fitted(fact.value, width - _GUTTER, size=10)
            sheet.put(value, x, width, size=10)
        sheet.set_y(y + 12)


def _section(sheet: Sheet, title: str, *, room: float = 24.0) -> None:
    sheet.need(room + 14)
    sheet.set_y(sheet.y + 5)
    sheet.start_section(title)
    sheet.put(title, sheet.l_margin, sheet.epw, size=13, bold=True, colour=page.ACCENT)
    sheet.set_y(sheet.y + leading(13) + 0.8)
    sheet.rule(page.ACCENT, 0.35)
    sheet.set_y(sheet.y + 1.6)


def _blocks(sheet: Sheet, blocks: Sequence[Block]) -> None:
    if not blocks:
        _nothing(sheet)
    for block in blocks:
        sheet.need(20)
        sheet.set_y(sheet.y + 1.5)
        sheet.paragraph(block.title, sheet.l_margin, sheet.epw, size=10.5, bold=True)
        sheet.paragraph(block.aside, sheet.l_margin, sheet.epw, size=SMALL, colour=page.MUTED)
        sheet.set_y(sheet.y + 1)
        _rows(sheet, block.rows, nothing=False)
        sheet.set_y(sheet.y + 1.5)


def _rows(sheet: Sheet, rows: Sequence[Row], *, nothing: bool = True) -> None:
    if nothing and not rows:
        _nothing(sheet)
    for row in rows:
        _row(sheet, row)


def _row(sheet: Sheet, row: Row) -> None:
    height = leading(BODY)
    left, width = sheet.l_margin + _LABEL, sheet.epw - _LABEL
    labels = sheet.spread(row.label, _LABEL - _GUTTER, size=BODY)
    values = sheet.spread(row.value, width, size=BODY)
    count = max(len(labels), len(values))
    sheet.set_y(sheet.y + 1)
    # A short row stays on one page, a long one goes on on the next.
    sheet.need(min(count, 8) * height)
    for index in range(count):
        sheet.need(height)
        if index < len(labels):
            label, _ = labels[index]
            sheet.put(label, sheet.l_margin, _LABEL, size=BODY, colour=page.MUTED)
        if index < len(values):
            value, leftwards = values[index]
            # A name stands where the eye looks for it; a text has its edge where it begins.
            align = "L" if len(values) == 1 else ""
            sheet.put(value, left, width, size=BODY, leftwards=leftwards, align=align)
        sheet.set_y(sheet.y + height)
    sheet.set_y(sheet.y + 1)
    sheet.rule()


def _timeline(sheet: Sheet, told: Contents) -> None:
    if told.earlier:
        sheet.note(f"{told.earlier} earlier steps are not listed.")
    heads = [name for name, _ in _COLUMNS]
    _cells(sheet, heads, bold=True)
    for step in told.timeline:
        page_before = sheet.page_no()
        sheet.need(leading(BODY) + 2)
        if sheet.page_no() != page_before:
            _cells(sheet, heads, bold=True)
        _cells(sheet, _told(step))


def _told(step: Step) -> Sequence[str]:
    return step.at, step.status, step.by, step.reason


def _cells(sheet: Sheet, cells: Sequence[str], *, bold: bool = False) -> None:
    x, y = sheet.l_margin, sheet.y + 0.7
    sheet.set_y(y)
    for text, (_, width) in zip(cells, _COLUMNS, strict=True):
        colour = page.MUTED if bold else page.INK
        size = SMALL if bold else 9.0
        sheet.put(sheet.fitted(text, width - 2, size=size), x, width, size=size, colour=colour)
        x += width
    sheet.set_y(y + leading(9.0) + 0.7)
    sheet.rule()


def _notes(sheet: Sheet, told: Contents) -> None:
    for said, note in ((told.shortened, _SHORTENED), (sheet.replaced, _REPLACED)):
        if said:
            sheet.note(note)


def _nothing(sheet: Sheet) -> None:
    sheet.note("Nothing was given.")
