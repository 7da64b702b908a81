"""A disk that can be filled."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SIZE = "32m"


class Disk:
    """A small disk under a folder; where we may not mount one, tests that need it are skipped."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700)
        self._mounted = os.geteuid() == 0 and _mount(folder)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Leave no byte free for as long as the block runs."""
        if not self._mounted:
            pytest.skip("a full disk needs a tmpfs, and mounting one needs root")
        filler = self._folder / "filler"
        with filler.open("wb", buffering=0) as file:
            for size in (65536, 4096, 1):
                _write_until_full(file.fileno(), size)
        try:
            yield
        finally:
            filler.unlink()

    def unmount(self) -> None:
        """Let go of it."""
        if self._mounted:
            subprocess.run(["umount", str(self._folder)], check=True)


def _write_until_full(descriptor: int, size: int) -> None:
    try:
        while True:
            os.write(descriptor, b"\0" * size)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


def _mount(folder: Path) -> bool:
    """Mount a small disk; some containers' root may not."""
    asked = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "none", str(folder)]
    return subprocess.run(asked, capture_output=True).returncode == 0
