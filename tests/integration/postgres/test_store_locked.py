"""A row that somebody keeps holds up those who want it, and nobody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.store import Store, StoreFuture
from fulfillment_sdk.store.engine import make_engine
from tests.integration.postgres.test_store_server import store, url
from tests.unit.store.conftest import texts
from tests.unit.store.held import held_writer
from tests.unit.store.notes import add, notes

__all__ = ["store", "url"]

SOON = 5  # seconds; who waited for a lock to its end, or behind one who does, takes longer


class Counter:
    """Touches one row an item, makes it where it is not there, and keeps what it was called with.

    As accepting does with lanes: whoever touches a row keeps it until the commit.
    """

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def touch(self, connection: sa.Connection, items: Sequence[str]) -> list[str]:
        self.calls.append(list(items))
        connection.execute(
            sa.text(
                "INSERT INTO notes_notes (text) VALUES (:text) "
                "ON CONFLICT (text) DO UPDATE SET text = excluded.text"
            ),
            [{"text": item.partition(".")[0]} for item in sorted(items)],
        )
        return list(items)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody in these tests is to wait for the end of it, unless it is what they are about."""
    monkeypatch.setattr("fulfillment_sdk.store.siding.MOST_SECONDS", 60)


@contextmanager
def kept(store: Store, *rows: str) -> Iterator[None]:
    """Keep rows in a transaction of somebody else's, for as long as the block runs."""
    for row in rows:
        store.write(lambda c, row=row: add(c, row)).result(SOON)  # type: ignore[misc]
    engine = make_engine(make_url(store.url).render_as_string(hide_password=False), readonly=False)
    try:
        with closing(engine.connect()) as connection, connection.begin():
            connection.execute(sa.select(notes).where(notes.c.text.in_(rows)).with_for_update())
            yield
    finally:
        engine.dispose()


def results(futures: Sequence[StoreFuture[str]], seconds: float = SOON) -> list[str]:
    return [future.result(seconds) for future in futures]


@pytest.mark.usefixtures("patience")
def test_strangers_are_written_while_a_row_is_kept_and_the_others_once_it_is_free(
    store: Store,
) -> None:
    counter = Counter()
    with kept(store, "kept"):
        release = held_writer(store)
        strangers, blocked = [], []
        for n in range(5):
            blocked.append(store.write_each(counter.touch, f"kept.{n}"))
            strangers.append(store.write_each(counter.touch, f"s{n}"))
        release()

        assert results(strangers) == [f"s{n}" for n in range(5)]
        late = store.write_each(counter.touch, "late")
        assert late.result(SOON) == "late"
        assert not any(future.done() for future in blocked)

    assert results(blocked) == [f"kept.{n}" for n in range(5)]
    assert texts(store).count("kept") == 1


@pytest.mark.usefixtures("patience")
def test_one_that_is_blocked_among_many_is_found_by_halving(store: Store) -> None:
    counter = Counter()
    with kept(store, "m500"):
        release = held_writer(store)
        futures = [store.write_each(counter.touch, f"m{n:03}") for n in range(1000)]
        release()
        others = [future for n, future in enumerate(futures) if n != 500]

        assert len(results(others)) == 999
        assert not futures[500].done()
        assert len([call for call in counter.calls if "m500" in call and len(call) > 1]) <= 12
        assert len(counter.calls) < 50

    assert futures[500].result(SOON) == "m500"


@pytest.mark.usefixtures("patience")
def test_other_calls_go_on_while_more_wait_than_there_are_threads(store: Store) -> None:
    counter, other = Counter(), Counter()
    rows = [f"kept{n}" for n in range(8)]
    with kept(store, *rows):
        blocked = [store.write_each(counter.touch, row) for row in rows]
        blocked += [store.write(lambda c, row=row: counter.touch(c, [row])[0]) for row in rows]  # type: ignore[misc]

        for n in range(20):
            assert store.write_each(other.touch, f"settled{n}").result(SOON) == f"settled{n}"
            assert store.write(lambda c, n=n: add(c, f"{n}")).result(SOON) == f"{n}"  # type: ignore[misc]
        assert not any(future.done() for future in blocked)

    assert results(blocked) == rows * 2


def test_what_is_blocked_for_too_long_is_unavailable_all_of_it_at_about_the_same_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.store.siding.MOST_SECONDS", 0.5)
    counter = Counter()
    with kept(store, "kept"):
        release = held_writer(store)
        futures = [store.write_each(counter.touch, f"kept.{n}") for n in range(12)]
        release()
        started = time.monotonic()

        for future in futures:
            with pytest.raises(StoreUnavailable, match="lock timeout"):
                future.result(10)
        assert time.monotonic() - started < 6, "each for itself would take seven seconds or more"

    assert store.write_each(counter.touch, "kept").result(SOON) == "kept"


@pytest.mark.usefixtures("patience")
def test_a_row_that_is_freed_does_not_wait_behind_one_that_is_kept(store: Store) -> None:
    counter = Counter()
    with kept(store, "kept"):
        blocked = [store.write_each(counter.touch, "kept") for _ in range(4)]
        with kept(store, "freed"):
            freed = store.write_each(counter.touch, "freed")
        assert freed.result(SOON) == "freed"
        assert not any(future.done() for future in blocked)
    assert results(blocked) == ["kept"] * 4


@pytest.mark.usefixtures("patience")
def test_what_waits_for_a_lock_is_written_before_the_store_closes(store: Store) -> None:
    counter = Counter()
    with kept(store, "kept"):
        futures = [store.write_each(counter.touch, f"kept.{n}") for n in range(3)]
        closing_store = threading.Thread(target=store.close)
        closing_store.start()
        with pytest.raises(TimeoutError):
            futures[0].result(0.6)  # it has had a turn by now
    closing_store.join(SOON)

    assert results(futures) == ["kept.0", "kept.1", "kept.2"]
