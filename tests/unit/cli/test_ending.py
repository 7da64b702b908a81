"""A command's process ends with its status, though a thread of a plugin hangs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

import pytest

from fulfillment_sdk.cli.ending import ends_in_time


@pytest.mark.parametrize(("code", "status"), [(None, 0), (0, 0), (3, 3), ("Error: no", 1)])
def test_a_thread_that_hangs_is_left_behind_with_the_status_as_usual(
    code: str | int | None, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    left: list[int] = []
    release = threading.Event()

    def command() -> None:
        threading.Thread(target=release.wait).start()
        sys.exit(code)

    with pytest.raises(SystemExit):
        ended(command, left)
    release.set()

    assert left == [status]
    assert capsys.readouterr().err == ("Error: no\n" if status == 1 else "")


def test_without_such_a_thread_the_process_ends_as_ever() -> None:
    left: list[int] = []
    hangs = threading.Event()
    threading.Thread(target=hangs.wait).start()  # was there before

    def command() -> None:
        threading.Thread(target=hangs.wait, daemon=True).start()
        sys.exit(0)

    with pytest.raises(SystemExit):
        ended(command, left)
    hangs.set()

    assert left == []


def ended(command: Callable[[], None], left: list[int]) -> None:
    with ends_in_time(patience=0.01, leave=left.append):
        command()
