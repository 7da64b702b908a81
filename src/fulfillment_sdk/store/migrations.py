"""Schemas and their revisions: checked with plain SQL at start, moved on by Alembic.

Alembic takes half a second to import, so it is imported only where there is something to do. A
schema's revisions are files `rNNNN_name.py` whose revision is `NNNN`; the highest is the head.
"""

from __future__ import annotations

import importlib
import os
import re
import sqlite3
import threading
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import attrs
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.store.engine import is_sqlite, make_engine, sqlite_path
from fulfillment_sdk.store.failures import unavailable
from fulfillment_sdk.store.session import NO_LIMITS

# Alembic's `op` speaks to one database at a time in a process. A fork waits, as it does for a
# transaction: the child would inherit the lock without the thread that frees it.
_one_at_a_time = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_one_at_a_time.acquire,
        after_in_parent=_one_at_a_time.release,
        after_in_child=_one_at_a_time.release,
    )

_REVISION_FILE = re.compile(r"r(\d{4})_\w+\.py")


@attrs.frozen
class Schema:
    """A room's tables.

    Args:
        name: prefix of its tables, and of its version table `<name>_schema_version`.
        metadata: the tables as they are at the head.
        migrations: dotted name of the package that holds its Alembic revisions.
    """

    name: str
    metadata: sa.MetaData
    migrations: str

    @property
    def version_table(self) -> str:
        """The table in which Alembic keeps this schema's revision."""
        return f"{self.name}_schema_version"

    @property
    def head(self) -> str:
        """The newest revision that this installation knows."""
        names = (entry.name for entry in resources.files(self.migrations).iterdir())
        return max(found[1] for found in map(_REVISION_FILE.fullmatch, names) if found)


def migrate(engine: sa.Engine, schemas: Sequence[Schema]) -> None:
    """Bring every schema to its head; a database that is there already costs one look each.

    Raises:
        StoreError: the database was written by a newer version of this package.
    """
    with engine.connect() as connection:
        behind = [schema for schema in schemas if _revision(connection, schema) != schema.head]
    for schema in behind:
        with _one_at_a_time, engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(NO_LIMITS)
                connection.execute(
                    sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(schema.version_table)))
                )
            _upgrade(connection, schema)


def is_there(url: str, schema: Schema) -> bool:
    """Tell whether the database at `url` has ever had this schema; nothing is changed there.

    Raises:
        ConfigurationError: the URL is not understood.
        StoreUnavailable: the database can't be reached, or there is no such file.
        StoreError: it belongs to a newer version.
    """
    if is_sqlite(url):
        file = sqlite_path(url).absolute().as_uri()
        engine = sa.create_engine(
            "sqlite://", creator=lambda: sqlite3.connect(f"{file}?mode=ro", uri=True)
        )
    else:
        engine = make_engine(url, readonly=True)
    try:
        with engine.connect() as connection:
            return _revision(connection, schema) is not None
    except sa.exc.DBAPIError as error:
        raise unavailable(error) from error
    finally:
        engine.dispose()


def _revision(connection: sa.Connection, schema: Schema) -> str | None:
    if not sa.inspect(connection).has_table(schema.version_table):
        return None
    table = sa.table(schema.version_table, sa.column("version_num"))
    revision: str | None = connection.execute(sa.select(table.c.version_num)).scalar()
    if revision is not None and revision > schema.head:
        raise StoreError(
            f"The database is at revision {revision} of {schema.name}, this version knows "
            f"{schema.head}",
            remedy="Install the version of fulfillment-sdk that wrote it, or a newer one.",
        )
    return revision


def _upgrade(connection: sa.Connection, schema: Schema) -> None:
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext, RevisionStep
    from alembic.script import ScriptDirectory

    if _revision(connection, schema) == schema.head:
        return  # another process was faster, while this one waited for the lock
    folder = str(Path(str(importlib.import_module(schema.migrations).__file__)).parent)
    scripts = ScriptDirectory(folder, version_locations=[folder])

    def steps(revision: tuple[str, ...] | str, _context: MigrationContext) -> list[RevisionStep]:
        return list(scripts._upgrade_revs("head", revision))  # type: ignore[arg-type]

    context = MigrationContext.configure(
        connection, opts={"version_table": schema.version_table, "fn": steps}
    )
    with Operations.context(context):
        context.run_migrations()
