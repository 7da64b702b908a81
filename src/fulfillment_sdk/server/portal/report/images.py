"""Photos as a report shows them, and the list of all files.

A photo is read, turned upright, scaled down and written anew: nothing of what a camera or a phone
noted beside the picture (place, time, owner, device) is in the report. What does not come out as a
picture is listed like any other file.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from typing import Final

import attrs
from PIL import Image

from fulfillment_sdk.server.portal.report import jpegs
from fulfillment_sdk.server.portal.report.text import one_line

PHOTOS: Final = 20
"""Photos that one report shows."""
LONG_SIDE: Final = 1_600
"""The longer side of a photo in the report, in pixels."""
PIXELS: Final = 16_000_000
"""Pixels of a picture as it is decoded: at most about 20 bytes of memory each."""
FILE_SIZE: Final = 16 * 1024 * 1024
"""Bytes of a file that is opened as a picture."""
LISTED: Final = 100
"""Files that one report lists."""

_FORMATS: Final = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
}
# EXIF's orientations, and what turns each upright.
_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_NAME_LENGTH: Final = 150
_QUALITY: Final = 80
_TOO_MANY: Final = "not shown: its dimensions are too large"


@attrs.frozen(kw_only=True)
class ReportFile:
    """A file of a case. ``read`` returns its bytes, and is called for pictures alone."""

    name: str = attrs.field(repr=False)
    content_type: str
    size: int
    sha256: str
    read: Callable[[], bytes] = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Photo:
    """A picture ready for the page: a JPEG without anything beside the picture."""

    number: int
    name: str = attrs.field(repr=False)
    width: int
    height: int
    jpeg: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Listed:
    """A file in the list: its number, what it is, and why it is not shown although a picture."""

    number: int
    name: str = attrs.field(repr=False)
    kind: str
    size: int
    sha256: str
    note: str


@attrs.frozen
class Gallery:
    """A case's files as the report has them."""

    photos: Sequence[Photo]
    files: Sequence[Listed]
    unlisted: int


class Unshown(Exception):
    """Why a picture cannot be shown, in the report's words."""


def gallery(files: Sequence[ReportFile]) -> Gallery:
    """Return the photos among ``files``, and the list of all of them."""
    photos: list[Photo] = []
    listed: list[Listed] = []
    for number, file in enumerate(files[:LISTED], 1):
        name = one_line(file.name[:_NAME_LENGTH]) or "without a name"
        note = ""
        if file.content_type in _FORMATS:
            try:
                photos.append(_shown(file, number, name, full=len(photos) >= PHOTOS))
            except Unshown as reason:
                note = str(reason)
        listed.append(
            Listed(
                number=number,
                name=name,
                kind=one_line(file.content_type[:_NAME_LENGTH]),
                size=file.size,
                sha256=one_line(file.sha256[:64]),
                note=note,
            )
        )
    return Gallery(photos, listed, max(0, len(files) - LISTED))


def _shown(file: ReportFile, number: int, name: str, *, full: bool) -> Photo:
    if full:
        raise Unshown(f"not shown: a report shows {PHOTOS} photos")
    if file.size > FILE_SIZE:
        raise Unshown("not shown: the file is too large")
    width, height, jpeg = picture(file.read(), _FORMATS[file.content_type])
    return Photo(number=number, name=name, width=width, height=height, jpeg=jpeg)


def picture(data: bytes, kind: str) -> tuple[int, int, bytes]:
    """Return width, height and JPEG of a picture, upright and at most ``LONG_SIDE`` long.

    ``kind`` is Pillow's name of the only format that is tried. Raises ``Unshown`` with the reason.
    """
    try:
        with Image.open(io.BytesIO(data), formats=(kind,)) as source:
            if kind == "JPEG":
                _reduced(source, data)
            if source.width * source.height > PIXELS:
                raise Unshown(_TOO_MANY)
            return _written(source)
    except Unshown:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unshown(_TOO_MANY) from None
    except Exception:  # noqa: BLE001  decoders fail in many ways at what strangers send
        raise Unshown("not shown: the picture is damaged") from None


def _reduced(source: Image.Image, data: bytes) -> None:
    """Have a JPEG decoded at a half, a quarter or an eighth: cheaply, and within bounds.

    Not so one whose scans are all in memory before the first line is there.
    """
    if jpegs.in_one_pass(data):
        scale = LONG_SIDE / max(source.size)
        source.draft("RGB", (math.ceil(source.width * scale), math.ceil(source.height * scale)))
    elif jpegs.scans(data) > jpegs.SCANS:
        raise Unshown("not shown: it has too many scans")


def _written(source: Image.Image) -> tuple[int, int, bytes]:
    turn = _UPRIGHT.get(source.getexif().get(_ORIENTATION, 1))
    points = _on_white(source)
    points.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    if turn is not None:
        points = points.transpose(turn)
    # Only the points go on: a fresh image has no metadata, no profile, no thumbnail.
    clean = Image.new("RGB", points.size)
    clean.paste(points)
    page = io.BytesIO()
    clean.save(page, "JPEG", quality=_QUALITY)
    return clean.width, clean.height, page.getvalue()


def _on_white(source: Image.Image) -> Image.Image:
    if not source.has_transparency_data:
        return source.convert("RGB")
    layered = source.convert("RGBA")
    white = Image.new("RGB", layered.size, "white")
    white.paste(layered, mask=layered)
    return white
