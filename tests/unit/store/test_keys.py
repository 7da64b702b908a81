"""Storage keys come from a setting or from a private file."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.store.keys import format_keys, keys_for, load_or_create_keys, parse_keys
from fulfillment_sdk.store.private_files import load_or_create

KEYS = [("b", b"2" * 32), ("a", b"1" * 32)]


def test_keys_are_read_as_they_are_written() -> None:
    assert parse_keys(format_keys(KEYS)) == KEYS


@pytest.mark.parametrize(
    "text",
    ["justtext", "key1:", ":YWJj", "key1:%%%", "key1:YWJj"],
    ids=["no id", "no key", "only a key", "no base64", "short"],
)
def test_a_malformed_key_is_refused_without_an_echo(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse_keys(text)

    assert text not in str(refused.value)


def test_a_keys_file_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "data" / "storage-keys"

    first = load_or_create_keys(path)

    assert load_or_create_keys(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["storage-keys"]


def test_all_who_start_at_once_get_the_same_text(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    texts = (f"secret number {n}" for n in range(16))

    with ThreadPoolExecutor(16) as pool:
        got = set(pool.map(lambda text: load_or_create(path, lambda: text), texts))

    assert got == {path.read_text("utf-8")}


def test_the_setting_wins_over_the_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"

    assert keys_for(url, environ={"FULFILLMENT_STORAGE_KEYS": format_keys(KEYS)}) == KEYS
    assert list(tmp_path.iterdir()) == []


def test_beside_an_sqlite_file_keys_are_made(tmp_path: Path) -> None:
    keys = keys_for(f"sqlite:///{tmp_path}/x.db", environ={})

    assert keys == load_or_create_keys(tmp_path / "storage-keys")


def linked(tmp_path: Path) -> tuple[Path, str]:
    """Return an SQLite file's folder, and a URL that leads there by a symbolic link."""
    (tmp_path / "real").mkdir()
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "x.db").symlink_to(tmp_path / "real" / "x.db")
    return tmp_path / "real", f"sqlite:///{tmp_path}/links/x.db"


def test_a_file_has_the_same_keys_by_whichever_link_it_is_reached(tmp_path: Path) -> None:
    real, url = linked(tmp_path)

    assert keys_for(url, environ={}) == keys_for(f"sqlite:///{real}/x.db", environ={})


def test_keys_that_were_made_beside_a_link_stay_in_use(tmp_path: Path) -> None:
    _, url = linked(tmp_path)
    kept = load_or_create_keys(tmp_path / "links" / "storage-keys")

    assert keys_for(url, environ={}) == kept


def test_a_database_on_a_server_must_be_given_its_keys() -> None:
    with pytest.raises(ConfigurationError, match="FULFILLMENT_STORAGE_KEYS"):
        keys_for("postgresql://localhost/x", environ={})
