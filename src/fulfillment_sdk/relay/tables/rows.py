"""Many rows in one statement, each database in the way that is measured to be its best.

SQLite runs a statement once per row, which costs it no round trip, and looks many keys up in a
`VALUES` list. PostgreSQL gets every column as one binary array, whatever the number of rows: two
thirds of the time of one JSON parameter at 256 events, and bytes go as they are.

In the statements the rows are called `given` and have the columns named here. They go straight to
the driver.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar

import attrs
import sqlalchemy as sa

from fulfillment_sdk.store.driver import execute, translated

T = TypeVar("T")

Type = Literal["int8", "float8", "text", "bytea"]  # in PostgreSQL's words; SQLite needs none
Columns = Mapping[str, Type]
Row = tuple[Any, ...]
Found = tuple[Any, ...]

MOST_KEYS = 500  # parameters of a `VALUES` list: SQLite may be built to take no more than 999


def is_sqlite(connection: sa.Connection) -> bool:
    """Tell whether this is an SQLite database."""
    return connection.dialect.name == "sqlite"


def by_keys(connection: sa.Connection) -> None:
    """Have a server go by keys alone, row by row, in what follows of this transaction.

    It keeps the plan of a statement until the tables are analyzed again. One that was made while a
    table was empty reads all of it, and goes on doing so when there is much in it.
    """
    if not is_sqlite(connection):
        execute(connection, _BY_KEYS)


_BY_KEYS = "SELECT " + ", ".join(
    f"set_config('enable_{way}', 'off', true)" for way in ("seqscan", "hashjoin", "mergejoin")
)


def each_row(connection: sa.Connection, statement: str, rows: Sequence[Row]) -> None:
    """Run a statement of SQLite's once per row, with `?` for each column."""
    if not rows:
        return
    if connection.dispatch.before_cursor_execute:
        connection.exec_driver_sql(statement, list(rows))
        return
    if not connection.in_transaction():
        connection.begin()
    with translated(connection, statement, rows) as driver:
        driver.executemany(statement, rows)


@attrs.frozen
class Statement:
    """A statement of PostgreSQL's that reads from `given`, and may begin with further CTEs.

    Args:
        columns: of the rows handed in, with their types, in order.
        sql: what follows `given`.
    """

    columns: Columns
    sql: str

    def run(self, connection: sa.Connection, rows: Sequence[Row]) -> list[Found]:
        """Run it once over `rows`, and return what it returns."""
        if not rows:
            return []
        arrays = ", ".join(f"%b::{kind}[]" for kind in self.columns.values())
        names = ", ".join(self.columns)
        return execute(
            connection,
            f"WITH given AS (SELECT * FROM unnest({arrays}) AS given({names})) {self.sql}",  # noqa: S608  names of ours
            tuple(list(column) for column in zip(*rows, strict=True)),
        )


@attrs.frozen
class Change:
    """Puts rows in, changes or removes them.

    Args:
        columns: of the rows handed in, with their types, in order.
        sqlite: run once per row.
        postgresql: run once, reading from `given`.
    """

    columns: Columns
    sqlite: str
    postgresql: str

    def run(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Run it over `rows`; nothing is done where there are none."""
        if is_sqlite(connection):
            each_row(connection, self.sqlite, rows)
        else:
            Statement(self.columns, self.postgresql).run(connection, rows)


@attrs.frozen
class Query:
    """Answers for many keys at once.

    Args:
        columns: of the keys handed in, with their types, in order.
        sql: reads from `given`. `CROSS JOIN` makes SQLite begin with the keys.
        locking: what PostgreSQL needs behind it; on SQLite a writer is alone anyway.
    """

    columns: Columns
    sql: str
    locking: str = ""

    def run(self, connection: sa.Connection, keys: Sequence[Row]) -> list[Found]:
        """Return the rows found, in no order that could be relied on."""
        if not is_sqlite(connection):
            return Statement(self.columns, f"{self.sql} {self.locking}").run(connection, keys)
        names = ", ".join(self.columns)
        one = f"({', '.join('?' * len(self.columns))})"
        return [
            row
            for some in chunks(keys, MOST_KEYS // len(self.columns))
            for row in execute(
                connection,
                f"WITH given({names}) AS (VALUES {', '.join([one] * len(some))}) {self.sql}",
                tuple(itertools.chain.from_iterable(some)),
            )
        ]


def chunks(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """Cut `items` into runs of at most so many."""
    for start in range(0, len(items), most):
        yield items[start : start + most]
