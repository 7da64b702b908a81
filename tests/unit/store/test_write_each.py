"""Items of many callers are written by one call, and each caller gets its own answer."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.store import Store
from tests.unit.store.conftest import texts
from tests.unit.store.held import held_writer
from tests.unit.store.notes import add, notes


class Pad:
    """Writes notes, and keeps what it was called with."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def put(self, connection: sa.Connection, items: Sequence[str]) -> list[str]:
        self.calls.append(list(items))
        connection.execute(sa.insert(notes), [{"text": item} for item in items])
        return [item.upper() for item in items]

    def put_unless_bad(self, connection: sa.Connection, items: Sequence[str]) -> list[str]:
        written = self.put(connection, items)
        if "bad" in items:
            raise ValueError("bad")
        return written


def test_what_piles_up_is_handed_over_in_one_call_in_the_order_of_submission(store: Store) -> None:
    pad = Pad()
    release = held_writer(store)
    futures = [store.write_each(pad.put, f"n{n:02}") for n in range(20)]
    release()

    assert [future.result(10) for future in futures] == [f"N{n:02}" for n in range(20)]
    assert pad.calls == [[f"n{n:02}" for n in range(20)]]
    assert texts(store) == pad.calls[0]


def test_different_calls_get_different_items(store: Store) -> None:
    one, two = Pad(), Pad()
    release = held_writer(store)
    futures = [store.write_each(pad.put, f"{n}") for n, pad in enumerate([one, two, one, two])]
    release()

    assert [future.result(10) for future in futures] == ["0", "1", "2", "3"]
    assert (one.calls, two.calls) == ([["0", "2"]], [["1", "3"]])


def test_an_item_that_fails_takes_no_other_along(store: Store) -> None:
    pad = Pad()
    release = held_writer(store)
    neighbour = store.write(lambda c: add(c, "neighbour"))
    futures = [store.write_each(pad.put_unless_bad, item) for item in ("a", "bad", "b")]
    release()

    assert neighbour.result(10) == "neighbour"
    assert (futures[0].result(10), futures[2].result(10)) == ("A", "B")
    with pytest.raises(ValueError, match="bad"):
        futures[1].result(10)
    assert pad.calls == [["a", "bad", "b"], ["a"], ["bad"], ["b"]]
    assert sorted(texts(store)) == ["a", "b", "neighbour"]


def test_an_item_that_the_database_refuses_takes_no_other_along(store: Store) -> None:
    pad = Pad()
    release = held_writer(store)
    futures = [store.write_each(pad.put, item) for item in ("a", "twice", "twice", "b")]
    release()

    assert [future.exception(10) is None for future in futures] == [True, True, False, True]
    with pytest.raises(sa.exc.IntegrityError):
        futures[2].result()
    assert texts(store) == ["a", "twice", "b"]


def test_a_single_item_that_fails_is_tried_once(store: Store) -> None:
    pad = Pad()

    with pytest.raises(ValueError, match="bad"):
        store.write_each(pad.put_unless_bad, "bad").result(10)
    assert pad.calls == [["bad"]]
    assert texts(store) == []


@pytest.mark.parametrize("answer", [[], ["one"], ["one", "two", "three"]])
def test_too_few_or_too_many_results_fail_all_and_keep_nothing(
    store: Store, answer: list[str]
) -> None:
    def miscounts(connection: sa.Connection, items: Sequence[str]) -> list[str]:
        add(connection, items[0])
        return answer

    release = held_writer(store)
    futures = [store.write_each(miscounts, item) for item in ("a", "b")]
    release()

    for future in futures:
        with pytest.raises(StoreError, match="miscounts returned"):
            future.result(10)
    assert texts(store) == []


def test_a_cancelled_item_is_not_handed_over(store: Store) -> None:
    pad = Pad()
    release = held_writer(store)
    futures = [store.write_each(pad.put, item) for item in ("a", "unwanted", "b")]
    assert futures[1].cancel()
    release()

    assert (futures[0].result(10), futures[2].result(10)) == ("A", "B")
    assert pad.calls == [["a", "b"]]


def test_what_is_queued_is_written_before_the_store_closes(store: Store) -> None:
    pad = Pad()
    release = held_writer(store)
    futures = [store.write_each(pad.put, item) for item in ("a", "b")]
    threading.Thread(target=release).start()
    store.close()

    assert [future.result(10) for future in futures] == ["A", "B"]


def test_no_call_gets_more_than_a_commit_takes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.store.writer.MOST_PER_COMMIT", 8)
    pad = Pad()
    release = held_writer(store)
    futures = [store.write_each(pad.put, f"n{n:02}") for n in range(20)]
    release()

    assert [future.result(10) for future in futures] == [f"N{n:02}" for n in range(20)]
    assert max(map(len, pad.calls)) <= 8
    assert sorted(item for call in pad.calls for item in call) == [f"n{n:02}" for n in range(20)]


def test_what_has_not_begun_in_time_is_left_for_the_next_commit(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.store.writer.LONGEST_SECONDS", 0)
    commits: list[None] = []
    release = held_writer(store)
    futures = [store.write(lambda c, n=n: add(c, f"{n}")) for n in range(5)]  # type: ignore[misc]
    store.on_commit(lambda: commits.append(None))
    release()

    assert [future.result(10) for future in futures] == ["0", "1", "2", "3", "4"]
    store.close()
    assert len(commits) >= 5


def test_many_threads_get_their_own_results(store: Store) -> None:
    pad = Pad()

    def one(n: int) -> str:
        return store.write_each(pad.put, f"n{n:03}").result(10)

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(one, range(200))) == [f"N{n:03}" for n in range(200)]
    assert len(texts(store)) == 200
