"""Writes share commits, and nothing else."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import ConfigurationError, StoreError, StoreUnavailable
from fulfillment_sdk.store import Sealer, Store
from fulfillment_sdk.store.engine import make_engine
from tests.unit.store.conftest import NOTES, texts
from tests.unit.store.held import held_writer
from tests.unit.store.notes import add, notes

SEALER = Sealer([("k", b"k" * 32)])


def test_a_write_that_raises_undoes_only_itself(store: Store) -> None:
    def fails(connection: sa.Connection) -> NoReturn:
        add(connection, "half done")
        raise ValueError("no")

    release = held_writer(store)
    before = store.write(lambda c: add(c, "before"))
    failing = store.write(fails)
    after = store.write(lambda c: add(c, "after"))
    release()

    assert (before.result(), after.result()) == ("before", "after")
    with pytest.raises(ValueError, match="no"):
        failing.result()
    assert texts(store) == ["before", "after"]


def test_an_integrity_error_reaches_its_caller_alone(store: Store) -> None:
    release = held_writer(store)
    first = store.write(lambda c: add(c, "same"))
    second = store.write(lambda c: add(c, "same"))
    third = store.write(lambda c: add(c, "other"))
    release()

    assert first.result() == "same"
    with pytest.raises(sa.exc.IntegrityError):
        second.result()
    assert third.result() == "other"


def test_writes_that_pile_up_share_one_commit(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.store.writer.LONGEST_SECONDS", 60)
    commits: list[None] = []
    store.on_commit(lambda: commits.append(None))
    release = held_writer(store)
    futures = [store.write(partial(add, text=f"note {n}")) for n in range(50)]
    release()

    assert [future.result() for future in futures] == [f"note {n}" for n in range(50)]
    assert len(commits) == 1


def test_a_future_resolves_only_after_the_commit(store: Store, url: str) -> None:
    store.write(lambda c: add(c, "durable")).result()

    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as other:
        assert other.execute("SELECT text FROM notes_notes").fetchall() == [("durable",)]


async def test_a_future_can_be_awaited(store: Store) -> None:
    assert await store.write(lambda c: add(c, "from a loop")) == "from a loop"
    assert await store.read(lambda c: c.execute(sa.select(notes.c.text)).scalar_one()) == (
        "from a loop"
    )


def test_a_cancelled_write_that_has_not_begun_does_nothing(store: Store) -> None:
    release = held_writer(store)
    cancelled = store.write(lambda c: add(c, "unwanted"))

    assert cancelled.cancel()
    release()
    store.write(lambda c: add(c, "wanted")).result()
    assert texts(store) == ["wanted"]


def test_what_was_queued_before_closing_is_written(url: str) -> None:
    store = Store.open(url, schemas=[NOTES], sealer=SEALER)
    release = held_writer(store)
    future = store.write(lambda c: add(c, "last"))
    threading.Thread(target=release).start()
    store.close()

    assert future.result() == "last"
    with pytest.raises(StoreError, match="closed"):
        store.write(lambda c: add(c, "too late")).result()


def test_reading_cannot_write(store: Store) -> None:
    with pytest.raises(StoreUnavailable):
        store.read(lambda c: add(c, "sneaked in")).result()
    assert texts(store) == []


def test_a_database_that_somebody_else_has_locked_is_unavailable_and_loses_nothing(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.store.engine._BUSY_SECONDS", 0.01)
    with Store.open(url, schemas=[NOTES], sealer=SEALER) as store:
        other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            store.write(lambda c: add(c, "blocked")).result()
        other.execute("ROLLBACK")
        other.close()

        assert store.write(lambda c: add(c, "again")).result() == "again"
        assert texts(store) == ["again"]


def test_while_the_database_is_locked_all_who_wait_fail_together(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.store.engine._BUSY_SECONDS", 0.3)
    with Store.open(url, schemas=[NOTES], sealer=SEALER) as store:
        other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        futures = [store.write(partial(add, text=f"{n}")) for n in range(40)]
        errors = [type(future.exception(20)) for future in futures]
        seconds = time.monotonic() - started
        other.execute("ROLLBACK")
        other.close()

    assert errors == [StoreUnavailable] * 40
    assert seconds < 6, "one after the other would take 12 seconds"


def test_a_full_disk_is_unavailable_and_the_store_goes_on_when_there_is_space(
    store: Store,
) -> None:
    def limit(pages: int) -> None:
        store.write(lambda c: c.exec_driver_sql(f"PRAGMA max_page_count={pages}")).result()

    limit(8)
    with pytest.raises(StoreUnavailable, match="full"):
        store.write(lambda c: add(c, "x" * 100_000)).result()
    limit(100_000)

    assert store.write(lambda c: add(c, "it fits")).result() == "it fits"
    assert texts(store) == ["it fits"]


def test_a_damaged_file_is_unavailable_to_readers_and_writers(store: Store, url: str) -> None:
    store.write(lambda c: add(c, "before")).result()
    store.close()
    file = Path(url.removeprefix("sqlite:///"))
    file.write_bytes(b"?" * file.stat().st_size)
    damaged = Store(url, sealer=SEALER, clock=time.time)
    for use in (damaged.read, damaged.write):
        with pytest.raises(StoreUnavailable, match="not a database"):
            use(lambda c: c.exec_driver_sql("SELECT * FROM notes_notes").all()).result()
    damaged.close()


def test_a_connection_that_nobody_gets_is_unavailable(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_engine: sa.Engine) -> sa.Connection:
        raise sa.exc.InvalidRequestError("This connection is closed")  # after three in vain

    monkeypatch.setattr(sa.Engine, "connect", gone)
    for use in (store.read, store.write):
        with pytest.raises(StoreUnavailable):
            use(lambda _connection: None).result()


def test_many_threads_write_at_once_without_a_locked_database(store: Store) -> None:
    with ThreadPoolExecutor(16) as pool:
        results = pool.map(lambda n: store.write(lambda c: add(c, f"{n:03}")).result(), range(200))
        assert sorted(results) == [f"{n:03}" for n in range(200)]
    assert len(texts(store)) == 200


def test_commits_are_synchronous_and_journalled(store: Store) -> None:
    def pragma(name: str) -> object:
        return store.write(lambda c: c.exec_driver_sql(f"PRAGMA {name}").scalar_one()).result()

    assert (pragma("synchronous"), pragma("journal_mode")) == (2, "wal")


def test_a_store_may_be_opened_before_a_fork(url: str) -> None:
    store = Store.open(url, schemas=[NOTES], sealer=SEALER)
    store.write(lambda c: add(c, "parent")).result()
    child = os.fork()
    if child == 0:
        try:
            store.write(lambda c: add(c, "child")).result(10)
        finally:
            os._exit(0)
    os.waitpid(child, 0)

    assert texts(store) == ["parent", "child"]
    store.close()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:store?mode=memory&cache=shared&uri=true",
        "sqlite:///store.db?mode=memory",
        "mysql://x/y",
        "not a url",
    ],
)
def test_a_database_that_would_forget_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        make_engine(url, readonly=False)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:hush-hush/name",
        "postgresql://user:pass@host:hush-hush/name",
        "postgresql://user:pass@/name?port=hush-hush",
        "postgresql://user:pass@/name?host=a,b&port=hush-hush",
        "postgresql://user:pass@127.0.0.1/name?connect_timeout=hush-hush",
    ],
)
def test_a_url_that_cannot_be_read_is_not_repeated(url: str) -> None:
    with pytest.raises((ConfigurationError, StoreUnavailable)) as refused:
        Store.open(url, schemas=[NOTES], sealer=Sealer([("k", b"k" * 32)]))
    assert "hush-hush" not in str(refused.value)


def test_a_postgresql_url_gets_our_driver() -> None:
    engine = make_engine("postgresql://someone@localhost/x", readonly=False)

    assert engine.url.drivername == "postgresql+psycopg"


def test_a_fresh_database_gets_every_revision(store: Store) -> None:
    def version(connection: sa.Connection) -> object:
        return connection.exec_driver_sql("SELECT version_num FROM notes_schema_version").scalar()

    assert store.read(version).result() == "0002" == NOTES.head


def test_an_older_database_is_brought_up_to_date(url: str, store: Store) -> None:
    store.close()
    with sqlite3.connect(url.removeprefix("sqlite:///")) as old:
        old.execute("DROP INDEX uq_notes_notes_text")
        old.execute("UPDATE notes_schema_version SET version_num = '0001'")
        old.execute("INSERT INTO notes_notes (text) VALUES ('kept')")
    old.close()

    with Store.open(url, schemas=[NOTES], sealer=SEALER) as newer:
        assert texts(newer) == ["kept"]
        newer.write(lambda c: add(c, "one")).result()
        with pytest.raises(sa.exc.IntegrityError):
            newer.write(lambda c: add(c, "one")).result()


def test_a_newer_database_is_refused_with_what_to_do(url: str, store: Store) -> None:
    store.close()
    with sqlite3.connect(url.removeprefix("sqlite:///")) as newer:
        newer.execute("UPDATE notes_schema_version SET version_num = '0099'")
    newer.close()

    with pytest.raises(StoreError, match="newer"):
        Store.open(url, schemas=[NOTES], sealer=SEALER)


def test_a_database_in_a_place_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "x.db").mkdir()

    with pytest.raises(StoreUnavailable, match="disk space, permissions"):
        Store.open(f"sqlite:///{tmp_path}/x.db", schemas=[NOTES], sealer=SEALER)


def test_an_up_to_date_database_opens_without_alembic(url: str, store: Store) -> None:
    store.close()
    code = (
        "import sys\n"
        "from tests.unit.store.conftest import NOTES\n"
        "from tests.unit.store.test_store import SEALER\n"
        "from fulfillment_sdk.store import Store\n"
        "before = 'alembic' in sys.modules\n"
        f"Store.open({url!r}, schemas=[NOTES], sealer=SEALER)\n"
        "print(before, 'alembic' in sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("place", [0, 1])
def test_a_write_that_goes_on_after_the_database_undid_it_is_not_acknowledged(
    store: Store, place: int
) -> None:
    def swallows(connection: sa.Connection) -> str:
        connection.exec_driver_sql("ROLLBACK")  # as SQLite does by itself where a disk is full
        return "fine"

    release = held_writer(store)
    before = [store.write(lambda c: add(c, "before")) for _ in range(place)]
    swallowing = store.write(swallows)
    release()

    for future in [*before, swallowing]:
        with pytest.raises(StoreError):
            future.result(10)
    assert texts(store) == []
