"""The relay's store on each of the two databases, empty for every test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from fulfillment_sdk.relay import SCHEMA
from fulfillment_sdk.relay.schema import METADATA, attempts, events
from fulfillment_sdk.store import Sealer, Store
from tests.postgres import new_database

DATABASES = ("sqlite", "postgresql")


@contextmanager
def empty_store(database: str, folder: Path, clock: Callable[[], float]) -> Iterator[Store]:
    """Open a store without rows; on PostgreSQL the tests share one database."""
    url = f"sqlite:///{folder}/relay.db" if database == "sqlite" else _shared_database()
    sealer = Sealer([("k", b"k" * 32)])
    with Store.open(url, schemas=[SCHEMA], sealer=sealer, clock=clock) as store:
        if database != "sqlite":
            names = ", ".join(METADATA.tables)
            store.write(lambda c: c.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY")).result()
        yield store


@cache
def _shared_database() -> str:
    return new_database()


def make_older(store: Store, seconds: float, *event_ids: str) -> None:
    """Move the acceptance of events, and what was tried of them, into the past."""

    def work(connection: sa.Connection) -> None:
        numbers = sa.select(events.c.id).where(events.c.event_id.in_(event_ids))
        connection.execute(
            sa.update(attempts)
            .where(attempts.c.event.in_(numbers))
            .values(at=attempts.c.at - seconds)
        )
        connection.execute(
            sa.update(events)
            .where(events.c.event_id.in_(event_ids))
            .values(accepted_at=events.c.accepted_at - seconds)
        )

    store.write(work).result()


def count(store: Store, table: sa.Table) -> int:
    """Return how many rows a table has."""
    query = sa.select(sa.func.count()).select_from(table)
    return store.read(lambda c: c.execute(query).scalar_one()).result()
