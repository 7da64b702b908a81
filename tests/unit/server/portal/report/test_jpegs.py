"""What a JPEG's headers tell of the work that it makes."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

import pytest
from PIL import Image

from fulfillment_sdk.server.portal.report import jpegs
from fulfillment_sdk.server.portal.report.images import gallery
from fulfillment_sdk.server.portal.report.jpegs import SEGMENTS, in_one_pass, scans
from tests.unit.server.portal.report.pages import RED, as_file

TOO_LARGE = "not shown: its dimensions are too large"


def jpeg(
    size: tuple[int, int] = (64, 48), *, mode: str = "RGB", progressive: bool = False
) -> bytes:
    written = io.BytesIO()
    Image.new(mode, size, RED if mode == "RGB" else 90).save(
        written, "JPEG", progressive=progressive
    )
    return written.getvalue()


def drawn(size: tuple[int, int], *, together: Sequence[int]) -> bytes:
    """Return a sequential JPEG of one colour whose scans have so many of its three parts each.

    A block is two bits in it, so that a small file is a large picture.
    """
    width, height = size
    data = b"\xff\xd8\xff\xdb\x00\x43\x00" + b"\x01" * 64
    data += b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3)
    data += b"".join(bytes((part, 0x11, 0)) for part in (1, 2, 3))
    for table in (0x00, 0x10):
        data += b"\xff\xc4\x00\x14" + bytes((table, 1)) + bytes(16)
    parts = iter((1, 2, 3))
    for count in together:
        data += b"\xff\xda" + struct.pack(">HB", 6 + 2 * count, count)
        data += b"".join(bytes((next(parts), 0)) for _ in range(count)) + b"\x00\x3f\x00"
        data += bytes(-(-width // 8) * -(-height // 8) * count // 4 + 1)
    return data + b"\xff\xd9"


def note(content: bytes) -> str:
    return gallery([as_file(content)]).files[0].note


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_an_ordinary_picture_is_decoded_in_one_pass(mode: str) -> None:
    assert in_one_pass(jpeg(mode=mode))
    assert scans(jpeg(mode=mode)) == 1


def test_a_progressive_one_is_not() -> None:
    assert not in_one_pass(jpeg(progressive=True))
    assert 2 < scans(jpeg(progressive=True)) < 20


def test_neither_is_one_whose_colours_come_one_after_the_other() -> None:
    assert in_one_pass(drawn((64, 48), together=[3]))
    assert not in_one_pass(drawn((64, 48), together=[1, 1, 1]))
    assert not in_one_pass(drawn((64, 48), together=[2, 1]))


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 10, 200, 400])
def test_what_breaks_off_is_not_surely_one(cut: int) -> None:
    assert not in_one_pass(jpeg()[:cut])


@pytest.mark.parametrize(
    "inserted", [b"\xff", b"\x00", b"\xff\xd0", b"\xff\xfe\x00\x02" * SEGMENTS]
)
def test_what_is_oddly_written_is_not_surely_one(inserted: bytes) -> None:
    whole = jpeg()
    assert not in_one_pass(whole[:2] + inserted + whole[2:])


def test_a_large_picture_is_shown_if_it_comes_line_by_line() -> None:
    size = (6_000, 5_000)
    assert note(drawn(size, together=[3])) == ""
    assert note(drawn(size, together=[1, 1, 1])) == TOO_LARGE
    assert note(drawn((800, 600), together=[1, 1, 1])) == ""


def test_a_picture_of_scans_without_end_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = jpeg(progressive=True)
    assert note(whole) == ""
    monkeypatch.setattr(jpegs, "SCANS", scans(whole) - 1)
    assert note(whole) == "not shown: it has too many scans"
    # What a camera notes beside an ordinary one does not count.
    assert note(jpeg() + b"\xff\xda" * 200) == ""


def test_a_panorama_is_decoded_in_its_own_proportions() -> None:
    (photo,) = gallery([as_file(drawn((16_000, 2_000), together=[3]))]).photos
    assert (photo.width, photo.height) == (1_600, 200)
