"""Putting a backup back, into a data folder that holds nothing yet."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path

from fulfillment_sdk.errors import ConfigurationError, StoreError, StoreUnavailable
from fulfillment_sdk.server.backup import dump, manifest, snapshot
from fulfillment_sdk.server.backup.manifest import Entry, Manifest
from fulfillment_sdk.server.backup.progress import Progress
from fulfillment_sdk.server.configuration.secrets import KEPT
from fulfillment_sdk.server.folder import LOCK_FILE, PID_FILE, RESTORING, held


def restore(backup: Path, folder: Path, *, url: str | None, progress: Progress) -> Manifest:
    """Check a backup and put it into ``folder``; a dump goes to the database at ``url``.

    Nothing is there under its name before all of it has been checked.

    Raises ``ConfigurationError`` where this is no backup or one of the other kind of database, or
    the folder or the database is not empty, and ``StoreError`` where the backup is damaged.
    """
    found = manifest.read(backup)
    for entry in found.files:
        _refuse_if_changed(backup / entry.name, entry, progress)
    wants_database = manifest.DUMP in found.databases
    if wants_database and url is None:
        raise ConfigurationError(
            f"{backup} is a backup of a PostgreSQL database",
            remedy="Name an empty database with FULFILLMENT_DATABASE_URL.",
        )
    if url is not None and {manifest.GATEWAY, manifest.PORTAL}.intersection(found.databases):
        raise ConfigurationError(
            f"{backup} is a backup of SQLite files, and the settings name a PostgreSQL database",
            remedy="Take FULFILLMENT_DATABASE_URL out of the settings: with it, a server would see"
            " nothing of the backup.",
        )
    _refuse_if_used(folder)
    # The lock keeps a server from starting on half of it.
    with held(folder):
        _refuse_if_used(folder)
        with _fresh(folder) as fresh:
            for entry in found.files:
                if entry.name != manifest.DUMP:
                    _copy(backup / entry.name, fresh / entry.name, progress)
            if url is not None and wants_database:
                progress(f"restoring {manifest.DUMP}", 0, 0)
                dump.restore(url, backup / manifest.DUMP)
            # The databases come last: without one there is nothing that could be mistaken.
            names = sorted((path.name for path in fresh.iterdir()), key=_databases_last)
            for name in names:
                (fresh / name).rename(folder / name)
            snapshot.flush(folder)
    return found


def missing(folder: Path, restored: Manifest, given: Container[str]) -> tuple[str, ...]:
    """Return the names of the secrets that a server would make anew, and should not.

    ``given`` has the names of the settings that are set elsewhere.
    """
    wanted = {kept.file for name, kept in KEPT.items() if name not in given}
    if manifest.RECEIVER in restored.databases:
        wanted &= {manifest.STORAGE_KEYS}
    return tuple(sorted(name for name in wanted if not (folder / name).is_file()))


def _databases_last(name: str) -> bool:
    return name in manifest.DATABASES


def _refuse_if_changed(path: Path, wanted: Entry, progress: Progress) -> None:
    try:
        if manifest.entry(path, progress) == wanted:
            return
    except OSError:
        pass
    raise StoreError(
        f"{path.name} is not what the backup was written with",
        remedy="Use another backup, or another copy of this one.",
    )


def _refuse_if_used(folder: Path) -> None:
    try:
        names = {path.name for path in folder.iterdir()} - {LOCK_FILE, PID_FILE}
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigurationError(
            f"The data folder {folder} can't be used: {error.strerror}",
            remedy="Name a new folder with --data.",
        ) from None
    if names:
        raise ConfigurationError(
            f"The data folder {folder} is not empty",
            remedy="Name a new folder with --data: nothing is overwritten.",
        )


@contextmanager
def _fresh(folder: Path) -> Iterator[Path]:
    fresh = folder / f"{RESTORING}{secrets.token_hex(4)}"
    try:
        fresh.mkdir(mode=0o700)
        yield fresh
    except OSError as error:
        raise StoreUnavailable(f"The backup can't be restored: {error.strerror}") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _copy(source: Path, target: Path, progress: Progress) -> None:
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    progress(f"restoring {source.name}", 0, 0)
    shutil.copyfile(source, target)
    if target.name in manifest.DATABASES:
        snapshot.check(target)
    snapshot.flush(target)
