"""What a server does and a file does not: other writers, deadlocks, restarts, its own settings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from fulfillment_sdk.errors import StoreError, StoreUnavailable
from fulfillment_sdk.store import Sealer, Store
from fulfillment_sdk.store.writer import TRIES
from tests.postgres import Server
from tests.unit.store.conftest import NOTES, texts
from tests.unit.store.held import held_writer
from tests.unit.store.notes import add, notes
from tests.unit.store.test_listening import Ear, announced

DEADLOCK = "DO $$ BEGIN RAISE EXCEPTION 'given up' USING ERRCODE = '40P01'; END $$"
SEALER = Sealer([("k", b"k" * 32)])


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url, schemas=[NOTES], sealer=SEALER) as opened:
        yield opened


@pytest.fixture
def one_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is submitted while the only writer is held shares one commit."""
    monkeypatch.setattr("fulfillment_sdk.store.process.SERVER_WRITERS", 1)
    monkeypatch.setattr("fulfillment_sdk.store.writer.LONGEST_SECONDS", 60)


def show(store: Store, *names: str) -> list[object]:
    return store.write(
        lambda c: [c.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names]
    ).result(10)


def alter(postgres: Server, url: str, setting: str) -> None:
    postgres.run(f"ALTER DATABASE {make_url(url).database} SET {setting}")


def outside(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection that is not the store's."""
    plain = make_url(url).set(drivername="postgresql")
    return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)


