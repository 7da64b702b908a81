"""The tables that the revisions make are the tables that the code declares."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from fulfillment_sdk.relay import SCHEMA as RELAY
from fulfillment_sdk.server.gateway.schema import SCHEMA as GATEWAY
from fulfillment_sdk.server.portal.schema import SCHEMA as PORTAL
from fulfillment_sdk.store import Schema, Sealer, Store


@pytest.mark.parametrize("schema", [RELAY, GATEWAY, PORTAL], ids=lambda schema: schema.name)
def test_a_migrated_database_has_exactly_the_declared_tables(
    schema: Schema, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    Store.open(url, schemas=[schema], sealer=Sealer([("k", b"k" * 32)])).close()

    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": schema.version_table, "compare_type": True}
        )
        assert compare_metadata(context, schema.metadata) == []
        indexes = {
            table: {index["name"] for index in sa.inspect(connection).get_indexes(table)}
            for table in schema.metadata.tables
        }
    assert indexes == {
        name: {index.name for index in table.indexes}
        for name, table in schema.metadata.tables.items()
    }


@pytest.mark.parametrize("schema", [RELAY, GATEWAY, PORTAL], ids=lambda schema: schema.name)
def test_every_table_carries_its_rooms_name(schema: Schema) -> None:
    assert all(name.startswith(f"{schema.name}_") for name in schema.metadata.tables)


def test_stores_that_open_at_the_same_moment_each_get_their_own_tables(tmp_path: Path) -> None:
    together = threading.Barrier(6)

    def tables(name: str) -> set[str]:
        url = f"sqlite:///{tmp_path}/{name}.db"
        together.wait(10)
        with Store.open(url, schemas=[RELAY], sealer=Sealer([("k", b"k" * 32)])) as store:
            return store.read(lambda c: set(sa.inspect(c).get_table_names())).result()

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(tables, "abcdef"))
    assert found == [{*RELAY.metadata.tables, RELAY.version_table}] * 6
