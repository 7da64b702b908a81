"""A report read and looked at, as a client would, by PDFium."""

from __future__ import annotations

import hashlib
import io
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import pypdfium2
from PIL import Image

from fulfillment_sdk.server.portal.completion import Dossier
from fulfillment_sdk.server.portal.report import ReportFile
from tests.unit.server.portal.samples import DOSSIER, SUBMISSION

RED = (200, 30, 30)
BLUE = (30, 30, 200)
YELLOW = (240, 220, 40)


def with_data(data: dict[str, object]) -> Dossier:
    """Return a dossier whose one form holds ``data``."""
    return attrs.evolve(DOSSIER, submissions=[attrs.evolve(SUBMISSION, data=data)])


def text(document: bytes) -> str:
    """Return what can be read, page by page, blanks and lines made one blank.

    The second glyph of a letter that is set as two reads as a control character: left out.
    """
    with _opened(document) as pdf:
        pages = [page.get_textpage().get_text_bounded() for page in pdf]
    shown = " ".join(" ".join(pages).split())
    return "".join(letter for letter in shown if unicodedata.category(letter) != "Cc")


def page_count(document: bytes) -> int:
    with _opened(document) as pdf:
        return len(pdf)


def picture(document: bytes, page: int = 0, *, scale: int = 1) -> Image.Image:
    """Return a page as one sees it, ``scale`` times 72 points to the inch."""
    with _opened(document) as pdf:
        seen: Image.Image = pdf[page].render(scale=scale).to_pil().convert("RGB")
    return seen


def share(image: Image.Image, colour: tuple[int, int, int], *, off: int = 40) -> float:
    """Return which part of an image has a colour, more or less."""
    counted = image.getcolors(image.width * image.height)
    assert counted is not None
    near = sum(count for count, seen in counted if _distance(seen, colour) <= off)
    return near / (image.width * image.height)


def photo(
    size: tuple[int, int],
    colour: tuple[int, int, int],
    *,
    corner: tuple[int, int, int] | None = None,
    kind: str = "JPEG",
    exif: Image.Exif | None = None,
) -> bytes:
    """Return a picture of one colour, its upper left quarter of another where one is given."""
    image = Image.new("RGB", size, colour)
    if corner is not None:
        image.paste(corner, (0, 0, size[0] // 2, size[1] // 2))
    written = io.BytesIO()
    image.save(written, kind, **({} if exif is None else {"exif": exif}))
    return written.getvalue()


def as_file(content: bytes, content_type: str = "image/jpeg", name: str = "gate.jpg") -> ReportFile:
    return ReportFile(
        name=name,
        content_type=content_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        read=lambda: content,
    )


def _distance(seen: object, colour: tuple[int, int, int]) -> int:
    assert isinstance(seen, tuple)
    return max(abs(int(one) - other) for one, other in zip(seen, colour, strict=True))


@contextmanager
def _opened(document: bytes) -> Iterator[pypdfium2.PdfDocument]:
    pdf = pypdfium2.PdfDocument(document)
    try:
        yield pdf
    finally:
        pdf.close()
