"""A file that gets whole lines or none."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fulfillment_sdk.plugins.bundled.jsonl.line_file import LineFile
from fulfillment_sdk.plugins.bundled.jsonl.lines import BEGINNING
from fulfillment_sdk.plugins.bundled.jsonl.rotation import Rotation
from tests.unit.plugins.bundled.limits import no_file_larger_than

NOON = 1_743_940_800.0  # 2025-04-06T12:00:00Z
DAY = 86_400.0

Open = Callable[..., LineFile]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def opened(path: Path) -> Iterator[Open]:
    files: list[LineFile] = []

    def make(rotation: Rotation | None = None, *, at: Path = path) -> LineFile:
        file = LineFile(at, rotation=rotation or Rotation(), fsync=True, clock=lambda: NOON)
        files.append(file)
        file.open()
        return file

    yield make
    for file in files:
        file.close()


def test_whoever_opens_a_file_has_the_disk_know_its_name_once(
    opened: Open, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []

    def sync(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))

    monkeypatch.setattr("os.fsync", sync)
    first, second = opened(), opened()
    first.append([b"{}\n"])  # and may die before it comes to the folder
    synced.clear()

    second.append([b"{}\n"])
    second.append([b"{}\n"])
    path.rename(path.with_suffix(".old"))
    second.append([b"{}\n"])

    assert synced == [False, True, False, False, True]


def test_a_folder_that_is_not_there_is_not_made(opened: Open, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        opened(at=tmp_path / "unmounted" / "audit.jsonl")

    assert not (tmp_path / "unmounted").exists()


def test_what_is_no_regular_file_is_refused(opened: Open, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(OSError, match="not a regular file"):
        opened(at=tmp_path / "pipe")
    with pytest.raises(IsADirectoryError):
        opened(at=tmp_path)


def test_who_can_t_find_the_file_again_lets_go_of_its_lock(opened: Open, tmp_path: Path) -> None:
    folder, aside = tmp_path / "told", tmp_path / "aside"
    folder.mkdir()
    file = opened(at=folder / "audit.jsonl")
    folder.rename(aside)
    folder.touch()

    with pytest.raises(NotADirectoryError):
        file.append([b"{}\n"])

    with (aside / "audit.jsonl").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_disk_that_takes_a_part_has_nothing_of_it_in_the_end(opened: Open, path: Path) -> None:
    file = opened()
    file.append([b"one\n"])

    with no_file_larger_than(10), pytest.raises(OSError, match="File too large"):
        file.append([b"two\n", b"three\n"])

    assert path.read_bytes() == b"one\n"


def test_a_line_that_was_never_finished_is_cut_off_when_the_file_is_opened(
    opened: Open, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(b"one\n" + BEGINNING + b"x" * 200_000)

    opened()

    assert path.read_bytes() == b"one\n"
    assert "a line that was never finished was cut off" in caplog.text


def test_a_file_that_is_mended_keeps_its_day(opened: Open, path: Path) -> None:
    path.write_bytes(b"yesterday\n" + BEGINNING)
    os.utime(path, (NOON - DAY, NOON - DAY))

    opened(Rotation(daily=True)).append([b"today\n"])

    assert path.with_name("audit.2025-04-05.0001.jsonl").read_bytes() == b"yesterday\n"


def test_a_line_that_another_process_left_is_cut_off_before_the_next_one(
    opened: Open, path: Path
) -> None:
    file = opened()
    with path.open("ab") as dying:
        dying.write(b'{"rece')

    file.append([b"one\n"])

    assert path.read_bytes() == b"one\n"


def test_what_somebody_else_wrote_is_not_cut_off(opened: Open, path: Path) -> None:
    path.write_bytes(b"by hand")

    opened().append([b"one\n"])

    assert path.read_bytes() == b"by hand\none\n"


def test_it_is_its_owner_s_alone(opened: Open, path: Path) -> None:
    opened().append([b"one\n"])

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_lines_are_added_behind_those_that_are_there(opened: Open, path: Path) -> None:
    path.write_bytes(b"zero\n")

    opened().append([b"one\n", b"two\n"])

    assert path.read_bytes() == b"zero\none\ntwo\n"


def test_a_file_that_was_moved_away_is_made_anew(opened: Open, path: Path) -> None:
    file = opened()
    file.append([b"one\n"])
    path.rename(path.with_suffix(".old"))

    file.append([b"two\n"])

    assert path.read_bytes() == b"two\n"


def test_several_write_at_the_same_time_and_every_line_is_whole(opened: Open, path: Path) -> None:
    files = [opened(Rotation(most_bytes=4000)) for _ in range(4)]
    lines = {(n, k): b"%d:%d:" % (n, k) + b"x" * 90 + b"\n" for n in range(4) for k in range(100)}

    def write(number: int) -> None:
        for k in range(100):
            files[number].append([lines[number, k]])

    threads = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    parts = [one.read_bytes() for one in sorted(path.parent.iterdir())]
    assert sorted(b"".join(parts).splitlines(keepends=True)) == sorted(lines.values())
    assert all(len(part) <= 4000 for part in parts)


def test_a_file_of_another_day_is_laid_aside_under_its_own_day(opened: Open, path: Path) -> None:
    path.write_bytes(b"yesterday\n")
    os.utime(path, (NOON - DAY, NOON - DAY))

    opened(Rotation(daily=True)).append([b"today\n"])

    assert path.read_bytes() == b"today\n"
    assert path.with_name("audit.2025-04-05.0001.jsonl").read_bytes() == b"yesterday\n"


def test_a_batch_is_spread_over_as_many_files_as_it_needs_and_the_oldest_go(
    opened: Open, path: Path
) -> None:
    file = opened(Rotation(most_bytes=10, keep=2))

    file.append([b"1 3 5 7\n", b"2\n", b"3\n", b"4 of a line too long\n", b"5\n", b"6\n"])

    assert path.read_bytes() == b"5\n6\n"
    laid_aside = sorted(one for one in path.parent.iterdir() if one != path)
    assert [one.read_bytes() for one in laid_aside] == [b"3\n", b"4 of a line too long\n"]


def test_behind_a_symbolic_link_the_files_stay_together(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    link = tmp_path / "audit.jsonl"
    link.symlink_to(tmp_path / "volume" / "events.jsonl")
    file = opened(Rotation(most_bytes=5), at=link)

    file.append([b"one\n", b"two\n"])

    assert link.is_symlink()
    assert link.read_bytes() == b"two\n"
    assert len(list((tmp_path / "volume").iterdir())) == 2
