"""Locks for what no row stands for: a count that is looked at first, a choice among many rows."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa


def hold(connection: sa.Connection, *names: str) -> None:
    """Keep everybody else out of what these names stand for until the transaction ends.

    ``names`` are the database's, all its schemas alike; several are taken in one order, so that two
    who want the same don't wait for each other. On SQLite there is only one writer anyway.
    """
    if connection.dialect.name == "sqlite":
        return
    for number in sorted({_number(name) for name in names}):
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s::bigint)", (number,))


def _number(name: str) -> int:
    digest = hashlib.sha256(f"fulfillment: {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
