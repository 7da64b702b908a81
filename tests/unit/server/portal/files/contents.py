"""The beginnings of files of every kind, and a few that only look like one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(100))
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(100))


def archive(entries: Mapping[str, bytes]) -> bytes:
    """Return a zip archive; what it holds is compressed, but for a ``mimetype``."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            stored = name == "mimetype"
            archive.writestr(name, content, zipfile.ZIP_STORED if stored else None)
    return packed.getvalue()


DOCX = archive(
    {
        "[Content_Types].xml": b"<Types/>",
        "_rels/.rels": b"<Relationships/>",
        "word/document.xml": b"<w:document/>",
    }
)
ODT = archive(
    {
        "mimetype": b"application/vnd.oasis.opendocument.text",
        "content.xml": b"<office:document-content/>",
    }
)


def box(brand: bytes) -> bytes:
    """Return the first box of an ISO base media file."""
    return b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x02\x00" + bytes(60)


KNOWN = {
    "jpeg": (JPEG, "image/jpeg"),
    "png": (PNG, "image/png"),
    "gif87": (b"GIF87a" + bytes(20), "image/gif"),
    "gif89": (b"GIF89a" + bytes(20), "image/gif"),
    "webp": (b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(60), "image/webp"),
    "wav": (b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(60), "audio/wav"),
    "heic": (box(b"heic"), "image/heic"),
    "heif": (box(b"mif1"), "image/heic"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3" + bytes(60), "application/pdf"),
    "mp4": (box(b"isom"), "video/mp4"),
    "mp42": (box(b"mp42"), "video/mp4"),
    "quicktime": (box(b"qt  "), "video/quicktime"),
    "old quicktime": (b"\x00\x00\x00\x08wide" + bytes(60), "video/quicktime"),
    "m4a": (box(b"M4A "), "audio/mp4"),
    "mp3 with tags": (b"ID3\x03\x00\x00" + bytes(60), "audio/mpeg"),
    "mp3": (b"\xff\xfb\x90\x64" + bytes(60), "audio/mpeg"),
    "ogg": (b"OggS\x00\x02" + bytes(60), "audio/ogg"),
    "docx": (
        DOCX,
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "odt": (ODT, "application/vnd.oasis.opendocument.text"),
    "text": ("Zeugin: Frau Müller.\r\n".encode(), "text/plain"),
    "text with a mark": (b"\xef\xbb\xbfHello", "text/plain"),
    "short text": (b"x", "text/plain"),
    # It is text, and it will be downloaded as nothing else.
    "a page": (b"<html><script>alert(1)</script></html>", "text/plain"),
}

UNKNOWN = {
    "a program": b"MZ\x90\x00\x03\x00\x00\x00" + bytes(60),
    "an ELF": b"\x7fELF\x02\x01\x01" + bytes(60),
    "an archive": archive({"story.txt": b"a" * 100}),
    "an archive of words": archive({"passwords/a.txt": b"a" * 100}),
    "a spreadsheet": archive({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<x/>"}),
    "a packed bomb": archive({"bomb": bytes(1_000_000)}),
    "gzip": b"\x1f\x8b\x08\x00" + bytes(60),
    "latin-1 text": "Müller".encode("latin-1"),
    "text cut in a letter": "Müller".encode()[:2],
    "text with a NUL": b"Hello\x00",
    "text that controls a terminal": b"\x1b]0;title\x07",
    "UTF-16": "Hello".encode("utf-16"),
    "avif": box(b"avif"),
    "a late beginning": b"\x00" + PNG,
    "riff of another kind": b"RIFF\x24\x00\x00\x00AVI LIST" + bytes(60),
}
