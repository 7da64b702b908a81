"""A data folder as a server leaves it, and somebody who writes to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

Said = list[tuple[str, int, int]]


def database(path: Path, *rows: str) -> Path:
    """Make a database with one table, in the mode in which a server has it."""
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE facts (fact TEXT)")
        made.executemany("INSERT INTO facts VALUES (?)", [(row,) for row in rows])
    return path


def add(path: Path, fact: str, *, patience: float = 5.0) -> None:
    """Commit one more row."""
    with closing(sqlite3.connect(path, timeout=patience)) as opened, opened:
        opened.execute("INSERT INTO facts VALUES (?)", (fact,))


def facts(path: Path) -> list[str]:
    """Return the rows of a database."""
    with closing(sqlite3.connect(path)) as opened:
        return [fact for (fact,) in opened.execute("SELECT fact FROM facts ORDER BY rowid")]


def server_folder(path: Path) -> Path:
    """Make a data folder with both parties' databases, and all the secrets."""
    path.mkdir(mode=0o700)
    database(path / "gateway.db", "201 of case 1")
    database(path / "portal.db", "case 1")
    for name in ("staff-token", "intake-token", "notify-secrets", "jwt-keys"):
        (path / name).write_text(f"the {name}\n")
    (path / "storage-keys").write_text(f"a1b2:{'A' * 43}=\n")
    (path / "pid").write_text("4711\n")
    return path


def keep(said: Said) -> Callable[[str, int, int], None]:
    """Return what notes the progress that it is told."""
    return lambda what, done, total: said.append((what, done, total))
