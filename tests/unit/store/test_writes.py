"""What one caller does wrong in a shared transaction is its own affair (on any database)."""

from __future__ import annotations

from typing import NoReturn

import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.store import Store
from tests.unit.store.conftest import texts
from tests.unit.store.held import held_writer
from tests.unit.store.notes import add


def fails(connection: sa.Connection) -> NoReturn:
    add(connection, "half done")
    raise ValueError("no")


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_write_that_raises_undoes_only_itself_wherever_it_stands(
    store: Store, place: int
) -> None:
    release = held_writer(store)
    before = [store.write(lambda c, n=n: add(c, f"{n}")) for n in range(place)]  # type: ignore[misc]
    failing = [store.write(fails), store.write(fails)]
    after = [store.write(lambda c, n=n: add(c, f"{n}")) for n in range(place, 3)]  # type: ignore[misc]
    release()

    assert [future.result(10) for future in before + after] == ["0", "1", "2"]
    for future in failing:
        with pytest.raises(ValueError, match="no"):
            future.result(10)
    assert texts(store) == ["0", "1", "2"]


def test_a_statement_that_the_database_refuses_fails_its_caller_alone(store: Store) -> None:
    release = held_writer(store)
    futures = [store.write(lambda c, text=text: add(c, text)) for text in ("a", "a", "b")]  # type: ignore[misc]
    release()

    assert (futures[0].result(10), futures[2].result(10)) == ("a", "b")
    with pytest.raises(sa.exc.IntegrityError):
        futures[1].result(10)


def test_a_work_may_nest_transactions_of_its_own(store: Store) -> None:
    def nests(connection: sa.Connection) -> str:
        with pytest.raises(sa.exc.IntegrityError), connection.begin_nested():
            add(connection, "there")
        return add(connection, "nested")

    release = held_writer(store)
    there = store.write(lambda c: add(c, "there"))
    nested = store.write(nests)
    release()

    assert (there.result(10), nested.result(10)) == ("there", "nested")
    assert texts(store) == ["there", "nested"]


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(StoreUnavailable):
        store.read(lambda c: add(c, "sneaked in")).result(10)
    assert texts(store) == []


def test_a_probe_writes_nothing_that_anybody_sees(store: Store) -> None:
    store.probe().result(10)

    assert texts(store) == []
