"""How much of a disk files leave to cases."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.server.portal.files.disk import LEFT, Disk, is_full

SMALL = 40 * 1024 * 1024


class Usage(NamedTuple):
    """What is told of a disk, in bytes."""

    total: int
    used: int
    free: int


@pytest.fixture
def database() -> Iterator[sa.Connection]:
    """Return an empty database of SQLite."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize(
    ("total", "free", "full"),
    [
        (10**12, LEFT, False),
        (10**12, LEFT - 1, True),
        (SMALL, SMALL // 4, False),
        (SMALL, SMALL // 4 - 1, True),
        (0, 0, False),
    ],
)
def test_files_leave_a_fixed_part_of_a_large_disk_and_a_share_of_a_small_one(
    total: int, free: int, full: bool
) -> None:
    assert is_full(total, free) is full


def test_what_the_database_has_unused_counts_for_a_half() -> None:
    free = LEFT // 2
    assert not is_full(10**12, free, unused=LEFT - free)
    assert is_full(10**12, free, unused=LEFT - free - 1)
    assert is_full(10**12, free - 1, unused=LEFT)


def test_a_disk_at_another_host_is_not_looked_at(
    database: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[object] = []
    monkeypatch.setattr(shutil, "disk_usage", looked.append)
    Disk(None).check(database)
    assert not looked


def test_what_was_removed_from_the_database_is_room_again(
    tmp_path: Path, database: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(4 * 100_000, 0, 50_000))
    with pytest.raises(StoreUnavailable):
        Disk(tmp_path).check(database)
    database.exec_driver_sql("CREATE TABLE t AS SELECT zeroblob(60000) AS content")
    with pytest.raises(StoreUnavailable):
        Disk(tmp_path).check(database)
    database.exec_driver_sql("DROP TABLE t")
    Disk(tmp_path).check(database)
