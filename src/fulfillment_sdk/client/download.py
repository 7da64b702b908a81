"""Bodies taken piece by piece into a file or memory: limited, and checked for what they are."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from fulfillment_sdk.client.answers import unexpected
from fulfillment_sdk.client.call import Answer

PDF: Final = "application/pdf"


class _Measured:
    """Refuses another content type than `content_type`, and more than `limit` bytes."""

    def __init__(self, *, content_type: str, limit: int) -> None:
        self._content_type = content_type
        self._limit = limit
        self._size = 0
        self._answer = Answer("GET", "", 200)

    def begin(self, answer: Answer) -> None:
        if answer.content_type != self._content_type:
            raise unexpected(
                answer, f"The server answered something else than {self._content_type}"
            )
        self._answer = answer
        self._size = 0
        announced = answer.headers.get("content-length", "")
        if announced.isdecimal() and len(announced) < 16:
            self._check(int(announced), answer)

    def _measure(self, piece: bytes) -> None:
        self._size += len(piece)
        self._check(self._size, self._answer)

    def _check(self, size: int, answer: Answer) -> None:
        if size > self._limit:
            raise unexpected(
                answer,
                f"The download is larger than {self._limit} bytes",
                remedy="Give a larger max_bytes if you trust the server.",
            )


class InMemory(_Measured):
    """Keeps the body as bytes."""

    def __init__(self, *, content_type: str, limit: int) -> None:
        super().__init__(content_type=content_type, limit=limit)
        self._body = bytearray()

    def begin(self, answer: Answer) -> None:
        """Start over with an empty body."""
        super().begin(answer)
        self._body.clear()

    def write(self, piece: bytes) -> None:
        """Take the next piece."""
        self._measure(piece)
        self._body += piece

    def finish(self) -> bytes:
        """The whole body."""
        return bytes(self._body)


class ToFile(_Measured):
    """Writes beside `target` and takes its place when whole: nobody ever sees half a file.

    The file is readable by its owner alone. Use as a context manager, so that a failure leaves
    nothing behind.
    """

    def __init__(self, target: Path, *, content_type: str, limit: int) -> None:
        super().__init__(content_type=content_type, limit=limit)
        self._target = target
        self._temporary = target
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
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

    def finish(self) -> Path:
        """Put the whole file in its place."""
        file = self._opened()
        file.flush()
        os.fsync(file.fileno())
        file.close()
        return self._temporary.replace(self._target)

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            raise RuntimeError("begin() comes first")
        return self._file
