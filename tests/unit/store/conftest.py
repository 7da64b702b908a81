"""A store with one small table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from fulfillment_sdk.store import Schema, Sealer, Store
from tests.unit.store.notes import METADATA

NOTES = Schema("notes", METADATA, "tests.unit.store.notes_migrations")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/notes.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url, schemas=[NOTES], sealer=Sealer([("k", b"k" * 32)])) as opened:
        yield opened


def texts(store: Store) -> list[str]:
    table = METADATA.tables["notes_notes"]
    query = sa.select(table.c.text).order_by(table.c.id)
    return list(store.read(lambda c: c.execute(query).scalars().all()).result())
