"""Writing events into the tables, in one transaction, each event once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import attrs
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from fulfillment_sdk.plugins.bundled.facts import Facts
from fulfillment_sdk.plugins.bundled.sql.rows import (
    Entry,
    Row,
    changed_case,
    empty_case,
    history_row,
)
from fulfillment_sdk.plugins.bundled.sql.tables import Tables

# Dialects with `INSERT … ON CONFLICT DO NOTHING RETURNING`; all others look first, and insert then.
_ON_CONFLICT: Mapping[str, Callable[[sa.Table], postgresql.Insert | sqlite.Insert]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}

_FOR_UPDATE = frozenset({"postgresql", "mysql", "mariadb", "oracle"})

_LOOKED_UP = 200  # keys in one statement


class Raced(Exception):
    """Somebody else wrote the same row at the same time; nothing of ours is there."""


@attrs.frozen
class Recording:
    """Records events within the caller's transaction.

    Two writers may record the same event or case at once: where the database can't settle that,
    the one that comes too late gets `Raced` or an `IntegrityError`, and has to roll back.

    Args:
        connection: the transaction's.
        tables: where to.
        portable: do without what only some databases have.
    """

    connection: sa.Connection
    tables: Tables
    portable: bool = False

    def record(self, entries: Sequence[Entry], *, now: datetime) -> int:
        """Record what is not there yet; return how many events that was.

        Raises:
            Raced: somebody else wrote one of these rows meanwhile.
            sa.exc.SQLAlchemyError: the database failed, or refuses a value.
        """
        if not entries:
            return 0
        events = {entry.facts.event_id: entry for entry in entries}
        # In the order of their keys, so that two writers never wait for each other crosswise.
        rows = {one: history_row(events[one], now=now) for one in sorted(events)}
        fresh = self._insert_missing(self.tables.history, rows)
        cases: dict[str, list[Facts]] = {}
        for one, entry in events.items():
            if one in fresh and entry.facts.case_id is not None:
                cases.setdefault(entry.facts.case_id, []).append(entry.facts)
        if cases:
            self._change_cases(cases, now=now)
        return len(fresh)

    def _change_cases(self, events: Mapping[str, Sequence[Facts]], *, now: datetime) -> None:
        table = self.tables.cases
        there = self._rows(table, sorted(events), hold=True)
        missing = sorted(set(events).difference(row["case_id"] for row in there))
        if missing:
            self._insert_missing(table, {one: empty_case(one, now=now) for one in missing})
            there += self._rows(table, missing, hold=True)
        self._update([(row, changed_case(row, events[row["case_id"]], now=now)) for row in there])

    def _insert_missing(self, table: sa.Table, rows: Mapping[str, Row]) -> set[str]:
        """Insert the rows whose keys are not there; return those keys."""
        (key,) = table.primary_key.columns
        if self._settles:
            insert = _ON_CONFLICT[self.connection.dialect.name]
            statement = insert(table).on_conflict_do_nothing(index_elements=[key]).returning(key)
            return set(self.connection.execute(statement, list(rows.values())).scalars())
        there = {row[key.name] for row in self._rows(table, list(rows))}
        missing = [row for one, row in rows.items() if one not in there]
        if missing:
            self.connection.execute(sa.insert(table), missing)
        return {row[key.name] for row in missing}

    def _rows(self, table: sa.Table, keys: Sequence[str], *, hold: bool = False) -> list[Row]:
        """Return the rows of these keys, in the keys' order; held until the transaction ends."""
        (key,) = table.primary_key.columns
        columns = table.columns if hold else [key]
        found: list[Row] = []
        for start in range(0, len(keys), _LOOKED_UP):
            some = keys[start : start + _LOOKED_UP]
            statement = sa.select(*columns).where(key.in_(some)).order_by(key)
            if hold and self.connection.dialect.name in _FOR_UPDATE:
                statement = statement.with_for_update()
            found += [dict(row) for row in self.connection.execute(statement).mappings()]
        return found

    def _update(self, rows: Sequence[tuple[Row, Row]]) -> None:
        table = self.tables.cases
        # The number of events tells whether somebody else changed a row meanwhile.
        here = (table.c.case_id == sa.bindparam("_id"), table.c.events == sa.bindparam("_events"))
        columns = [column.name for column in table.columns if not column.primary_key]
        statement = sa.update(table).where(*here).values({c: sa.bindparam(c) for c in columns})
        values = [
            {"_id": old["case_id"], "_events": old["events"], **{c: new[c] for c in columns}}
            for old, new in rows
        ]
        if self._settles:  # the rows are ours until the end: PostgreSQL's lock, SQLite's one writer
            self.connection.execute(statement, values)
            return
        for one in values:
            if self.connection.execute(statement, one).rowcount == 0:
                raise Raced

    @property
    def _settles(self) -> bool:
        """Whether the database itself settles what two writers do at once."""
        return not self.portable and self.connection.dialect.name in _ON_CONFLICT
