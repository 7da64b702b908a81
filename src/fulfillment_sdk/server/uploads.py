"""Uploads as they come in: one file of a multipart form, read piece by piece, in bounded time.

Both parties take uploads, so this is above neither. Nothing here holds more than one piece.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from attrs import frozen
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from fulfillment_sdk.server import upload_names
from fulfillment_sdk.server.http import BodyTooLarge

FILE_LIMIT: Final = 10 * 1024 * 1024
"""The largest file, in bytes (contract, section 2)."""
AROUND: Final = 256 * 1024
"""What a form may have around its file, in bytes."""
FIELD: Final = "file"

_MOST_PARTS: Final = 16
_MOST_HEADERS: Final = 8
_MOST_OPTIONS: Final = 100
_LONGEST_HEADER: Final = 16 * 1024
# How a part may say that its bytes are themselves (RFC 2045, 6.2).
_AS_THEY_ARE: Final = (b"", b"7bit", b"8bit", b"binary")


class _Silent(logging.Logger):
    """The parser tells its logger which bytes it stumbled upon; nobody shall read them."""


class BadUpload(Exception):
    """An upload that can't be read; ``message`` says why and echoes nothing."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@frozen(kw_only=True)
class Pace:
    """How long an upload may take: until its next piece, and all in all, in seconds."""

    idle: float = 30.0
    whole: float = 300.0


async def paced(stream: AsyncIterator[bytes], pace: Pace) -> AsyncIterator[bytes]:
    """Pass pieces on as long as they come in time; raises ``BadUpload`` where they don't."""
    ends = asyncio.get_running_loop().time() + pace.whole
    pieces = aiter(stream)
    while True:
        left = ends - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(max(0.0, min(pace.idle, left))):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise BadUpload("The upload took too long: send it again") from None
        yield piece


async def bounded(stream: AsyncIterator[bytes], limit: int = FILE_LIMIT) -> AsyncIterator[bytes]:
    """Pass pieces on up to ``limit`` bytes; raises ``BodyTooLarge`` at the first one too many."""
    size = 0
    async for piece in stream:
        size += len(piece)
        if size > limit:
            raise BodyTooLarge(limit)
        yield piece


def announced_size(request: Request) -> int | None:
    """Return what ``Content-Length`` announces, ``None`` where it does not.

    (Thousands of digits are no number to Python; they stand for too many.)
    """
    text = request.headers.get("content-length", "")
    if not (text.isascii() and text.isdigit()):
        return None
    return int(text[:18]) if len(text) <= 18 else 10**18


async def open_form(request: Request, *, pace: Pace | None = None) -> FileField:
    """Read a request's form up to its file.

    Raises ``BodyTooLarge`` where more is announced than any form may hold, and ``BadUpload``: 415
    for another content type, 400 for a form that can't be read or has no field ``file``.
    """
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise BadUpload("Content-Encoding must be identity: send the file as it is", status=415)
    boundary = _boundary(request.headers.get("content-type", ""))
    if (announced_size(request) or 0) > FILE_LIMIT + AROUND:
        raise BodyTooLarge(FILE_LIMIT)
    stream = bounded(request.stream(), FILE_LIMIT + AROUND)
    form = FileField(paced(stream, pace or Pace()), boundary)
    await form.find()
    return form


def _boundary(content_type: str) -> bytes:
    kind, options = _options(content_type)
    if kind != b"multipart/form-data":
        raise BadUpload("Content-Type must be multipart/form-data", status=415)
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:  # RFC 2046, 5.1.1
        raise BadUpload("Content-Type names no valid boundary")
    return boundary


def _options(header: str) -> tuple[bytes, dict[bytes, bytes]]:
    """Return a header's word and its options; the parser takes long over very many of them."""
    if header.count(";") > _MOST_OPTIONS:
        raise BadUpload("Invalid multipart body")
    return parse_options_header(header)


class FileField:
    """The field ``file`` of a form; made by ``open_form``."""

    def __init__(self, stream: AsyncIterator[bytes], boundary: bytes) -> None:
        self.file_name = ""
        self._stream = stream
        self._pieces: deque[bytes] = deque()
        self._headers: list[list[bytearray]] = []
        self._parts = 0
        self._found = self._here = self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part,
                "on_header_begin": self._on_header,
                "on_header_field": self._on_header_name,
                "on_header_value": self._on_header_value,
                "on_headers_finished": self._on_headers,
                "on_part_data": self._on_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
            max_header_count=_MOST_HEADERS,
            max_header_size=_LONGEST_HEADER,
        )
        self._parser.logger = _Silent("uploads", logging.CRITICAL + 1)

    async def find(self) -> None:
        """Read on until the file begins; raises ``BadUpload`` where there is none."""
        while not self._found:
            if not await self._read():
                self._check_end()
                raise BadUpload(f"Missing required field: {FIELD}")

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the file piece by piece, then read the form to its end.

        Raises ``BadUpload`` where the form breaks off or has a second file, and ``BodyTooLarge``.
        """
        while True:
            while self._pieces:
                yield self._pieces.popleft()
            if not await self._read():
                break
        self._check_end()

    async def _read(self) -> bool:
        piece = await anext(self._stream, None)
        if piece is None:
            return False
        try:
            self._parser.write(piece)
        except FormParserError:
            raise BadUpload("Invalid multipart body") from None
        return True

    def _check_end(self) -> None:
        if not self._ended:
            raise BadUpload("Invalid multipart body: it has no end")

    def _on_part(self) -> None:
        self._headers = []
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise BadUpload("Invalid multipart body: too many fields")

    def _on_header(self) -> None:
        self._headers.append([bytearray(), bytearray()])

    def _on_header_name(self, data: bytes, start: int, end: int) -> None:
        self._headers[-1][0] += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._headers[-1][1] += data[start:end]

    def _on_headers(self) -> None:
        disposition = self._header(b"content-disposition")
        _, options = _options(disposition.decode("latin-1"))
        if options.get(b"name") != FIELD.encode("ascii"):
            return
        if self._found:
            raise BadUpload(f"Invalid value for field: {FIELD}")
        # A text, mostly the path of what was meant. The parser leaves `filename*` out.
        if b"filename" not in options and b"filename*=" not in disposition.lower():
            raise BadUpload(f"Invalid value for field: {FIELD}: it is text, and has no file name")
        if self._header(b"content-transfer-encoding").strip().lower() not in _AS_THEY_ARE:
            raise BadUpload("Content-Transfer-Encoding must be binary: send the file as it is")
        self._found = self._here = True
        self.file_name = upload_names.claimed(disposition, options.get(b"filename", b""))

    def _header(self, name: bytes) -> bytes:
        return next((bytes(value) for told, value in self._headers if told.lower() == name), b"")

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._here:
            self._pieces.append(data[start:end])

    def _on_part_end(self) -> None:
        self._here = False

    def _on_end(self) -> None:
        self._ended = True
