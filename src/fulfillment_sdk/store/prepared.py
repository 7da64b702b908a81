"""Statements that are put together once: building one costs SQLAlchemy more than running it.

A step of a case takes five of them; with this its transaction takes less than half of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.store.driver import execute

Build = Callable[[sa.Connection], sa.Executable]

# Values of these go through every driver as they are, both ways.
_PLAIN = (sa.Text, sa.BigInteger, sa.Double, sa.LargeBinary)


class Prepared:
    """A statement that is written out once for each kind of database, and then run by the driver.

    Args:
        build: returns the statement, with a `sa.bindparam` for whatever is not always the same.
        columns: what an `INSERT` or `UPDATE` writes, each from the value of its own name; a
            `bindparam` must have another one there.
    """

    def __init__(self, build: Build, *, columns: Sequence[str] | None = None) -> None:
        self._build = build
        self._columns = None if columns is None else list(columns)
        self._written: dict[str, _Written] = {}

    def run(self, connection: sa.Connection, **values: object) -> list[tuple[Any, ...]]:
        """Run it in the transaction at hand; return its rows, none where it is not to return any.

        Raises:
            TypeError: a value or a column is of a type that SQLAlchemy would have to convert.
            KeyError: a value is missing.
            sqlalchemy.exc.DBAPIError: what the driver raised, as SQLAlchemy tells it.
        """
        written = self._written.get(connection.dialect.name)
        if written is None:
            written = _write(self._build(connection), connection.dialect, self._columns)
            self._written[connection.dialect.name] = written
        return execute(connection, written.text, written.bound(values))


@attrs.frozen
class _Written:
    """A statement in one database's words.

    Args:
        names: of its values; in their order where they are told apart by that.
        ordered: whether they are.
        constants: values that are always the same.
    """

    text: str
    names: tuple[str, ...]
    ordered: bool
    constants: Mapping[str, Any]

    def bound(self, values: Mapping[str, Any]) -> tuple[Any, ...] | dict[str, Any]:
        given = {**self.constants, **values}
        if self.ordered:
            return tuple([given[name] for name in self.names])
        return {name: given[name] for name in self.names}


def _write(statement: sa.Executable, dialect: sa.Dialect, columns: list[str] | None) -> _Written:
    built: Any = statement
    compiled = built.compile(dialect=dialect, column_keys=columns)
    names: dict[sa.BindParameter[Any], str] = compiled.bind_names
    returned = getattr(built, "exported_columns", ())
    for typed in (*names, *returned):
        if not isinstance(typed.type, _PLAIN):
            raise TypeError(f"{type(typed.type).__name__} can't go to the driver as it is")
    return _Written(
        compiled.string,
        tuple(compiled.positiontup if compiled.positional else names.values()),
        compiled.positional,
        {name: bind.effective_value for bind, name in names.items() if not bind.required},
    )
