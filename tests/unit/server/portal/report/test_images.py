"""Photos: upright, scaled down, and without what the camera noted beside them."""

from __future__ import annotations

import io
import struct
import zlib

import attrs
import pytest
from PIL import Image

from fulfillment_sdk.server.portal.report import images
from fulfillment_sdk.server.portal.report.images import ReportFile, gallery
from tests.unit.server.portal.report.pages import BLUE, RED, YELLOW, as_file, photo, share

KINDS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/gif": "GIF"}


def located(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x0110] = "Camera of Jane Smith"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (1.0, 17.0, 2.5)
    return exif


def shown(file: ReportFile) -> Image.Image:
    """Return the only photo of a report as it is embedded."""
    (only,) = gallery([file]).photos
    image = Image.open(io.BytesIO(only.jpeg))
    assert image.size == (only.width, only.height)
    return image


def note(file: ReportFile) -> str:
    found = gallery([file])
    assert found.photos == []
    return found.files[0].note


@pytest.mark.parametrize("content_type", KINDS)
def test_the_four_kinds_of_pictures_are_shown_in_their_colours(content_type: str) -> None:
    content = photo((80, 60), RED, kind=KINDS[content_type])
    image = shown(as_file(content, content_type))
    assert image.format == "JPEG"
    assert share(image, RED) > 0.99


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_nothing_that_a_camera_noted_is_left(kind: str) -> None:
    content = photo((80, 60), RED, kind=kind, exif=located())
    assert b"Jane" in content
    (only,) = gallery([as_file(content, f"image/{kind.lower()}")]).photos
    assert b"Jane" not in only.jpeg
    assert b"Exif" not in only.jpeg
    clean = Image.open(io.BytesIO(only.jpeg))
    assert dict(clean.getexif()) == {}
    assert set(clean.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [(1, 0), (2, 1), (3, 3), (4, 2), (5, 0), (6, 1), (7, 3), (8, 2)],
)
def test_a_photo_is_turned_upright(orientation: int, corner: int) -> None:
    content = photo((80, 60), RED, corner=YELLOW, exif=located(orientation))
    image = shown(as_file(content))
    wide, high = image.size
    assert (wide, high) == ((80, 60) if orientation < 5 else (60, 80))
    quarters = [
        image.crop((x, y, x + wide // 2, y + high // 2))
        for y in (0, high // 2)
        for x in (0, wide // 2)
    ]
    yellow = [share(each, YELLOW, off=60) > 0.8 for each in quarters]
    assert yellow.index(True) == corner
    assert yellow.count(True) == 1


def test_a_large_photo_is_scaled_down_and_a_small_one_left_as_it_is() -> None:
    assert shown(as_file(photo((3200, 800), RED))).size == (1600, 400)
    assert shown(as_file(photo((800, 3200), RED, kind="PNG"), "image/png")).size == (400, 1600)
    assert shown(as_file(photo((20, 10), RED))).size == (20, 10)


def test_what_is_transparent_is_white() -> None:
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    image.paste((*BLUE, 255), (0, 0, 40, 20))
    written = io.BytesIO()
    image.save(written, "PNG")
    seen = shown(as_file(written.getvalue(), "image/png"))
    assert share(seen.crop((0, 24, 40, 40)), (255, 255, 255)) > 0.95
    assert share(seen.crop((0, 0, 40, 16)), BLUE) > 0.95


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "I;16", "LA"])
def test_a_picture_in_any_colour_space_is_shown(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    written = io.BytesIO()
    Image.new(mode, (30, 20)).save(written, kind)
    assert shown(as_file(written.getvalue(), f"image/{kind.lower()}")).mode == "RGB"


@pytest.mark.parametrize("content_type", KINDS)
@pytest.mark.parametrize("keep", [0, 3, 20, 60, 0.5])
def test_a_picture_cut_off_is_damaged(content_type: str, keep: float) -> None:
    image = Image.effect_noise((200, 200), 80)
    written = io.BytesIO()
    image.save(written, KINDS[content_type])
    whole = written.getvalue()
    cut = whole[: int(keep if keep >= 1 else keep * len(whole))]
    assert note(as_file(cut, content_type)) == "not shown: the picture is damaged"


def test_a_picture_of_another_kind_than_it_says_is_damaged() -> None:
    assert "damaged" in note(as_file(photo((8, 8), RED, kind="PNG"), "image/jpeg"))
    assert "damaged" in note(as_file(photo((8, 8), RED, kind="TIFF"), "image/png"))


@pytest.mark.parametrize(
    "size", [(8_000, 8_000), (10_000, 10_000), (60_000, 60_000), (2**31 - 1, 1)]
)
def test_a_small_file_of_huge_dimensions_is_refused_unseen(size: tuple[int, int]) -> None:
    head = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    )
    assert note(as_file(content, "image/png")) == "not shown: its dimensions are too large"


def test_a_file_too_large_for_a_picture_is_not_read() -> None:
    def read() -> bytes:
        raise AssertionError

    file = attrs.evolve(as_file(b""), size=images.FILE_SIZE + 1, read=read)
    assert note(file) == "not shown: the file is too large"


def test_other_files_are_listed_and_not_read() -> None:
    def read() -> bytes:
        raise AssertionError

    file = attrs.evolve(as_file(b"%PDF", "application/pdf", "lease.pdf"), read=read)
    (listed,) = gallery([file]).files
    assert (listed.name, listed.kind, listed.size) == ("lease.pdf", "application/pdf", 4)
    assert listed.sha256 == file.sha256
    assert listed.note == ""


def test_a_report_shows_so_many_photos_and_says_which_it_does_not() -> None:
    file = as_file(photo((8, 8), RED))
    found = gallery([file] * (images.PHOTOS + 2))
    assert len(found.photos) == images.PHOTOS
    assert [each.note for each in found.files if each.note] == [
        f"not shown: a report shows {images.PHOTOS} photos"
    ] * 2


def test_a_report_lists_so_many_files_and_counts_the_rest() -> None:
    file = as_file(b"", "text/plain")
    found = gallery([file] * (images.LISTED + 3))
    assert (len(found.files), found.unlisted) == (images.LISTED, 3)


def test_a_file_s_name_is_one_line_without_overrides() -> None:
    (listed,) = gallery([as_file(b"", "text/plain", "a\u202egpj\n.exe" + "x" * 1000)]).files
    assert listed.name.startswith("agpj .exe")
    assert len(listed.name) <= 150


def test_a_file_s_name_is_in_no_repr() -> None:
    file = as_file(photo((8, 8), RED), name="Jane Smith.jpg")
    assert "Jane" not in repr(file)
    assert "Jane" not in repr(gallery([file]))
