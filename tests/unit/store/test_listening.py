"""One process hears of what another has committed and announced."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from fulfillment_sdk.store import Sealer, Store
from fulfillment_sdk.store.ears import FileEar
from fulfillment_sdk.store.engine import make_engine, sqlite_path
from tests.unit.store.conftest import NOTES
from tests.unit.store.notes import add


class Ear:
    """Counts the calls; the first is for the connection that was made."""

    def __init__(self) -> None:
        self._calls: queue.Queue[None] = queue.Queue()

    def __call__(self) -> None:
        self._calls.put(None)

    def hears(self, seconds: float = 10) -> bool:
        try:
            self._calls.get(timeout=seconds)
        except queue.Empty:
            return False
        return True


@pytest.fixture
def other(url: str, store: Store) -> Iterator[Store]:
    """The same database as another process would use it."""
    with Store.open(url, schemas=[NOTES], sealer=Sealer([("k", b"k" * 32)])) as opened:
        yield opened


def announced(store: Store, text: str) -> Callable[[sa.Connection], str]:
    def work(connection: sa.Connection) -> str:
        store.announce(connection)
        return add(connection, text)

    return work


def test_what_another_announces_is_heard(store: Store, other: Store) -> None:
    ear = Ear()
    store.listen(ear)
    assert ear.hears(), "the first time when it is connected"
    other.write(announced(other, "news")).result(10)

    assert ear.hears()


def test_a_file_that_is_reached_by_a_link_is_heard_as_soon(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/real.db"
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    ear = FileEar(make_engine(f"sqlite:///{tmp_path}/link.db", readonly=True))

    assert ear._log == f"{tmp_path}/real.db-wal"
    assert sqlite_path(url) == sqlite_path(f"sqlite:///{tmp_path}/link.db")


def test_what_this_process_announces_is_heard_too(store: Store) -> None:
    ear = Ear()
    store.listen(ear)
    assert ear.hears()
    store.write(announced(store, "news")).result(10)

    assert ear.hears()


def test_what_nobody_announces_is_not_heard(store: Store, other: Store) -> None:
    ear = Ear()
    store.listen(ear)
    assert ear.hears()
    other.write(lambda c: add(c, "quiet")).result(10)
    other.probe().result(10)

    assert not ear.hears(0.05)


def test_a_write_that_failed_is_not_announced_with_the_next_one(store: Store, other: Store) -> None:
    def fails(connection: sa.Connection) -> None:
        other.announce(connection)
        raise ValueError("no")

    ear = Ear()
    store.listen(ear)
    assert ear.hears()
    with pytest.raises(ValueError, match="no"):
        other.write(fails).result(10)
    other.write(lambda c: add(c, "quiet")).result(10)

    assert not ear.hears(0.05)


def test_after_closing_nothing_is_heard(store: Store, other: Store) -> None:
    ear = Ear()
    listening = store.listen(ear)
    assert ear.hears()
    listening.close()
    listening.close()
    other.write(announced(other, "news")).result(10)

    assert not ear.hears(0.05)


def test_closing_ends_the_thread_at_once(store: Store) -> None:
    ear = Ear()
    listening = store.listen(ear)
    assert ear.hears()
    listening.close()

    assert not listening._thread.is_alive()


def test_closing_the_store_ends_all_listening(store: Store) -> None:
    ears = [Ear(), Ear()]
    listenings = [store.listen(ear) for ear in ears]
    assert all(ear.hears() for ear in ears)
    store.close()

    assert not any(listening._thread.is_alive() for listening in listenings)


def test_a_listener_may_close_its_own_listening(store: Store) -> None:
    closed = threading.Event()

    def close() -> None:
        assert made.wait(10)
        listening.close()
        closed.set()

    made = threading.Event()
    listening = store.listen(close)
    made.set()

    assert closed.wait(10)


def test_a_listener_that_raises_is_called_again(store: Store, other: Store) -> None:
    ear = Ear()

    def raises() -> None:
        ear()
        raise ValueError("no")

    store.listen(raises)
    assert ear.hears()
    other.write(announced(other, "news")).result(10)

    assert ear.hears()


def test_a_fork_leaves_the_listening_to_the_parent(store: Store, other: Store) -> None:
    ear = Ear()
    listening = store.listen(ear)
    assert ear.hears()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            listening.close()
            alive = [thread.name for thread in threading.enumerate()]
            status = 0 if "fulfillment-ear" not in alive else 2
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert ear.hears(), "the parent connects again after the fork"
    other.write(announced(other, "news")).result(10)

    assert ear.hears()


def test_a_child_can_listen_for_itself(store: Store, other: Store) -> None:
    store.listen(Ear())
    child = os.fork()
    if child == 0:
        status = 1
        try:
            ear = Ear()
            store.listen(ear)
            assert ear.hears()
            store.write(announced(store, "news")).result(10)
            status = 0 if ear.hears() else 2
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
