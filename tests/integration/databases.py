"""Databases at rest: what they look like, how they get to a revision, and copies of the samples."""

from __future__ import annotations

import importlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import attrs
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory

from fulfillment_sdk.receiver.cases.schema import SCHEMA as RECEIVER
from fulfillment_sdk.receiver.secrets.schema import SCHEMA as SECRETS
from fulfillment_sdk.relay import SCHEMA as RELAY
from fulfillment_sdk.server.gateway.schema import SCHEMA as GATEWAY
from fulfillment_sdk.server.portal.schema import SCHEMA as PORTAL
from fulfillment_sdk.store import Schema
from fulfillment_sdk.store.engine import make_engine

SCHEMAS = {schema.name: schema for schema in (RELAY, RECEIVER, SECRETS, GATEWAY, PORTAL)}
FOLDER = Path(__file__).parents[1] / "samples" / "databases"


@attrs.frozen
class Sample:
    """A dump of a database as an older version left it."""

    path: Path

    @property
    def database(self) -> str:
        """Whose it is."""
        return self.path.name.partition(".")[0]

    @property
    def revisions(self) -> dict[str, str]:
        """The revision of each schema in it."""
        parts = self.path.name.split(".")[1:-1]
        return dict(part.split("-", 1) for part in parts)

    @property
    def facts(self) -> dict[str, Any]:
        """What a test needs to know to read it."""
        first, _, _ = self.path.read_text(encoding="utf-8").partition("\n")
        found: dict[str, Any] = json.loads(first.removeprefix("-- "))
        return found

    @property
    def schemas(self) -> list[Schema]:
        """The schemas in it."""
        return [SCHEMAS[name] for name in self.revisions]

    def restore(self, folder: Path) -> str:
        """Make the SQLite database that it is a dump of; return its URL."""
        folder.mkdir(exist_ok=True)
        path = folder / f"{self.database}.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(self.path.read_text(encoding="utf-8"))
        return f"sqlite:///{path}"

    def copy_to(self, url: str, folder: Path) -> None:
        """Bring another, empty database to these revisions, and put the same rows in."""
        with (
            opened(url) as connection,
            opened(self.restore(folder)) as rows,
        ):
            for name, revision in self.revisions.items():
                upgrade(connection, SCHEMAS[name], revision)
            tables = sa.MetaData()
            tables.reflect(connection)
            for table in tables.sorted_tables:
                if not table.name.endswith("_schema_version"):
                    _copy(table, rows, connection)


def samples() -> list[Sample]:
    """Return the sample databases, oldest first."""
    return [Sample(path) for path in sorted(FOLDER.glob("*.sql"))]


def revisions(schema: Schema) -> list[str]:
    """Return a schema's revisions, oldest first."""
    return sorted(
        str(script.revision) for script in _scripts(schema).walk_revisions() if script.revision
    )


def upgrade(connection: sa.Connection, schema: Schema, revision: str) -> None:
    """Bring a schema to a revision that need not be its newest."""
    scripts = _scripts(schema)

    def steps(current: tuple[str, ...] | str, _context: MigrationContext) -> list[RevisionStep]:
        return list(scripts._upgrade_revs(revision, current))  # type: ignore[arg-type]

    context = MigrationContext.configure(
        connection, opts={"version_table": schema.version_table, "fn": steps}
    )
    with Operations.context(context):
        context.run_migrations()


@contextmanager
def opened(url: str) -> Iterator[sa.Connection]:
    """Open one connection in one transaction, and leave nothing open."""
    engine = make_engine(url, readonly=False)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def described(url: str, schemas: Iterable[Schema]) -> dict[str, object]:
    """Return everything about the schemas' tables that makes a difference, by table."""
    with opened(url) as connection:
        look = sa.inspect(connection)
        names = [name for schema in schemas for name in schema.metadata.tables]
        found: dict[str, object] = {name: _described(look, name) for name in names}
        found["tables"] = sorted(
            name for name in look.get_table_names() if not name.endswith("_schema_version")
        )
        if connection.dialect.name == "sqlite":
            for name, sql in connection.exec_driver_sql(
                "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
            ):
                found[f"{name}: how"] = ("WITHOUT ROWID" in sql, "AUTOINCREMENT" in sql)
    return {key: value for key, value in found.items() if "_schema_version" not in key}


def every_row(url: str, schemas: Iterable[Schema]) -> dict[str, list[dict[str, object]]]:
    """Return the rows of every table, as the declared columns read them."""
    found: dict[str, list[dict[str, object]]] = {}
    with opened(url) as connection:
        for schema in schemas:
            for name, table in schema.metadata.tables.items():
                rows = connection.execute(sa.select(table)).mappings()
                found[name] = sorted((dict(row) for row in rows), key=repr)
    return found


def _described(look: sa.Inspector, name: str) -> dict[str, object]:
    return {
        "columns": {
            column["name"]: (
                str(column["type"]),
                column["nullable"],
                str(column.get("default")),
                bool(column.get("autoincrement")),
            )
            for column in look.get_columns(name)
        },
        "primary key": look.get_pk_constraint(name)["constrained_columns"],
        "indexes": sorted(
            (str(index["name"]), index["column_names"], bool(index["unique"]))
            for index in look.get_indexes(name)
        ),
        "unique": sorted(
            (str(one["name"]), one["column_names"]) for one in look.get_unique_constraints(name)
        ),
        "foreign keys": sorted(
            (
                str(one["name"]),
                one["constrained_columns"],
                one["referred_table"],
                one["referred_columns"],
                repr(sorted(one["options"].items())),
            )
            for one in look.get_foreign_keys(name)
        ),
        "checks": sorted(
            (str(one["name"]), one["sqltext"]) for one in look.get_check_constraints(name)
        ),
    }


def _scripts(schema: Schema) -> ScriptDirectory:
    folder = str(Path(str(importlib.import_module(schema.migrations).__file__)).parent)
    return ScriptDirectory(folder, version_locations=[folder])


def _copy(table: sa.Table, source: sa.Connection, target: sa.Connection) -> None:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    rows = source.exec_driver_sql(f"SELECT {columns} FROM {table.name}").mappings().all()
    if not rows:
        return
    target.execute(table.delete())  # a migration may have put rows in by itself
    target.execute(
        table.insert(),
        [
            {column.name: _value(column, row[column.name]) for column in table.columns}
            for row in rows
        ],
    )
    for column in table.primary_key.columns:
        if column.autoincrement is True or column.server_default is not None:
            target.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'), "
                f"(SELECT max({column.name}) FROM {table.name}))"
            )


def _value(column: sa.Column[Any], value: object) -> object:
    if isinstance(column.type, sa.JSON) and isinstance(value, str):
        return json.loads(value)
    if isinstance(column.type, sa.Boolean) and value is not None:
        return bool(value)
    return value
