"""Statements in the driver's own words, past SQLAlchemy: its result of one costs 15 to 40 µs.

An event that comes alone takes twenty statements on its way: half of its time, otherwise.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa


def execute(
    connection: sa.Connection,
    statement: str,
    values: tuple[Any, ...] | Mapping[str, Any] = (),
) -> list[tuple[Any, ...]]:
    """Run a statement in the driver's own words, in the transaction at hand.

    Raises:
        sqlalchemy.exc.DBAPIError: what the driver raised, as SQLAlchemy tells it.
    """
    if connection.dispatch.before_cursor_execute:
        # Somebody listens to SQLAlchemy's statements, such as a tracer: it hears of this one too.
        result = connection.exec_driver_sql(statement, values)
        return [tuple(row) for row in result] if result.returns_rows else []
    if not connection.in_transaction():
        connection.begin()
    with translated(connection, statement, values) as driver:
        cursor = driver.execute(statement, values)
        return [] if cursor.description is None else cursor.fetchall()


@contextlib.contextmanager
def translated(
    connection: sa.Connection, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()
) -> Iterator[Any]:
    """Lend the driver's connection, and raise its errors as SQLAlchemy does."""
    dialect = connection.dialect
    try:
        yield connection.connection.driver_connection
    except dialect.loaded_dbapi.Error as error:
        raise sa.exc.DBAPIError.instance(
            statement,
            values,
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            dialect=dialect,
        ) from error
