"""What this application keeps of its cases: for each the newest status that it was told."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from fulfillment_sdk import StatusChanged

_TABLE = """
    CREATE TABLE IF NOT EXISTS cases (
        id TEXT PRIMARY KEY, number TEXT, status TEXT NOT NULL, sequence INTEGER NOT NULL
    )
"""
# An event may come twice, and then some older ones come again before it: what is newer stays.
_NOTE = """
    INSERT INTO cases VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
    SET status = excluded.status, sequence = excluded.sequence
    WHERE excluded.sequence > cases.sequence
"""


class Cases:
    """A table in an SQLite file of the application's own."""

    def __init__(self, path: str | Path) -> None:
        self.path = path

    def note(self, event: StatusChanged) -> None:
        """Keep what an event says; harmless to repeat."""
        row = (event.case_id, event.reference_number, str(event.new_status), event.sequence or 0)
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute(_TABLE)
            database.execute(_NOTE, row)

    def find(self, case_id: str) -> dict[str, object] | None:
        """Return what is known of a case."""
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute(_TABLE)
            row = database.execute("SELECT * FROM cases WHERE id = ?", (case_id,)).fetchone()
        return row and dict(zip(("id", "number", "status", "sequence"), row, strict=True))
