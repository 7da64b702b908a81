"""What the tables look like in databases that are not here."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite
from sqlalchemy.schema import CreateTable

from fulfillment_sdk.plugins.bundled.sql import SqlSettings
from fulfillment_sdk.plugins.bundled.sql.tables import Tables


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
    ("dialect", "word", "body", "time"),
    [
        (sqlite.dialect(), "VARCHAR(255)", "TEXT", "DATETIME"),
        (postgresql.dialect(), "VARCHAR(255)", "TEXT", "TIMESTAMP WITH TIME ZONE"),
        (mysql.dialect(), "VARCHAR(255)", "LONGTEXT", "DATETIME(6)"),
        (
            mssql.dialect(deprecate_large_types=True),
            "NVARCHAR(255)",
            "NVARCHAR(max)",
            "DATETIMEOFFSET",
        ),
        (oracle.dialect(), "VARCHAR2(255 CHAR)", "CLOB", "TIMESTAMP WITH TIME ZONE"),
    ],
    ids=lambda value: value.name if isinstance(value, sa.Dialect) else "",
)
def test_ids_are_short_bodies_long_and_times_exact_everywhere(
    dialect: sa.Dialect, word: str, body: str, time: str
) -> None:
    columns = made(dialect)

    assert columns["fulfillment_cases.case_id"] == word
    assert columns["fulfillment_events.event_id"] == word
    assert columns["fulfillment_events.body"] == body
    assert columns["fulfillment_events.received_at"] == time


def test_on_mysql_ids_that_differ_in_their_letters_case_are_two() -> None:
    tables = Tables.of(SqlSettings("sqlite:///a.db"))

    statement = str(CreateTable(tables.history).compile(dialect=mysql.dialect()))

    assert "COLLATE utf8mb4_bin" in statement
