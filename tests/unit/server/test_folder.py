"""One server per data folder (contract, section 7)."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.server.folder import address, held, holder, note_address


def test_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    with held(tmp_path / "a" / "b") as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_process_id_stands_in_the_folder_while_it_is_held(tmp_path: Path) -> None:
    with held(tmp_path, pid=4711):
        assert (tmp_path / "pid").read_text() == "4711\n"
        assert holder(tmp_path) == 4711
    assert holder(tmp_path) is None


def test_a_second_server_is_refused_and_told_the_firsts_process_id(tmp_path: Path) -> None:
    with (
        held(tmp_path, pid=4711),
        pytest.raises(ConfigurationError, match="in use by process 4711") as refused,
        held(tmp_path),
    ):
        pass
    assert "kill 4711" in refused.value.remedy
    assert "--data" in refused.value.remedy


def test_a_first_server_that_has_not_written_its_id_yet_is_another_process(tmp_path: Path) -> None:
    with held(tmp_path):
        (tmp_path / "pid").unlink()
        with pytest.raises(ConfigurationError, match="another process"), held(tmp_path):
            pass


def test_a_refused_server_leaves_the_firsts_id_in_place(tmp_path: Path) -> None:
    with held(tmp_path, pid=4711):
        with pytest.raises(ConfigurationError), held(tmp_path, pid=1):
            pass
        assert holder(tmp_path) == 4711


def test_the_folder_is_free_again_after_its_server_died_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text("4711\n")
    (tmp_path / "lock").touch()
    with held(tmp_path, pid=1):
        assert holder(tmp_path) == 1


def test_a_folder_in_which_a_restore_was_cut_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".restoring.0a1b").mkdir()
    (tmp_path / "gateway.db").touch()
    with pytest.raises(ConfigurationError, match="cut short") as refused, held(tmp_path):
        pass
    assert "fulfillment restore again" in refused.value.remedy
    assert not (tmp_path / "pid").exists()


@pytest.mark.parametrize("content", ["", "abc", "1" * 50, "-1"])
def test_a_damaged_id_is_no_id(tmp_path: Path, content: str) -> None:
    (tmp_path / "pid").write_text(content)
    assert holder(tmp_path) is None


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="--data"), held(tmp_path / "file"):
        pass


def test_a_full_disk_is_told_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_: object) -> int:
        path.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full)
        with pytest.raises(ConfigurationError, match="No space left"), held(tmp_path):
            pass
    assert {path.name for path in tmp_path.iterdir()} <= {"lock"}
    with held(tmp_path, pid=1):
        assert holder(tmp_path) == 1


def test_the_servers_address_stands_in_the_folder_while_it_is_held(tmp_path: Path) -> None:
    assert address(tmp_path) is None
    with held(tmp_path):
        note_address(tmp_path, "http://127.0.0.1:4711")
        assert address(tmp_path) == "http://127.0.0.1:4711"
    assert address(tmp_path) is None


def test_what_a_killed_server_left_behind_is_no_address(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    note_address(tmp_path, "http://127.0.0.1:4711")
    (tmp_path / "pid").write_text(f"{gone.pid}\n")
    assert address(tmp_path) is None


@pytest.mark.parametrize("content", [b"\xff", b"", b"file:///etc/passwd"])
def test_what_is_no_address_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pid").write_text(f"{os.getpid()}\n")
    (tmp_path / "address").write_bytes(content)
    assert address(tmp_path) is None


def test_an_address_that_cannot_be_kept_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be used"):
        note_address(tmp_path / "nowhere", "http://127.0.0.1:4711")