@pytest.mark.parametrize(
    ("theirs", "ours"), [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")]
)
def test_commits_wait_for_the_disk_whatever_the_database_is_set_to(
    postgres: Server, url: str, theirs: str, ours: str
) -> None:
    alter(postgres, url, f"synchronous_commit = {theirs}")
    with Store.open(url, schemas=[NOTES], sealer=SEALER) as store:
        assert show(store, "synchronous_commit") == [ours]


def test_no_lock_statement_or_forgotten_transaction_lasts_for_ever(store: Store) -> None:
    assert show(
        store, "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"
    ) == ["250ms", "1min", "15s"]


def test_all_statements_of_a_read_see_one_moment(store: Store) -> None:
    def look(connection: sa.Connection) -> tuple[int, int]:
        count = sa.select(sa.func.count()).select_from(notes)
        before = connection.execute(count).scalar_one()
        store.write(lambda c: add(c, "meanwhile")).result(10)
        return before, connection.execute(count).scalar_one()

    assert store.read(look).result(10) == (0, 0)
    assert texts(store) == ["meanwhile"]


@pytest.mark.usefixtures("one_writer")
def test_what_the_database_gave_up_runs_again_alone_and_its_neighbours_too(store: Store) -> None:
    runs: list[str] = []

    def unlucky(connection: sa.Connection) -> str:
        runs.append("unlucky")
        if len(runs) == 1:
            connection.exec_driver_sql(DEADLOCK)
        return add(connection, "unlucky")

    release = held_writer(store)
    before = store.write(lambda c: add(c, "before"))
    middle = store.write(unlucky)
    after = store.write(lambda c: add(c, "after"))
    release()

    assert [future.result(10) for future in (before, middle, after)] == [
        "before",
        "unlucky",
        "after",
    ]
    assert sorted(texts(store)) == ["after", "before", "unlucky"]
    assert len(runs) == 2


@pytest.mark.usefixtures("one_writer")
def test_what_is_given_up_again_and_again_is_unavailable_after_some_tries(store: Store) -> None:
    runs: list[Sequence[str]] = []

    def doomed(connection: sa.Connection, items: Sequence[str]) -> Sequence[str]:
        runs.append(items)
        if "doomed" in items:
            connection.exec_driver_sql(DEADLOCK)
        return [add(connection, item) for item in items]

    release = held_writer(store)
    futures = [store.write_each(doomed, item) for item in ("a", "doomed", "b")]
    release()

    assert (futures[0].result(10), futures[2].result(10)) == ("a", "b")
    with pytest.raises(StoreUnavailable):
        futures[1].result(10)
    assert texts(store) == ["a", "b"]
    assert len([items for items in runs if "doomed" in items]) == TRIES + 1


def test_a_real_deadlock_of_two_processes_ends_well_for_both(
    postgres: Server, url: str, store: Store
) -> None:
    alter(postgres, url, "deadlock_timeout = '50ms'")
    met = threading.Barrier(2)

    def crosswise(first: str, second: str) -> Callable[[sa.Connection], str]:
        tries: list[None] = []

        def work(connection: sa.Connection) -> str:
            for text in (first, second):
                connection.execute(
                    sa.update(notes).where(notes.c.text == text).values(text=notes.c.text)
                )
                if not tries:
                    tries.append(None)
                    met.wait(10)
            return first

        return work

    store.write(lambda c: [add(c, "a"), add(c, "b")]).result(10)
    with Store.open(url, schemas=[NOTES], sealer=SEALER) as other:
        one, two = other.write(crosswise("a", "b")), store.write(crosswise("b", "a"))
        assert (one.result(20), two.result(20)) == ("a", "b")


@pytest.mark.usefixtures("one_writer")
def test_a_lock_that_somebody_keeps_fails_only_who_wants_it(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.store.siding.MOST_SECONDS", 0.2)
    store.write(lambda c: add(c, "kept")).result(10)

    def wants(connection: sa.Connection) -> None:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
        connection.execute(sa.select(notes).where(notes.c.text == "kept").with_for_update())

    with closing(outside(url)) as holder, holder.transaction():
        holder.execute("SELECT * FROM notes_notes FOR UPDATE")
        release = held_writer(store)
        waiting = store.write(wants)
        neighbour = store.write(lambda c: add(c, "neighbour"))
        release()

        with pytest.raises(StoreUnavailable, match="lock timeout"):
            waiting.result(10)
        assert neighbour.result(10) == "neighbour"


@pytest.mark.usefixtures("one_writer")
@pytest.mark.parametrize("place", [0, 1])
def test_a_write_that_goes_on_after_a_refused_statement_is_not_acknowledged(
    store: Store, place: int
) -> None:
    def swallows(connection: sa.Connection) -> str:
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(sa.insert(notes).values(text=None))
        return "fine"

    release = held_writer(store)
    before = [store.write(lambda c: add(c, "before")) for _ in range(place)]
    swallowing = store.write(swallows)
    after = store.write(lambda c: add(c, "after"))
    release()

    with pytest.raises(StoreError, match="undone"):
        swallowing.result(10)
    assert [future.result(10) for future in [*before, after]] == ["before"] * place + ["after"]
    assert texts(store) == ["before"] * place + ["after"]


def test_after_a_restart_of_the_server_writes_go_on(
    postgres: Server, url: str, store: Store
) -> None:
    store.write(lambda c: add(c, "before")).result(10)
    assert postgres.disconnect_all(url) >= 1

    assert store.write(lambda c: add(c, "after")).result(10) == "after"
    assert texts(store) == ["before", "after"]


@pytest.mark.usefixtures("one_writer")
def test_a_connection_that_breaks_in_a_transaction_fails_it_whole(
    store: Store, postgres: Server, url: str
) -> None:
    def breaks(connection: sa.Connection) -> str:
        add(connection, "half done")
        postgres.disconnect_all(url)
        return add(connection, "never")

    release = held_writer(store)
    before = store.write(lambda c: add(c, "before"))
    breaking = store.write(breaks)
    release()

    for future in (before, breaking):
        with pytest.raises(StoreUnavailable):
            future.result(10)
    assert store.write(lambda c: add(c, "again")).result(10) == "again"
    assert texts(store) == ["again"]


def test_a_server_that_is_away_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable):
        Store.open("postgresql://nobody@/none?host=/nowhere", schemas=[NOTES], sealer=SEALER)


def test_listening_goes_on_after_a_restart_of_the_server(
    postgres: Server, url: str, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    ear = Ear()
    store.listen(ear)
    assert ear.hears()
    postgres.disconnect_all(url)
    assert ear.hears(), "something may have been missed"
    assert "listening failed (OperationalError)" in caplog.text
    assert [one for one in caplog.records if one.exc_info] == [], "one line, and no traceback"
    store.write(announced(store, "news")).result(10)

    assert ear.hears()


@pytest.mark.usefixtures("one_writer")
def test_one_commit_is_one_message_however_many_asked(url: str, store: Store) -> None:
    with closing(outside(url)) as listener:
        channel = listener.execute("SELECT 'fulfillment_' || hashtext('public')").fetchone()
        assert channel is not None
        listener.execute(f'LISTEN "{channel[0]}"'.encode())
        release = held_writer(store)
        futures = [store.write(announced(store, f"{n}")) for n in range(10)]
        release()
        for future in futures:
            future.result(10)
        store.write(announced(store, "last")).result(10)

        assert len(list(listener.notifies(timeout=5, stop_after=2))) == 2
        assert list(listener.notifies(timeout=0.05)) == []


def test_relays_in_two_schemas_of_a_database_do_not_wake_each_other(url: str, store: Store) -> None:
    store.write(lambda c: c.exec_driver_sql("CREATE SCHEMA second")).result(10)
    second = make_url(url).update_query_dict({"options": "-csearch_path=second"})
    with Store.open(
        second.render_as_string(hide_password=False), schemas=[NOTES], sealer=SEALER
    ) as other:
        ear, theirs = Ear(), Ear()
        store.listen(ear)
        other.listen(theirs)
        assert ear.hears()
        assert theirs.hears()
        other.write(announced(other, "news")).result(10)

        assert theirs.hears()
        assert not ear.hears(0.05)


def test_two_commits_are_under_way_at_once(store: Store) -> None:
    both = threading.Barrier(2)
    futures = []
    for _ in range(2):
        begun = threading.Event()

        def work(_connection: sa.Connection, begun: threading.Event = begun) -> None:
            begun.set()
            both.wait(10)

        futures.append(store.write(work))
        assert begun.wait(10)

    assert [future.result(10) for future in futures] == [None, None]
