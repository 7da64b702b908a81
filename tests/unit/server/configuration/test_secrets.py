"""Secrets made on the first start: private from birth, and never replaced (contract, section 7)."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.server.configuration import options
from fulfillment_sdk.server.configuration.option import Option
from fulfillment_sdk.server.configuration.secrets import KEPT, SecretFolder

ALL = [options.BY_NAME[name] for name in KEPT]


@pytest.mark.parametrize("option", ALL, ids=lambda option: option.name)
def test_a_secret_is_made_once_in_a_file_of_its_owner(
    tmp_path: Path, option: Option[object]
) -> None:
    folder = SecretFolder(tmp_path)
    assert not folder.has(option)
    made = folder.load_or_make(option)
    assert made
    assert folder.has(option)
    assert stat.S_IMODE(folder.path(option).stat().st_mode) == 0o600
    assert SecretFolder(tmp_path).load_or_make(option) == made


def test_the_files_have_the_contracts_names(tmp_path: Path) -> None:
    folder = SecretFolder(tmp_path)
    assert {folder.path(option).name for option in ALL} == {
        *("staff-token", "intake-token", "notify-secrets", "jwt-keys", "storage-keys"),
    }


def test_two_folders_have_different_secrets(tmp_path: Path) -> None:
    one, two = SecretFolder(tmp_path / "one"), SecretFolder(tmp_path / "two")
    assert one.load_or_make(options.STAFF_TOKEN) != two.load_or_make(options.STAFF_TOKEN)


def test_a_secret_open_to_others_is_refused(tmp_path: Path) -> None:
    folder = SecretFolder(tmp_path)
    token = folder.load_or_make(options.STAFF_TOKEN)
    folder.path(options.STAFF_TOKEN).chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600") as refused:
        folder.load_or_make(options.STAFF_TOKEN)
    assert token not in str(refused.value)


@pytest.mark.parametrize("content", ["", "half", "id:dG9vIHNob3J0"])
def test_a_damaged_secret_is_refused_and_kept_as_it_is(tmp_path: Path, content: str) -> None:
    folder = SecretFolder(tmp_path)
    path = folder.path(options.STORAGE_KEYS)
    path.touch(mode=0o600)
    path.write_text(content)
    with pytest.raises(ConfigurationError, match="storage-keys must be"):
        folder.load_or_make(options.STORAGE_KEYS)
    assert path.read_text() == content


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="can't be used"):
        SecretFolder(tmp_path / "file").load_or_make(options.STAFF_TOKEN)
