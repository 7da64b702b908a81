"""A file that several processes append whole lines to, and that turns over."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from fulfillment_sdk.plugins.bundled.jsonl.lines import BEGINNING, is_torn
from fulfillment_sdk.plugins.bundled.jsonl.rotation import Names, Rotation, day_of

logger = logging.getLogger("fulfillment_sdk.plugins")

_BLOCK = 65536


class LineFile:
    """Appends lines to a file, each whole or not at all, whoever else does so and dies at it.

    A lock on the file itself is held for each append, and ends with its process. Whoever holds it
    first cuts off what a killed one left half-written: nobody was told that this was delivered.
    One thread at a time may use it.

    Args:
        path: the file; made, for its owner only, where there is none.
        rotation: when it is laid aside.
        fsync: whether `append` returns only when the disk has it all.
        clock: epoch seconds.
    """

    def __init__(
        self, path: Path, *, rotation: Rotation, fsync: bool, clock: Callable[[], float]
    ) -> None:
        self._named = path
        self._path = path
        self._rotation = rotation
        self._fsync = fsync
        self._clock = clock
        self._descriptor: int | None = None
        self._is_entered = False  # on the disk, as far as we know

    def open(self) -> None:
        """Open the file and mend its end.

        Raises:
            OSError: it can't be opened, or is no regular file.
        """
        self._path = Path(os.path.realpath(self._named))  # what is laid aside stays beside it
        with self._locked() as descriptor:
            self._mend(descriptor)

    def close(self) -> None:
        """Close the file; what comes next opens it anew."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def append(self, lines: Sequence[bytes]) -> None:
        """Append lines, each with its end; they are there, all of them, when it returns.

        Raises:
            OSError: they could not be written. Some may be there all the same.
        """
        rest = list(lines)
        while rest:
            with self._locked() as descriptor:
                size = self._mend(descriptor)
                written_at = os.fstat(descriptor).st_mtime
                if self._rotation.is_due(
                    size=size, written_at=written_at, adding=len(rest[0]), now=self._clock()
                ):
                    self._lay_aside(written_at)
                    continue
                count = self._rotation.fitting(rest, size=size)
                _write(descriptor, b"".join(rest[:count]), size=size)
            del rest[:count]
            if self._fsync:
                os.fsync(descriptor)  # others may write meanwhile
                self._fsync_folder()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        """Hold the lock of the file that the path leads to now: it may have been laid aside."""
        while True:
            descriptor = self._open()
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if self._is_current(descriptor):
                    break
            except OSError:
                self.close()  # and let go of the lock: others must not wait for our trouble
                raise
            self.close()
        try:
            yield descriptor
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)

    def _open(self) -> int:
        if self._descriptor is None:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
            self._descriptor = os.open(self._path, flags, 0o600)
            self._is_entered = False
            if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
                self.close()
                raise OSError("not a regular file")
        return self._descriptor

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    def _mend(self, descriptor: int) -> int:
        """Bring the file's end to a line's end; return its size."""
        found = os.fstat(descriptor)
        size = found.st_size
        if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n":
            return size
        start = _behind_last_line(descriptor, size)
        if is_torn(os.pread(descriptor, len(BEGINNING), start)):
            os.ftruncate(descriptor, start)
            os.utime(descriptor, ns=(found.st_atime_ns, found.st_mtime_ns))  # its day stays
            logger.warning("a line that was never finished was cut off %s", self._path)
            return start
        os.write(descriptor, b"\n")  # not ours to cut
        return size + 1

    def _lay_aside(self, written_at: float) -> None:
        folder, names = self._path.parent, Names(self._path.stem, self._path.suffix)
        beside = [one.name for one in folder.iterdir()]
        fresh = names.next(beside, day=day_of(written_at))
        self._path.rename(folder / fresh)
        for name in names.outdated([*beside, fresh], keep=self._rotation.keep):
            with contextlib.suppress(OSError):  # the next time, then
                (folder / name).unlink()

    def _fsync_folder(self) -> None:
        """Have the disk know the file's name too: who made it may have died before."""
        if self._is_entered:
            return
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
            self._is_entered = True
        finally:
            os.close(folder)


def _behind_last_line(descriptor: int, size: int) -> int:
    """Return where the text behind the last line's end begins."""
    end = size
    while end > 0:
        start = max(0, end - _BLOCK)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _write(descriptor: int, text: bytes, *, size: int) -> None:
    """Write all of it behind `size` bytes, or take back what there was room for."""
    rest = memoryview(text)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, size)
        raise
