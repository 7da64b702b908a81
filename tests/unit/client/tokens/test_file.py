from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fulfillment_sdk import ConfigurationError, FileTokens, StoreUnavailable
from fulfillment_sdk.client.tokens import file as room
from fulfillment_sdk.client.tokens.turns import turn


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


def a_pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


def a_folder(path: Path) -> None:
    path.mkdir(0o700)
    (path / "kept").touch()


def a_link_to_nowhere(path: Path) -> None:
    path.symlink_to("unmounted/token")


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def a_link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/null")


ODD = [a_pipe, a_folder, a_link_to_nowhere, a_link_to_itself, a_link_to_a_device]


def what_is_there(folder: Path) -> dict[str, int]:
    return {str(one): one.lstat().st_ino for one in folder.rglob("*")}


def every_use(tokens: FileTokens) -> Iterator[Callable[[], object]]:
    yield tokens.load
    yield lambda: tokens.save("t0ken")
    yield tokens.clear
    yield lambda: tokens.discard("t0ken")


@pytest.mark.parametrize("make", ODD)
def test_what_is_no_file_is_refused_without_waiting_for_it_and_stays(
    path: Path, make: Callable[[Path], None]
) -> None:
    make(path)
    before = what_is_there(path.parent)
    for use in every_use(FileTokens(path)):
        with pytest.raises(ConfigurationError, match="token's path") as raised:
            use()
        assert str(path) in raised.value.message
        assert raised.value.remedy
    assert what_is_there(path.parent) == before


@pytest.mark.parametrize("below", ["below", "below/that", "x" * 300])
def test_a_path_through_a_file_or_too_long_is_refused(path: Path, below: str) -> None:
    kept(path)
    odd = path / below if len(below) < 256 else path.with_name(below)
    for use in every_use(FileTokens(odd)):
        with pytest.raises(ConfigurationError, match="No file can be at the token's path"):
            use()
    assert path.read_text() == "t0ken\n"


def test_a_path_through_a_link_to_nowhere_is_refused(path: Path) -> None:
    path.symlink_to("unmounted")
    with pytest.raises(ConfigurationError, match="A link on the token's path leads nowhere"):
        FileTokens(path / "token").save("t0ken")
    assert path.is_symlink()
    assert not (path.parent / "unmounted").exists()


@pytest.mark.parametrize("odd", ["", "a\0b", None, 5, b"token", "~nobody-of-that-name/token"])
def test_what_is_no_path_is_refused(odd: Any) -> None:
    with pytest.raises(ConfigurationError, match="no usable path") as raised:
        FileTokens(odd)
    assert "a file" in raised.value.remedy


@pytest.mark.parametrize("text", ["", "\n", "  \n"])
def test_a_blank_file_is_no_token(path: Path, text: str) -> None:
    assert FileTokens(kept(path, text)).load() is None


@pytest.mark.parametrize("odd", ["t0kén", "t0\udc80ken", "t0\nken", b"t0ken"])
def test_what_is_no_token_is_not_kept_and_not_shown(path: Path, odd: Any) -> None:
    kept(path)
    with pytest.raises(ConfigurationError, match="no token has") as raised:
        FileTokens(path).save(odd)
    assert raised.value.__context__ is None
    assert FileTokens(path).load() == "t0ken"


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


class Meanwhile:
    """Another process that saves a token while the first one looks which is there."""

    def __init__(self, path: Path) -> None:
        self._saving = threading.Thread(target=FileTokens(path).save, args=("newer",))

    def saves(self) -> None:
        self._saving.start()
        self._saving.join(0.2)  # it ends where nothing keeps it waiting

    def ends(self) -> None:
        self._saving.join(10)


def test_a_token_that_is_saved_while_another_is_forgotten_stays(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens, meanwhile = FileTokens(kept(path)), Meanwhile(path)
    remove = Path.unlink

    def late(self: Path, *, missing_ok: bool = False) -> None:
        meanwhile.saves()
        remove(self, missing_ok=missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", late)
        tokens.discard("t0ken")
    meanwhile.ends()
    assert tokens.load() == "newer"
    assert list(path.parent.iterdir()) == [path]


def test_of_tokens_that_are_there_only_the_one_is_forgotten(path: Path) -> None:
    tokens = FileTokens(kept(path))
    tokens.discard("another")
    assert tokens.load() == "t0ken"
    tokens.discard("t0ken")
    tokens.discard("t0ken")
    assert list(path.parent.iterdir()) == []


def test_whoever_waited_for_a_file_looks_at_the_one_in_its_place(path: Path) -> None:
    kept(path)
    done = threading.Event()

    def forget() -> None:
        FileTokens(path).discard("newer")
        done.set()

    with turn(path):
        waiting = threading.Thread(target=forget)
        waiting.start()
        fresh = kept(path.with_name("fresh"), "newer")
        waited = not done.wait(0.1)
        fresh.replace(path)
    waiting.join(10)
    assert waited
    assert not path.exists()


def test_whoever_waited_for_a_file_has_the_turn_at_the_one_in_its_place(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, fresh = fcntl.flock, [kept(path.with_name("fresh"), "newer")]

    def replaced_meanwhile(descriptor: int, operation: int) -> None:
        lock(descriptor, operation)
        while fresh:
            fresh.pop().replace(path)

    kept(path)
    monkeypatch.setattr(fcntl, "flock", replaced_meanwhile)
    with turn(path), path.open() as another, pytest.raises(BlockingIOError):
        lock(another.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_file_system_without_locks_is_used_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", unknown)
    tokens = FileTokens(path)
    tokens.save("t0ken")
    tokens.discard("t0ken")
    assert tokens.load() is None


def test_every_folder_that_is_made_is_for_its_owner(tmp_path: Path) -> None:
    FileTokens(tmp_path / "ours" / "of" / "token").save("t0ken")
    made = [tmp_path / "ours", tmp_path / "ours" / "of"]
    assert [stat.S_IMODE(one.stat().st_mode) for one in made] == [0o700, 0o700]


def test_no_token_shows(path: Path) -> None:
    tokens = FileTokens(kept(path))
    tokens.load()
    assert repr(tokens) == f"FileTokens({str(path)!r})"
