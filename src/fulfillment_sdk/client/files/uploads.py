"""A file as a form that goes out piece by piece; never more than one piece of it is in memory."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from fulfillment_sdk.client.calls.call import Progress
from fulfillment_sdk.errors import ConfigurationError

Source: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO"

PIECE: Final = 64 * 1024
UNNAMED: Final = "file"
# As browsers write them in a name (HTML, "multipart/form-data encoding algorithm").
_ESCAPES: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


class SourceFailed(Exception):
    """What the caller's own file or `progress` raised, in `error`.

    It goes through the HTTP library as it is: an OSError of the disk would be taken for the
    network's there.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class FormUpload:
    """The form with one file: an `Upload` that counts and hashes what it has sent of the file.

    `file` is read from where it stands; it goes back there for another try if it can. What is
    appended to it meanwhile is not sent.
    """

    def __init__(
        self,
        file: BinaryIO,
        *,
        name: str,
        progress: Progress | None = None,
        boundary: str | None = None,
    ) -> None:
        self.name = name
        self.sent = 0
        self._file = file
        self._progress = progress
        self._boundary = secrets.token_hex(16) if boundary is None else boundary
        self._start = _position(file)
        self.size = None if self._start is None else _size(file, self._start)
        self._touched = False
        self._hash = hashlib.sha256()
        self._head = (
            f"--{self._boundary}\r\n"
            'Content-Disposition: form-data; name="file"; '
            f'filename="{name.translate(_ESCAPES)}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode("utf-8", "replace")
        self._tail = f"\r\n--{self._boundary}--\r\n".encode("ascii")

    @property
    def content_type(self) -> str:
        """The form's type, with its boundary."""
        return f"multipart/form-data; boundary={self._boundary}"

    @property
    def length(self) -> int | None:
        """The whole form's bytes, None for a file that can't tell its own."""
        return None if self.size is None else len(self._head) + self.size + len(self._tail)

    @property
    def sha256(self) -> str:
        """The digest of what was sent of the file in the last try, in hex."""
        return self._hash.hexdigest()

    def can_begin(self) -> bool:
        """Whether the file stands where it began, or can go back there."""
        return self._start is not None or not self._touched

    def begin(self) -> Iterator[bytes]:
        """Start, or start over."""
        self._hash = hashlib.sha256()
        self.sent = 0
        return self._pieces()

    def _pieces(self) -> Iterator[bytes]:
        yield self._head
        try:
            yield from self._content()
        except Exception as error:  # noqa: BLE001  (it is raised again behind the HTTP library)
            raise SourceFailed(error) from None
        yield self._tail

    def _content(self) -> Iterator[bytes]:
        if self._touched and self._start is not None:
            self._file.seek(self._start)
        self._touched = True
        while piece := self._read():
            self._hash.update(piece)
            yield piece
            self.sent += len(piece)
            if self._progress is not None:
                self._progress(self.sent, self.size)
        if self.size is not None and self.sent < self.size:
            raise ConfigurationError(
                "The file became shorter while it was sent",
                remedy="Upload it again once nobody writes to it.",
            )

    def _read(self) -> bytes:
        wanted = PIECE if self.size is None else min(PIECE, self.size - self.sent)
        piece: object = self._file.read(wanted) if wanted else b""
        if not isinstance(piece, bytes):
            raise TypeError("upload() needs a file that is open for reading bytes, in mode 'rb'")
        return piece


@contextmanager
def opened(source: Source) -> Iterator[tuple[BinaryIO, str]]:
    """The bytes of `source`, and the name that it has; a path's file is closed afterwards.

    Raises OSError where a path can't be opened, and TypeError for what is none of these.
    """
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        with path.open("rb") as file:
            yield file, path.name
    elif isinstance(source, bytes | bytearray | memoryview):
        yield io.BytesIO(source), UNNAMED
    elif hasattr(source, "read"):
        name = getattr(source, "name", None)
        yield source, Path(name).name if isinstance(name, str) else UNNAMED
    else:
        raise TypeError("upload() takes a path, bytes, or a file that is open for reading bytes")


def _position(file: BinaryIO) -> int | None:
    """Where a file stands, None for one that can't go back there."""
    try:
        return file.tell() if file.seekable() else None
    except (AttributeError, OSError):
        return None


def _size(file: BinaryIO, start: int) -> int:
    end = file.seek(0, os.SEEK_END)
    file.seek(start)
    return max(0, end - start)
