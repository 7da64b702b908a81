"""What a backup says about itself: its files with their digests, and the keys it needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import asdict, frozen

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.server.backup.progress import Progress, silent
from fulfillment_sdk.server.configuration.secrets import KEPT

FILE: Final = "manifest.json"
FORMAT: Final = 1

GATEWAY: Final = "gateway.db"
PORTAL: Final = "portal.db"
RECEIVER: Final = "receiver.db"
DUMP: Final = "database.dump"
DATABASES: Final = (GATEWAY, PORTAL, RECEIVER, DUMP)

SETTINGS_FILE: Final = "fulfillment.toml"  # may hold any secret
SECRETS: Final = (*(kept.file for kept in KEPT.values()), SETTINGS_FILE)
STORAGE_KEYS: Final = KEPT["storage_keys"].file

_CHUNK: Final = 1 << 20


@frozen
class Entry:
    """One file of a backup: its size in bytes and its SHA-256."""

    name: str
    size: int
    sha256: str


@frozen(kw_only=True)
class Manifest:
    """A backup's contents. ``made_at`` is the moment of what is in it.

    ``storage_keys`` are the ids of the keys that open it, which are no secret.
    """

    made_at: str
    made_by: str
    files: tuple[Entry, ...]
    storage_keys: tuple[str, ...] = ()

    @property
    def databases(self) -> tuple[str, ...]:
        """The names of its databases."""
        return tuple(entry.name for entry in self.files if entry.name in DATABASES)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the files with secrets that it has."""
        return tuple(entry.name for entry in self.files if entry.name in SECRETS)

    def as_json(self) -> dict[str, object]:
        """Return it as the file has it."""
        return {"format": FORMAT, **asdict(self)}


def read(folder: Path) -> Manifest:
    """Read a backup's manifest.

    Raises ``ConfigurationError`` where there is none, or it can't be understood, names a file that
    no backup has or one twice, or no database.
    """
    try:
        found = json.loads((folder / FILE).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        raise ConfigurationError(
            f"{folder} is no backup: it has no {FILE} that can be read",
            remedy="Name the folder that fulfillment backup has written.",
        ) from None
    try:
        if found["format"] != FORMAT:
            raise ConfigurationError(
                f"The backup {folder} is of a format that this version does not know",
                remedy="Use the version of fulfillment-sdk that made it, or a newer one.",
            )
        manifest = Manifest(
            made_at=str(found["made_at"]),
            made_by=str(found["made_by"]),
            files=tuple(map(_entry, found["files"])),
            storage_keys=tuple(map(str, found["storage_keys"])),
        )
        if not manifest.databases or len({one.name for one in manifest.files}) < len(
            manifest.files
        ):
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise ConfigurationError(
            f"{folder / FILE} can't be understood", remedy="Use another backup."
        ) from None
    return manifest


def entry(path: Path, progress: Progress = silent) -> Entry:
    """Return the entry of a file, having read all of it."""
    digest, done, size = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            progress(f"checking {path.name}", done, size)
    return Entry(path.name, done, digest.hexdigest())


def _entry(found: Mapping[str, object]) -> Entry:
    name, size, digest = found["name"], found["size"], found["sha256"]
    # A name is a place to write to: only those that we write ourselves.
    if name not in (*DATABASES, *SECRETS) or not isinstance(size, int):
        raise ValueError
    return Entry(str(name), size, str(digest))
