"""Which type a file is, told by its content alone: what was claimed is not looked at.

A small table of magic numbers; what is not in it and no plain text is refused. Nothing is unpacked:
of an archive only the names in it are seen. Pure.
"""

from __future__ import annotations

import codecs
import re
from typing import Final, Protocol

from attrs import frozen

HEAD: Final = 128
"""How many bytes at the beginning decide; a shorter file is decided at its end."""


@frozen
class Kind:
    """A type of file that is taken, and the endings that its names may have, the usual first."""

    content_type: str
    endings: tuple[str, ...]


JPEG: Final = Kind("image/jpeg", ("jpg", "jpeg"))
PNG: Final = Kind("image/png", ("png",))
GIF: Final = Kind("image/gif", ("gif",))
WEBP: Final = Kind("image/webp", ("webp",))
HEIC: Final = Kind("image/heic", ("heic", "heif"))
PDF: Final = Kind("application/pdf", ("pdf",))
TEXT: Final = Kind("text/plain", ("txt", "csv", "tsv", "md", "log", "json"))
MP4: Final = Kind("video/mp4", ("mp4", "m4v"))
QUICKTIME: Final = Kind("video/quicktime", ("mov", "qt"))
MP3: Final = Kind("audio/mpeg", ("mp3",))
M4A: Final = Kind("audio/mp4", ("m4a", "m4b"))
OGG: Final = Kind("audio/ogg", ("ogg", "oga", "opus"))
WAV: Final = Kind("audio/wav", ("wav",))
DOCX: Final = Kind(
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ("docx",)
)
ODT: Final = Kind("application/vnd.oasis.opendocument.text", ("odt",))

# (where, what) pairs that must all be there; the first row that fits decides.
_MAGIC: Final[tuple[tuple[tuple[tuple[int, bytes], ...], Kind], ...]] = (
    (((0, b"\xff\xd8\xff"),), JPEG),
    (((0, b"\x89PNG\r\n\x1a\n"),), PNG),
    (((0, b"GIF87a"),), GIF),
    (((0, b"GIF89a"),), GIF),
    (((0, b"RIFF"), (8, b"WEBP")), WEBP),
    (((0, b"RIFF"), (8, b"WAVE")), WAV),
    (((0, b"%PDF-"),), PDF),
    (((0, b"OggS"),), OGG),
    *((((0, b"ID3" + version),), MP3) for version in (b"\2", b"\3", b"\4")),
    # The mimetype comes first in the archive, and is not compressed (ODF 1.2, part 3).
    (
        (
            (0, b"PK\x03\x04"),
            (30, b"mimetypeapplication/vnd.oasis.opendocument.text"),
        ),
        ODT,
    ),
    *(
        (((4, b"ftyp"), (8, brand)), kind)
        for kind, brands in (
            (HEIC, (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")),
            (QUICKTIME, (b"qt  ",)),
            (M4A, (b"M4A ", b"M4B ")),
            (MP4, (b"iso", b"mp41", b"mp42", b"avc1", b"M4V", b"dash", b"mmp4", b"MSNV", b"3gp")),
        )
        for brand in brands
    ),
    # QuickTime before there were brands.
    *(((((4, atom),)), QUICKTIME) for atom in (b"moov", b"mdat", b"wide", b"pnot")),
    # An MPEG frame of layer III without tags before it.
    *((((0, b"\xff" + second),), MP3) for second in (b"\xfb", b"\xfa", b"\xf3", b"\xf2", b"\xe3")),
)

_ARCHIVE: Final = b"PK\x03\x04"
# A word processor's part, in the archive's directory or before the part itself.
_WORD: Final = re.compile(rb"PK(?:\x03\x04.{26}|\x01\x02.{42})word/", re.DOTALL)
_WORD_LENGTH: Final = 51
# All controls but tab, line feed, form feed and carriage return.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


class UnknownKind(Exception):
    """The content is of no type that is taken."""

    def __init__(self) -> None:
        super().__init__("the content is of no type that is taken")


class _Look(Protocol):
    def feed(self, chunk: bytes) -> None: ...

    def kind(self) -> Kind: ...


class Recognizer:
    """Is fed a file piece by piece, and says at its end which kind it is.

    ``feed`` and ``kind`` raise ``UnknownKind`` as soon as that is certain.
    """

    def __init__(self) -> None:
        self._head = b""
        self._look: _Look | None = None

    def feed(self, chunk: bytes) -> None:
        """Look at the next piece."""
        if self._look is not None:
            self._look.feed(chunk)
            return
        self._head += chunk
        if len(self._head) >= HEAD:
            self._begin()

    def kind(self) -> Kind:
        """Return the kind of the whole file."""
        if self._look is None:
            self._begin()
        assert self._look is not None
        return self._look.kind()

    def _begin(self) -> None:
        head, self._head = self._head, b""
        known = by_magic(head)
        if known is not None:
            self._look = _Known(known)
        else:
            self._look = _Archive() if head.startswith(_ARCHIVE) else _Text()
            self._look.feed(head)


def by_magic(head: bytes) -> Kind | None:
    """Return the kind that the first bytes tell, ``None`` where they don't."""
    for marks, kind in _MAGIC:
        if all(head[at : at + len(mark)] == mark for at, mark in marks):
            return kind
    return None


class _Known:
    """What the first bytes told."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def feed(self, chunk: bytes) -> None:
        pass

    def kind(self) -> Kind:
        return self._kind


class _Archive:
    """An archive is a document where it holds a word processor's part."""

    def __init__(self) -> None:
        self._tail = b""
        self._found = False

    def feed(self, chunk: bytes) -> None:
        if not self._found:
            window = self._tail + chunk
            self._found = _WORD.search(window) is not None
            self._tail = window[-_WORD_LENGTH:]

    def kind(self) -> Kind:
        if not self._found:
            raise UnknownKind
        return DOCX


class _Text:
    """Text is UTF-8 without control characters, to its last byte."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def feed(self, chunk: bytes) -> None:
        self._read(chunk, final=False)

    def kind(self) -> Kind:
        self._read(b"", final=True)
        return TEXT

    def _read(self, chunk: bytes, *, final: bool) -> None:
        try:
            text = self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            raise UnknownKind from None
        if _CONTROLS.search(text):
            raise UnknownKind
