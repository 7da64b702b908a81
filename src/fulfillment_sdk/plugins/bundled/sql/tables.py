"""The two tables: where each case stands, and what happened."""

from __future__ import annotations

from typing import Any

import attrs
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, oracle

from fulfillment_sdk.plugins.bundled.facts import MOST_TEXT
from fulfillment_sdk.plugins.bundled.sql import SqlSettings

_MYSQL = ("mysql", "mariadb")

# Databases differ in what they take as a key, in how much a text without a length holds, and in
# whether a text that is not called Unicode takes all letters.
_WORD = sa.Unicode(MOST_TEXT)
_BODY = sa.UnicodeText().with_variant(mysql.LONGTEXT(), *_MYSQL)
_TIME = (
    sa.DateTime(timezone=True)
    .with_variant(mysql.DATETIME(fsp=6), *_MYSQL)
    .with_variant(oracle.TIMESTAMP(timezone=True), "oracle")
)

# Ids differ in their letters' case too, and a body may hold any letter there is.
_OPTIONS: dict[str, Any] = {
    f"{name}_{option}": value
    for name in _MYSQL
    for option, value in (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"))
}


@attrs.frozen
class Tables:
    """The tables under the names that the settings give them."""

    metadata: sa.MetaData
    cases: sa.Table
    history: sa.Table

    @classmethod
    def of(cls, settings: SqlSettings) -> Tables:
        """Describe the tables; makes none."""
        metadata = sa.MetaData(schema=settings.schema)
        return cls(metadata, _cases(settings.cases, metadata), _history(settings.history, metadata))

    def missing(self, engine: sa.Engine) -> list[str]:
        """Say what the database lacks of them: `table`, or `table.column`."""
        found = sa.inspect(engine)
        return [line for table in (self.cases, self.history) for line in _missing(found, table)]


def _missing(found: sa.Inspector, table: sa.Table) -> list[str]:
    try:
        there = {column["name"] for column in found.get_columns(table.name, table.schema)}
    except sa.exc.NoSuchTableError:
        there = set()
    if not there:
        return [table.name]
    return [f"{table.name}.{column.name}" for column in table.columns if column.name not in there]


def _cases(name: str, metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        sa.Column("case_id", _WORD, primary_key=True),
        sa.Column("reference_number", _WORD),
        sa.Column("organization_id", _WORD),
        sa.Column("status", _WORD, index=True),
        sa.Column("previous_status", _WORD),
        sa.Column("sequence", sa.BigInteger),
        sa.Column("transition_id", _WORD),
        sa.Column("actor", _WORD),
        sa.Column("reason", _WORD),
        sa.Column("final", sa.Boolean),
        sa.Column("changed_at", _TIME),
        sa.Column("event_id", _WORD),
        sa.Column("category", _WORD),
        sa.Column("priority", _WORD),
        sa.Column("assigned_to", _WORD),
        sa.Column("outcome", _WORD),
        sa.Column("completed_at", _TIME),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        **_OPTIONS,
    )


def _history(name: str, metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        sa.Column("event_id", _WORD, primary_key=True),
        sa.Column("type", _WORD, nullable=False),
        sa.Column("case_id", _WORD, index=True),
        sa.Column("reference_number", _WORD),
        sa.Column("organization_id", _WORD),
        sa.Column("previous_status", _WORD),
        sa.Column("new_status", _WORD),
        sa.Column("sequence", sa.BigInteger),
        sa.Column("transition_id", _WORD),
        sa.Column("actor", _WORD),
        sa.Column("reason", _WORD),
        sa.Column("final", sa.Boolean),
        sa.Column("outcome", _WORD),
        sa.Column("occurred_at", _TIME),
        sa.Column("anomaly", _WORD),
        sa.Column("received_at", _TIME, nullable=False),
        sa.Column("recorded_at", _TIME, nullable=False),
        sa.Column("body", _BODY, nullable=False),
        **_OPTIONS,
    )
