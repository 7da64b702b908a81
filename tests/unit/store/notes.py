"""The table that the store's tests write to."""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()

notes = sa.Table(
    "notes_notes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text, nullable=False, unique=True),
)


def add(connection: sa.Connection, text: str) -> str:
    connection.execute(sa.insert(notes).values(text=text))
    return text
