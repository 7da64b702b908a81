"""A backup is a new folder: whole, private, and without secrets unless they are asked for."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from fulfillment_sdk.errors import ConfigurationError, StoreError
from fulfillment_sdk.server.backup import last, making, manifest, snapshot
from fulfillment_sdk.server.backup.manifest import Manifest
from fulfillment_sdk.server.backup.progress import silent
from tests.unit.server.backup.databases import Said, database, facts, keep, server_folder

NOW = 1_743_955_200.0
SECRETS = {"staff-token", "intake-token", "notify-secrets", "jwt-keys", "storage-keys"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return server_folder(tmp_path / "data")


def backup(folder: Path, target: Path, *, with_secrets: bool = False) -> Manifest:
    source = making.find(folder, None, [])
    return making.make(source, target, with_secrets=with_secrets, now=NOW, progress=silent)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_both_databases_and_a_manifest_are_in_it_and_nothing_else(
    folder: Path, tmp_path: Path
) -> None:
    made = backup(folder, tmp_path / "backup")
    assert names(tmp_path / "backup") == {"gateway.db", "portal.db", "manifest.json"}
    assert facts(tmp_path / "backup" / "gateway.db") == ["201 of case 1"]
    assert made == manifest.read(tmp_path / "backup")
    assert (made.made_at, made.storage_keys) == ("2025-04-06T16:00:00.000000Z", ("a1b2",))
    assert (made.databases, made.secrets) == (("gateway.db", "portal.db"), ())


def test_the_gateway_is_the_one_that_stands_still(folder: Path) -> None:
    assert [path.name for path in making.find(folder, None, []).files] == [
        "gateway.db",
        "portal.db",
    ]


def test_secrets_come_along_only_if_asked_for_and_are_named_either_way(
    folder: Path, tmp_path: Path
) -> None:
    without = backup(folder, tmp_path / "without")
    with_them = backup(folder, tmp_path / "with", with_secrets=True)
    source = making.find(folder, None, [])
    assert set(making.left_out(source, without)) == SECRETS
    assert making.left_out(source, with_them) == ()
    assert set(with_them.secrets) == SECRETS
    assert (tmp_path / "with" / "jwt-keys").read_text() == "the jwt-keys\n"
    for name in SECRETS:
        content = (folder / name).read_bytes()
        assert all(content not in path.read_bytes() for path in (tmp_path / "without").iterdir())


def test_all_of_it_is_its_owners_alone(folder: Path, tmp_path: Path) -> None:
    backup(folder, tmp_path / "backup", with_secrets=True)
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "backup").iterdir()}
    assert modes == {0o600}


@pytest.mark.parametrize("what", ["a folder", "a file", "a link to nowhere"])
def test_nothing_is_overwritten(folder: Path, tmp_path: Path, what: str) -> None:
    target = tmp_path / "backup"
    if what == "a folder":
        target.mkdir()
    elif what == "a file":
        target.write_text("mine")
    else:
        target.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match="is there already"):
        backup(folder, target)
    assert names(tmp_path) == {"data", "backup"}


def test_a_backup_that_fails_leaves_nothing_behind(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(path: Path) -> None:
        raise StoreError(f"{path.name} is damaged")

    monkeypatch.setattr(snapshot, "check", damaged)
    with pytest.raises(StoreError, match="damaged"):
        backup(folder, tmp_path / "backup")
    assert names(tmp_path) == {"data"}
    assert last.read(folder) is None


def test_a_disk_that_is_too_small_is_told_before_anything_is_copied(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=100))
    monkeypatch.setattr(snapshot, "snapshots", None)
    with pytest.raises(ConfigurationError, match="0 MiB free"):
        backup(folder, tmp_path / "backup")
    assert names(tmp_path) == {"data"}


def test_the_folder_remembers_its_last_backup(folder: Path, tmp_path: Path) -> None:
    assert last.read(folder) is None
    backup(folder, tmp_path / "backup")
    assert last.read(folder) == NOW


def test_a_folder_without_a_database_is_no_source_and_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is no database") as refused:
        making.find(tmp_path, None, [])
    assert "--data" in refused.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_receivers_folder_is_backed_up_as_such_also_beside_a_servers_settings(
    tmp_path: Path,
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    database(inbox / "receiver.db", "an event")
    source = making.find(inbox, "postgresql://db/name", ["given"])
    assert (source.files, source.url) == ((inbox / "receiver.db",), None)
    making.make(source, tmp_path / "backup", with_secrets=False, now=NOW, progress=silent)
    assert facts(tmp_path / "backup" / "receiver.db") == ["an event"]


def test_keys_of_the_settings_go_before_those_of_the_folder(folder: Path) -> None:
    assert making.find(folder, None, ["new", "old"]).storage_keys == ("new", "old")


def test_its_progress_names_every_file(folder: Path, tmp_path: Path) -> None:
    said: Said = []
    source = making.find(folder, None, [])
    making.make(source, tmp_path / "backup", with_secrets=False, now=NOW, progress=keep(said))
    steps = ["gateway.db", "portal.db", "checking gateway.db", "checking portal.db"]
    assert list(dict.fromkeys(what for what, _, _ in said)) == steps


def test_a_manifest_of_a_newer_format_is_refused(folder: Path, tmp_path: Path) -> None:
    backup(folder, tmp_path / "backup")
    file = tmp_path / "backup" / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 2}))
    with pytest.raises(ConfigurationError, match="format that this version does not know"):
        manifest.read(tmp_path / "backup")
