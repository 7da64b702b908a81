"""What the tables look like in databases that are not here."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateTable

from fulfillment_sdk.plugins.bundled.sql import SqlSettings
from fulfillment_sdk.plugins.bundled.sql.tables import Tables


def dialect_of(name: str, **options: Any) -> sa.Dialect:
    """Return a dialect, without its driver."""
    kind: Any = make_url(f"{name}://").get_dialect()
    dialect: sa.Dialect = kind(**options)
    return dialect


def made(dialect: sa.Dialect) -> dict[str, str]:
    """Return how each column is declared: `table.column` -> its type."""
    tables = Tables.of(SqlSettings("sqlite:///a.db"))
    for table in (tables.cases, tables.history):
        str(CreateTable(table).compile(dialect=dialect))  # what it can't declare raises
    return {
        f"{table.name}.{column.name}": str(column.type.compile(dialect=dialect))
        for table in (tables.cases, tables.history)
        for column in table.columns
    }


@pytest.mark.parametrize(
    ("name", "word", "body", "time"),
    [
        ("sqlite", "VARCHAR(255)", "TEXT", "DATETIME"),
        ("postgresql", "VARCHAR(255)", "TEXT", "TIMESTAMP WITH TIME ZONE"),
        ("mysql", "VARCHAR(255)", "LONGTEXT", "DATETIME(6)"),
        ("mssql", "NVARCHAR(255)", "NVARCHAR(max)", "DATETIMEOFFSET"),
        ("oracle", "VARCHAR2(255 CHAR)", "CLOB", "TIMESTAMP WITH TIME ZONE"),
    ],
)
def test_ids_are_short_bodies_long_and_times_exact_everywhere(
    name: str, word: str, body: str, time: str
) -> None:
    # What SQL Server's dialect learns from a server of this century.
    options = {"deprecate_large_types": True} if name == "mssql" else {}
    columns = made(dialect_of(name, **options))

    assert columns["fulfillment_cases.case_id"] == word
    assert columns["fulfillment_events.event_id"] == word
    assert columns["fulfillment_events.body"] == body
    assert columns["fulfillment_events.received_at"] == time


def test_on_mysql_ids_that_differ_in_their_letters_case_are_two() -> None:
    tables = Tables.of(SqlSettings("sqlite:///a.db"))

    statement = str(CreateTable(tables.history).compile(dialect=dialect_of("mysql")))

    assert "COLLATE utf8mb4_bin" in statement
