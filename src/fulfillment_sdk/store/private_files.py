"""Files that only their owner may read: born with mode 0600, never half-written."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from fulfillment_sdk.errors import ConfigurationError


def make_private_folder(path: Path) -> None:
    """Make the folder `path`, for its owner only, unless it is there.

    Raises:
        ConfigurationError: it can't be made.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"The folder {path} can't be made: {error.strerror}",
            remedy="Name a folder in a place that can be written.",
        ) from error


def load_or_create(path: Path, make: Callable[[], str]) -> str:
    """Return the text of `path`; where there is none, write what `make()` returns first.

    Several processes may start at once: all of them return the text of the one that was first.

    Raises:
        ConfigurationError: the folder can't be made.
        OSError: the file can't be read or written.
    """
    with contextlib.suppress(FileNotFoundError):
        return path.read_text("utf-8")
    make_private_folder(path.parent)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        # A hard link is atomic and, unlike a rename, loses to whoever was first.
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink()
    return path.read_text("utf-8")
