"""The photos of a report, and the list of its files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from fulfillment_sdk.server.portal.report import sheet as page
from fulfillment_sdk.server.portal.report import words
from fulfillment_sdk.server.portal.report.images import Gallery, Listed, Photo
from fulfillment_sdk.server.portal.report.sheet import BODY, SMALL, Sheet, leading

PHOTO_HEIGHT: Final = 68.0
"""The tallest that a photo is printed, in millimetres."""

_GUTTER: Final = 4.0
# Beside a file's name: what it is.
_ASIDE: Final = 54.0
# A pixel is printed no larger than this: a small picture stays small.
_PIXEL: Final = 25.4 / 72


def show_photos(sheet: Sheet, photos: Sequence[Photo]) -> None:
    """Put the photos two by two, each with its number and name."""
    width = (sheet.epw - _GUTTER) / 2
    for begin in range(0, len(photos), 2):
        pair = photos[begin : begin + 2]
        sizes = [_fit(photo, width) for photo in pair]
        tallest = max(height for _, height in sizes)
        caption = leading(SMALL)
        sheet.need(tallest + 2 * caption + 4)
        y = sheet.y + 1
        for column, (photo, (wide, high)) in enumerate(zip(pair, sizes, strict=True)):
            x = sheet.l_margin + column * (width + _GUTTER)
            sheet.set_fill_color(*page.TINT)
            sheet.rect(x, y, width, tallest, "F")
            sheet.image(
                io.BytesIO(photo.jpeg),
                x + (width - wide) / 2,
                y + (tallest - high) / 2,
                wide,
                high,
                alt_text=f"Photo, file {photo.number}",
            )
            sheet.set_y(y + tallest + 1)
            name = sheet.fitted(f"{photo.number}. {photo.name}", width - 6, size=SMALL)
            sheet.put(name, x, width, size=SMALL, colour=page.MUTED)
        sheet.set_y(y + tallest + caption + 4)


def _fit(photo: Photo, width: float) -> tuple[float, float]:
    scale = min(width / photo.width, PHOTO_HEIGHT / photo.height, _PIXEL)
    return photo.width * scale, photo.height * scale


def list_files(sheet: Sheet, gallery: Gallery) -> None:
    """List every file: number, name, type, size and digest, and why a picture is not shown."""
    for file in gallery.files:
        _file(sheet, file)
    if gallery.unlisted:
        sheet.note(f"{gallery.unlisted} more files are not listed.")


def _file(sheet: Sheet, file: Listed) -> None:
    left, width = sheet.l_margin + 8, sheet.epw - 8
    sheet.need(2 * leading(BODY) + 2)
    sheet.set_y(sheet.y + 1)
    kind = words.KINDS.get(file.kind, file.kind)
    aside = sheet.fitted(f"{kind}, {words.size(file.size)}", _ASIDE, size=SMALL)
    sheet.put(aside, left, width, size=SMALL, colour=page.MUTED, align="R")
    sheet.put(f"{file.number}.", sheet.l_margin, 8, size=BODY, colour=page.MUTED)
    name = sheet.fitted(file.name, width - _ASIDE - 8, size=BODY)
    sheet.put(name, left, width - _ASIDE, size=BODY)
    sheet.set_y(sheet.y + leading(BODY))
    digest = f"SHA-256 {file.sha256}"
    sheet.put(digest, left, width, size=6.8, colour=page.MUTED)
    if file.note:
        sheet.put(file.note, left, width, size=6.8, colour=page.MUTED, align="R")
    sheet.set_y(sheet.y + leading(6.8) + 1)
    sheet.rule()
