"""Copies of several databases, all of one moment."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fulfillment_sdk.errors import StoreError, StoreUnavailable
from fulfillment_sdk.server.backup import snapshot
from fulfillment_sdk.server.backup.progress import silent
from tests.unit.server.backup.databases import Said, add, database, facts, keep


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return database(tmp_path / "gateway.db", "one"), database(tmp_path / "portal.db", "one")


def test_what_is_written_after_the_views_are_open_is_in_no_copy(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    copies = tmp_path / "gateway copy.db", tmp_path / "portal?copy.db"
    with snapshot.snapshots(pair) as views:
        for path in pair:
            add(path, "two")
        for view, copy in zip(views, copies, strict=True):
            snapshot.copy(view, copy, silent)
    assert [facts(copy) for copy in copies] == [["one"], ["one"]]
    assert [facts(path) for path in pair] == [["one", "two"], ["one", "two"]]


def test_the_first_stands_still_while_the_views_are_opened_and_the_others_go_on(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, *rest: Any) -> sqlite3.Cursor:
            if sql == "BEGIN":
                with pytest.raises(sqlite3.OperationalError, match="locked"):
                    add(pair[0], "too late", patience=0.0)
                add(pair[1], f"meanwhile {len(tried)}")
                tried.append(sql)
            return super().execute(sql, *rest)

    def connect(path: Path) -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level=None, factory=Watched)

    monkeypatch.setattr(snapshot, "_connect", connect)
    with snapshot.snapshots(pair) as views:
        seen = [view.execute("SELECT count(*) FROM facts").fetchone() for view in views]
    assert len(tried) == 2
    assert seen == [(1,), (3,)]


def test_a_copy_is_one_private_file_and_its_progress_is_told(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    said: Said = []
    folder = tmp_path / "copies"
    folder.mkdir()
    with snapshot.snapshots(pair[:1]) as views:
        snapshot.copy(views[0], folder / "gateway.db", keep(said))
    assert [path.name for path in folder.iterdir()] == ["gateway.db"]
    assert stat.S_IMODE((folder / "gateway.db").stat().st_mode) == 0o600
    assert said
    assert said[-1] == ("gateway.db", *[(folder / "gateway.db").stat().st_size] * 2)


def test_a_copy_overwrites_nothing(pair: tuple[Path, Path]) -> None:
    with snapshot.snapshots(pair[:1]) as views, pytest.raises(FileExistsError):
        snapshot.copy(views[0], pair[1], silent)
    assert facts(pair[1]) == ["one"]


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with (
        pytest.raises(StoreUnavailable, match="can't be copied"),
        snapshot.snapshots([tmp_path / "gateway.db"]),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_never_at_rest_is_an_error(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "BUSY_SECONDS", 0.0)
    with closing(sqlite3.connect(pair[0], isolation_level=None)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"), snapshot.snapshots(pair):
            pass


@pytest.mark.parametrize("damage", [b"", b"no database at all, and long enough to be none"])
def test_a_damaged_copy_is_found_out(pair: tuple[Path, Path], damage: bytes) -> None:
    path = pair[0].with_name("copy.db")
    with snapshot.snapshots(pair[:1]) as views:
        snapshot.copy(views[0], path, silent)
    snapshot.check(path)
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    path.write_bytes(damage or content)
    with pytest.raises(StoreError, match=r"copy\.db is damaged"):
        snapshot.check(path)
