"""Bodies taken piece by piece into a file or memory: limited, and checked for what they are."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import attrs

from fulfillment_sdk.client.calls.answers import unexpected
from fulfillment_sdk.client.calls.call import Answer, Progress
from fulfillment_sdk.client.files import checksums

PDF: Final = "application/pdf"
PAGE: Final = "text/html"
_WHOLE: Final = frozenset({200, 201})  # 204 brings nothing, 206 a part


@attrs.frozen(kw_only=True)
class Wanted:
    """What a download may be.

    `content_type` is the only one that is taken (None: any but a page for people), `limit` the most
    bytes, `sha256` the digest in hex where it is known. `progress(done, total)` is called after
    each piece.
    """

    limit: int
    content_type: str | None = None
    sha256: str | None = attrs.field(default=None, converter=checksums.expected)
    progress: Progress | None = None

    def takes(self, content_type: str) -> bool:
        """Whether it may be of this type."""
        if self.content_type is None:
            return content_type != PAGE
        return content_type == self.content_type


class _Measured:
    """Refuses what is not wanted, and in the end what is not whole."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._size = 0
        self._total: int | None = None
        self._hash = hashlib.sha256()
        self._answer = Answer("GET", "", 200)

    def begin(self, answer: Answer) -> None:
        if answer.status not in _WHOLE:
            raise unexpected(answer, f"The server answered {answer.status}, without a whole file")
        if not self._wanted.takes(answer.content_type):
            kind = self._wanted.content_type or "a file"
            raise unexpected(answer, f"The server answered something else than {kind}")
        self._answer = answer
        self._size = 0
        self._hash = hashlib.sha256()
        self._total = _total(answer)
        if self._total is not None:
            self._check(self._total)

    def _measure(self, piece: bytes) -> None:
        self._size += len(piece)
        self._check(self._size)
        self._hash.update(piece)

    def _tell(self) -> None:
        if self._wanted.progress is not None:
            self._wanted.progress(self._size, self._total)

    def _check(self, size: int) -> None:
        if size > self._wanted.limit:
            raise unexpected(
                self._answer,
                f"The download is larger than {self._wanted.limit} bytes",
                remedy="Give a larger max_bytes if you trust the server.",
            )

    def _check_whole(self) -> None:
        if self._total is not None and self._size != self._total:
            raise unexpected(self._answer, "The download broke off", remedy="Repeat the download.")
        for digest in (self._wanted.sha256, checksums.announced(self._answer)):
            if digest is not None and digest != self._hash.hexdigest():
                raise unexpected(
                    self._answer,
                    "The download is not the file that it is said to be: its SHA-256 differs",
                    remedy="Repeat the download; nothing of this one was kept.",
                )


class InMemory(_Measured):
    """Keeps the body as bytes."""

    def __init__(self, wanted: Wanted) -> None:
        super().__init__(wanted)
        self._body = bytearray()

    def begin(self, answer: Answer) -> None:
        """Start over with an empty body."""
        super().begin(answer)
        self._body.clear()

    def write(self, piece: bytes) -> None:
        """Take the next piece."""
        self._measure(piece)
        self._body += piece
        self._tell()

    def finish(self) -> bytes:
        """The whole body."""
        self._check_whole()
        return bytes(self._body)


class ToFile(_Measured):
    """Writes beside `target` and takes its place when whole: nobody ever sees half a file.

    The file is readable by its owner alone. Use as a context manager, so that a failure leaves
    nothing behind.
    """

    def __init__(self, target: Path, wanted: Wanted) -> None:
        super().__init__(wanted)
        self._target = target
        self._temporary = target
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        # Both would be found out only when the answer, or all of it, is here.
        if self._target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(self._target))
        if not self._target.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._target))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            try:
                self._file.close()  # writes what is left, which a full disk refuses once more
            finally:
                self._temporary.unlink(missing_ok=True)

    def begin(self, answer: Answer) -> None:
        """Start over with an empty file."""
        super().begin(answer)
        if self._file is None:
            handle, name = tempfile.mkstemp(
                dir=self._target.parent, prefix=f".{self._target.name}."
            )
            self._temporary = Path(name)
            self._file = os.fdopen(handle, "wb")
        self._file.seek(0)
        self._file.truncate()

    def write(self, piece: bytes) -> None:
        """Take the next piece."""
        self._measure(piece)
        self._opened().write(piece)
        self._tell()

    def finish(self) -> Path:
        """Put the whole file in its place."""
        file = self._opened()
        self._check_whole()
        file.flush()
        os.fsync(file.fileno())
        file.close()
        return self._temporary.replace(self._target)

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            raise RuntimeError("begin() comes first")
        return self._file


def _total(answer: Answer) -> int | None:
    """What is announced of the size, None for nothing, and where the body comes compressed."""
    if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
        return None
    return answer.length
