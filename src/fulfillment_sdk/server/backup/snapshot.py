"""Copies of SQLite databases that somebody writes to meanwhile, all of one moment."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from fulfillment_sdk.errors import StoreError, StoreUnavailable
from fulfillment_sdk.server.backup.progress import Progress

BUSY_SECONDS: Final = 30.0
"""How long a database may be written to without a pause in which it can be held still."""

_PAGES: Final = 2048  # a step of copying, between two words about its progress


@contextmanager
def snapshots(paths: Sequence[Path]) -> Iterator[list[sqlite3.Connection]]:
    """Open a view of each database, all of the same moment, for as long as the block runs.

    ``paths`` begins with the one that is held still while the views are opened, a few
    milliseconds: as long as it doesn't change, whatever the others are at is of its moment too.
    Everybody goes on writing as soon as the block begins.

    Raises ``StoreUnavailable`` where a database can't be read, or is never at rest.
    """
    with ExitStack() as stack:
        try:
            views = [stack.enter_context(closing(_connect(path))) for path in paths]
            with closing(_connect(paths[0])) as still:
                still.execute("BEGIN IMMEDIATE")
                for view in views:
                    view.execute("BEGIN")
                    view.execute("SELECT count(*) FROM sqlite_master").fetchone()
                still.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise _unusable(error) from None
        yield views


def copy(view: sqlite3.Connection, target: Path, progress: Progress) -> None:
    """Write what ``view`` shows to the new file ``target``, mode 0600, check it, and wait for disk.

    The copy is one file: nothing beside it belongs to it.

    Raises ``StoreUnavailable`` where it can't be written, ``StoreError`` where what was written
    fails SQLite's own check.
    """
    name = target.name
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        (size,) = view.execute("PRAGMA page_size").fetchone()
        with closing(_connect(target)) as copied:
            copied.execute("PRAGMA synchronous=OFF")  # there is one wait for the disk, at the end
            view.backup(
                copied,
                pages=_PAGES,
                progress=lambda _status, left, total: progress(
                    name, (total - left) * size, total * size
                ),
            )
        check(target)
        flush(target)
    except sqlite3.Error as error:
        raise _unusable(error) from None


def check(path: Path) -> None:
    """Have SQLite look through a copy, which becomes a single file with it.

    Raises ``StoreError`` where the file is damaged or no database.
    """
    try:
        with closing(_connect(path)) as copied:
            # The mode is written in the file: in the server's, recent pages stand beside it.
            copied.execute("PRAGMA journal_mode=DELETE")
            found = copied.execute("PRAGMA integrity_check(1)").fetchall()
    except sqlite3.DatabaseError:
        found = []
    if found != [("ok",)]:
        raise StoreError(
            f"{path.name} is damaged",
            remedy="Look at the disk, and use another backup.",
        )


def flush(path: Path) -> None:
    """Wait until a file's contents, or a folder's entries, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _connect(path: Path) -> sqlite3.Connection:
    # `rw`: a database that is not there is an error, and not an empty one.
    url = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(url, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def _unusable(error: sqlite3.Error) -> StoreUnavailable:
    return StoreUnavailable(
        f"The database can't be copied: {error}",
        remedy="Look at the disk's space and the files' owner; then try again.",
    )
