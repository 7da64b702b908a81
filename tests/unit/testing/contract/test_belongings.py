"""What a process has more of than before, whatever others end meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from fulfillment_sdk.testing.contract.belongings import Belongings


@pytest.fixture
def end() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def started(end: threading.Event) -> threading.Thread:
    thread = threading.Thread(target=end.wait, daemon=True)
    thread.start()
    return thread


def test_a_thread_that_ends_makes_up_for_none_that_is_left(end: threading.Event) -> None:
    others_end = threading.Event()
    other = started(others_end)
    before = Belongings.now()

    started(end)
    others_end.set()
    other.join()

    assert before.outgrown_by(1, patience=0.0) == "1 threads"


def test_a_file_that_is_closed_makes_up_for_none_that_is_left() -> None:
    other = os.open(os.devnull, os.O_RDONLY)
    before = Belongings.now()
    left = os.pipe()
    os.close(other)

    assert before.outgrown_by(2, patience=0.0) == "2 open files"
    for descriptor in left:
        os.close(descriptor)
    assert before.outgrown_by(1, patience=0.0) == ""
