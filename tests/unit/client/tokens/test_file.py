from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from fulfillment_sdk import ConfigurationError, FileTokens, StoreUnavailable
from fulfillment_sdk.client.tokens import file as room


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "token"


def kept(path: Path, text: str = "t0ken\n", mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_missing_file_is_no_token(path: Path) -> None:
    assert FileTokens(path).load() is None


def test_a_token_is_found_again(path: Path) -> None:
    FileTokens(path).save("t0ken")
    assert FileTokens(str(path)).load() == "t0ken"
    assert path.read_text() == "t0ken\n"


def test_a_relative_path_stays_what_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    monkeypatch.setenv("HOME", str(path.parent))
    tokens = [FileTokens("token"), FileTokens("~/token")]
    monkeypatch.chdir("/")
    assert [one.path for one in tokens] == [path, path]


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_nobody_else_may_read_the_file_whatever_the_umask(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        FileTokens(path).save("t0ken")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_is_missing_is_made_for_its_owner(tmp_path: Path) -> None:
    FileTokens(tmp_path / "ours" / "token").save("t0ken")
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o777])
def test_a_file_that_others_may_use_is_refused(path: Path, mode: int) -> None:
    kept(path, mode=mode)
    with pytest.raises(ConfigurationError) as raised:
        FileTokens(path).load()
    assert f"mode {mode:04o}" in raised.value.message
    assert "chmod 600" in raised.value.remedy
    assert "t0ken" not in str(raised.value)


def test_a_file_that_others_may_read_is_safe_once_a_token_is_saved(path: Path) -> None:
    kept(path, mode=0o644)
    FileTokens(path).save("newer")
    assert FileTokens(path).load() == "newer"


def test_a_file_of_another_user_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(path)
    if path.stat().st_uid == 0:
        os.chown(path, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        FileTokens(path).load()


def test_what_is_no_file_is_refused_without_waiting_for_it(path: Path) -> None:
    os.mkfifo(path, 0o600)
    with pytest.raises(ConfigurationError, match="is no file"):
        FileTokens(path).load()
    path.unlink()
    path.mkdir(0o700)
    with pytest.raises(ConfigurationError, match="is no file"):
        FileTokens(path).load()
    with pytest.raises(StoreUnavailable):
        FileTokens(path).save("t0ken")
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("text", ["", "\n", "  \n"])
def test_a_blank_file_is_no_token(path: Path, text: str) -> None:
    assert FileTokens(kept(path, text)).load() is None


@pytest.mark.parametrize("text", ["žeton", "x" * room.LONGEST, "x" * 10 * room.LONGEST])
def test_a_file_of_something_else_is_refused(path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="is no token") as raised:
        FileTokens(kept(path, text)).load()
    assert text not in str(raised.value)


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    kept(tmp_path / "elsewhere")
    path.symlink_to("elsewhere")
    tokens = FileTokens(path)
    assert tokens.load() == "t0ken"
    tokens.save("newer")
    assert path.is_symlink()
    assert (tmp_path / "elsewhere").read_text() == "newer\n"
    tokens.clear()
    assert tokens.load() is None


def test_a_token_is_forgotten_once_and_twice(path: Path) -> None:
    tokens = FileTokens(kept(path))
    tokens.clear()
    tokens.clear()
    assert not path.exists()


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_token_that_cannot_be_written_leaves_the_old_one(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_anything: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    tokens = FileTokens(path)
    tokens.save("t0ken")
    with monkeypatch.context() as patched:
        patched.setattr(os, step, full)
        with pytest.raises(StoreUnavailable, match="No space left on device") as raised:
            tokens.save("newer")
    assert "newer" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert [one.name for one in path.parent.iterdir()] == ["token"]
    assert tokens.load() == "t0ken"


def test_the_old_or_the_new_token_is_there_at_every_moment(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = FileTokens(path)
    tokens.save("t0ken")
    seen: list[str | None] = []
    settled, replaced = os.fsync, os.replace

    def looking_fsync(descriptor: int) -> None:
        seen.append(FileTokens(path).load())
        settled(descriptor)

    def looking_replace(fresh: str, target: Path) -> None:
        assert Path(fresh).read_text() == "newer\n"
        assert stat.S_IMODE(Path(fresh).stat().st_mode) == 0o600
        replaced(fresh, target)

    monkeypatch.setattr(os, "fsync", looking_fsync)
    monkeypatch.setattr(os, "replace", looking_replace)
    tokens.save("newer")
    assert seen == ["t0ken", "newer"]  # the file before it takes the place, the folder after


def test_a_place_that_is_not_there_to_be_used_is_unavailable(path: Path) -> None:
    kept(path)
    tokens = FileTokens(path / "below")
    for use in (tokens.load, lambda: tokens.save("t0ken"), tokens.clear):
        with pytest.raises(StoreUnavailable, match=r"Not a directory|File exists"):
            use()


def test_no_token_shows(path: Path) -> None:
    tokens = FileTokens(kept(path))
    tokens.load()
    assert repr(tokens) == f"FileTokens({str(path)!r})"
