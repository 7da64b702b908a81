"""Making a backup: a new folder that is there whole, or not at all."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import field, frozen

from fulfillment_sdk._version import __version__
from fulfillment_sdk.errors import ConfigurationError, FulfillmentError, StoreUnavailable
from fulfillment_sdk.server.backup import dump, manifest, snapshot
from fulfillment_sdk.server.backup.last import note
from fulfillment_sdk.server.backup.manifest import Entry, Manifest
from fulfillment_sdk.server.backup.progress import Progress
from fulfillment_sdk.store.keys import parse_keys
from fulfillment_sdk.store.private_files import make_private_folder
from fulfillment_sdk.times import format_time


@frozen(kw_only=True)
class Source:
    """What is backed up: a data folder, and a PostgreSQL database where the server has one.

    ``files`` are the databases in the folder, the one that is held still first: the gateway's, so
    that neither a recorded 201 nor a settled notification is without its other half.
    """

    folder: Path
    files: tuple[Path, ...]
    url: str | None = field(default=None, repr=False)
    storage_keys: tuple[str, ...] = ()


def find(folder: Path, url: str | None, storage_keys: Sequence[str]) -> Source:
    """Find what there is to back up; ``storage_keys`` are the ids of those in the settings.

    A receiver's folder has a database of its own, whatever the settings of a server are.

    Raises ``ConfigurationError`` where there is nothing.
    """
    ids = tuple(storage_keys) or _ids(folder / manifest.STORAGE_KEYS)
    receiver = folder / manifest.RECEIVER
    if receiver.is_file():
        return Source(folder=folder, files=(receiver,), storage_keys=ids)
    if url is not None:
        return Source(folder=folder, files=(), url=url, storage_keys=ids)
    there = [folder / name for name in (manifest.GATEWAY, manifest.PORTAL)]
    files = tuple(path for path in there if path.is_file())
    if not files:
        raise ConfigurationError(
            f"There is no database in {folder}",
            remedy="Name with --data the folder of a server or a receiver, or the server's"
            " database with FULFILLMENT_DATABASE_URL.",
        )
    return Source(folder=folder, files=files, storage_keys=ids)


def make(
    source: Source, target: Path, *, with_secrets: bool, now: float, progress: Progress
) -> Manifest:
    """Write a backup to the new folder ``target``, readable for its owner alone.

    Whoever writes to the databases goes on meanwhile. What was written is checked before
    ``target`` is there under its name. ``now`` are epoch seconds.

    Raises ``ConfigurationError`` where ``target`` is there already, or its disk is too small, and
    ``StoreError`` where a database can't be read or the copy is damaged.
    """
    if os.path.lexists(target):
        raise ConfigurationError(
            f"{target} is there already",
            remedy="Name a new folder: no backup is overwritten.",
        )
    make_private_folder(target.absolute().parent)
    with _fresh(target) as fresh:
        _refuse_if_too_large(source, fresh)
        _databases(source, fresh, progress)
        if with_secrets:
            _secrets(source.folder, fresh)
        entries = [manifest.entry(path, progress) for path in sorted(fresh.iterdir())]
        made = _described(source, entries, now)
        _write(fresh / manifest.FILE, json.dumps(made.as_json(), indent=2).encode() + b"\n")
    with suppress(OSError):  # a backup that nobody could note is one all the same
        note(source.folder, now)
    return made


def left_out(source: Source, made: Manifest) -> tuple[str, ...]:
    """Return the names of the files with secrets that the folder has and the backup hasn't."""
    there = [name for name in manifest.SECRETS if (source.folder / name).is_file()]
    return tuple(name for name in there if name not in made.secrets)


@contextmanager
def _fresh(target: Path) -> Iterator[Path]:
    """Lend a folder that takes the name ``target`` at the block's end, and is gone if it fails."""
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        fresh.mkdir(mode=0o700)
        yield fresh
        snapshot.flush(fresh)
        fresh.rename(target)
        snapshot.flush(target.absolute().parent)
    except OSError as error:
        raise StoreUnavailable(f"The backup can't be written: {error.strerror}") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _refuse_if_too_large(source: Source, place: Path) -> None:
    # What is pending in the log beside a database is in the copy too, at most once.
    size = sum(path.stat().st_size for path in source.files)
    free = shutil.disk_usage(place).free
    if size > free:
        raise ConfigurationError(
            f"The databases have {size >> 20} MiB, and there are {free >> 20} MiB free",
            remedy="Write the backup to a larger disk.",
        )


def _databases(source: Source, fresh: Path, progress: Progress) -> None:
    if source.url is not None:
        progress(manifest.DUMP, 0, 0)
        dump.dump(source.url, fresh / manifest.DUMP)
        snapshot.flush(fresh / manifest.DUMP)
        return
    with snapshot.snapshots(source.files) as views:
        for path, view in zip(source.files, views, strict=True):
            snapshot.copy(view, fresh / path.name, progress)


def _secrets(folder: Path, fresh: Path) -> None:
    for name in manifest.SECRETS:
        with suppress(FileNotFoundError):
            _write(fresh / name, (folder / name).read_bytes())


def _described(source: Source, entries: Sequence[Entry], now: float) -> Manifest:
    return Manifest(
        made_at=format_time(now),
        made_by=f"fulfillment-sdk {__version__}",
        files=tuple(entries),
        storage_keys=source.storage_keys,
    )


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _ids(path: Path) -> tuple[str, ...]:
    try:
        return tuple(key_id for key_id, _ in parse_keys(path.read_text("utf-8")))
    except (OSError, ValueError, FulfillmentError):
        return ()
