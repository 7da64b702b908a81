"""A backup becomes a data folder again: all of it, checked, and over nothing else."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from fulfillment_sdk.errors import ConfigurationError, StoreError
from fulfillment_sdk.server.backup import making, manifest, restoring
from fulfillment_sdk.server.backup.manifest import Manifest
from fulfillment_sdk.server.backup.progress import silent
from fulfillment_sdk.server.folder import held
from tests.unit.server.backup.databases import database, facts, server_folder


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    source = making.find(server_folder(tmp_path / "data"), None, [])
    target = tmp_path / "backup"
    making.make(source, target, with_secrets=True, now=0.0, progress=silent)
    return target


def restore(backup: Path, folder: Path, url: str | None = None) -> Manifest:
    return restoring.restore(backup, folder, url=url, progress=silent)


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"lock"}


def change_manifest(backup: Path, **changes: object) -> None:
    file = backup / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


@pytest.mark.parametrize("there", [False, True])
def test_what_was_backed_up_is_there_again(backup: Path, tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "new"
    if there:
        folder.mkdir()
    restored = restore(backup, folder)
    assert facts(folder / "gateway.db") == ["201 of case 1"]
    assert facts(folder / "portal.db") == ["case 1"]
    assert left(folder) == {entry.name for entry in restored.files}
    modes = {stat.S_IMODE((folder / name).stat().st_mode) for name in left(folder)}
    assert modes == {0o600}


def test_a_folder_that_is_not_empty_is_refused(backup: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    database(folder / "gateway.db", "mine")
    with pytest.raises(ConfigurationError, match="is not empty"):
        restore(backup, folder)
    assert facts(folder / "gateway.db") == ["mine"]
    assert left(folder) == {"gateway.db"}


def test_a_folder_in_which_a_server_starts_is_refused(backup: Path, tmp_path: Path) -> None:
    with (
        held(tmp_path / "new", pid=4711),
        pytest.raises(ConfigurationError, match="in use by process 4711"),
    ):
        restore(backup, tmp_path / "new")


@pytest.mark.parametrize("name", ["portal.db", "jwt-keys"])
@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_backup_that_is_not_what_was_written_leaves_nothing_behind(
    backup: Path, tmp_path: Path, name: str, damage: str
) -> None:
    if damage == "gone":
        (backup / name).unlink()
    else:
        content = (backup / name).read_bytes()
        (backup / name).write_bytes(content[:-1] + b"!")
    with pytest.raises(StoreError, match=f"{name} is not what the backup was written with"):
        restore(backup, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_database_that_was_damaged_before_its_digest_was_taken_is_found_out(
    backup: Path, tmp_path: Path
) -> None:
    (backup / "portal.db").write_bytes(b"no database at all")
    entries = [manifest.entry(backup / name) for name in ("gateway.db", "portal.db")]
    files = [{"name": one.name, "size": one.size, "sha256": one.sha256} for one in entries]
    change_manifest(backup, files=files)
    with pytest.raises(StoreError, match=r"portal\.db is damaged"):
        restore(backup, tmp_path / "new")
    assert left(tmp_path / "new") == set()


@pytest.mark.parametrize("name", ["../escaped", "/etc/passwd", "lock", "other.db"])
def test_a_manifest_that_names_another_place_is_refused(
    backup: Path, tmp_path: Path, name: str
) -> None:
    change_manifest(backup, files=[{"name": name, "size": 1, "sha256": ""}])
    with pytest.raises(ConfigurationError, match="can't be understood"):
        restore(backup, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("times", [0, 2])
def test_a_manifest_with_no_database_or_a_file_twice_is_refused(
    backup: Path, tmp_path: Path, times: int
) -> None:
    one = manifest.entry(backup / "gateway.db")
    files = [{"name": one.name, "size": one.size, "sha256": one.sha256}] * times
    change_manifest(backup, files=files)
    with pytest.raises(ConfigurationError, match="can't be understood"):
        restore(backup, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_manifest_of_nothing_but_depth_is_refused(backup: Path, tmp_path: Path) -> None:
    (backup / "manifest.json").write_text("[" * 200_000)
    with pytest.raises(ConfigurationError, match="is no backup"):
        restore(backup, tmp_path / "new")


def test_a_folder_that_is_no_backup_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is no backup"):
        restore(tmp_path, tmp_path / "new")


def test_a_dump_wants_a_database(backup: Path, tmp_path: Path) -> None:
    (backup / "database.dump").write_bytes(b"a dump")
    one = manifest.entry(backup / "database.dump")
    change_manifest(backup, files=[{"name": one.name, "size": one.size, "sha256": one.sha256}])
    with pytest.raises(ConfigurationError, match="PostgreSQL") as refused:
        restore(backup, tmp_path / "new")
    assert "FULFILLMENT_DATABASE_URL" in refused.value.remedy


def test_files_are_refused_where_a_server_would_look_into_a_database(
    backup: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="PostgreSQL") as refused:
        restore(backup, tmp_path / "new", "postgresql+psycopg://u:hush@127.0.0.1:9/name")
    assert "FULFILLMENT_DATABASE_URL" in refused.value.remedy
    assert not (tmp_path / "new").exists()


def test_what_a_server_would_make_anew_is_named(backup: Path, tmp_path: Path) -> None:
    restored = restore(backup, tmp_path / "new")
    assert restoring.missing(tmp_path / "new", restored, ()) == ()
    (tmp_path / "new" / "jwt-keys").unlink()
    (tmp_path / "new" / "storage-keys").unlink()
    assert restoring.missing(tmp_path / "new", restored, ()) == ("jwt-keys", "storage-keys")
    assert restoring.missing(tmp_path / "new", restored, {"storage_keys"}) == ("jwt-keys",)
