"""A fork finds no connection to an SQLite file open: the child's copy would spoil the file."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from fulfillment_sdk.store import Store
from tests.unit.store.conftest import texts
from tests.unit.store.notes import add
from tests.unit.store.test_listening import Ear

MOST_FILES = 4096


def open_files_of(folder: Path) -> list[str]:
    """Return which files of `folder` this process holds open."""
    names = {(found.stat().st_dev, found.stat().st_ino): found.name for found in folder.iterdir()}
    return sorted(names[key] for key in _open_files() if key in names)


def _open_files() -> Iterator[tuple[int, int]]:
    for number in range(MOST_FILES):
        with contextlib.suppress(OSError):
            found = os.fstat(number)
            yield found.st_dev, found.st_ino


def open_in_a_child(folder: Path) -> list[str]:
    """Fork, and return which files of `folder` the child got with it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, " ".join(open_files_of(folder)).encode() or b"none")
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        words = told.read().split()
    os.waitpid(child, 0)
    assert words, "the child told nothing"
    return [] if words == ["none"] else words


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")


def test_a_child_inherits_no_connection_of_a_store_in_use(store: Store, tmp_path: Path) -> None:
    ear = Ear()
    store.listen(ear)
    assert ear.hears()
    store.write(lambda c: add(c, "before")).result(10)
    assert texts(store) == ["before"]
    assert open_files_of(tmp_path), "else there is nothing to inherit"

    assert open_in_a_child(tmp_path) == []
    store.write(lambda c: add(c, "after")).result(10)
    assert texts(store) == ["before", "after"]


def test_a_fork_waits_for_the_transaction_at_hand(store: Store, tmp_path: Path) -> None:
    begun = threading.Event()

    def takes_its_time(connection: sa.Connection) -> str:
        begun.set()
        threading.Event().wait(0.2)
        return add(connection, "slow")

    slow = store.write(takes_its_time)
    assert begun.wait(10)

    assert open_in_a_child(tmp_path) == []
    assert slow.result(10) == "slow"
