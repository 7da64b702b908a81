"""A worker that stood still for longer than the server waits for an open transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import pytest
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.relay import SCHEMA
from fulfillment_sdk.store import Sealer, Store
from tests.postgres import Server

STAND_STILL = "SET LOCAL idle_in_transaction_session_timeout = '10ms'"
SELECT_ONE = "SELECT 1"


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    sealer = Sealer([("k", b"k" * 32)])
    with Store.open(postgres_url, schemas=[SCHEMA], sealer=sealer) as opened:
        yield opened


@pytest.fixture
def stand_still(postgres: Server) -> Callable[[sa.Connection], None]:
    """Let the server lose its patience with a transaction, as with one of a stopped process."""

    def wait(connection: sa.Connection) -> None:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        connection.exec_driver_sql(STAND_STILL)
        deadline = time.monotonic() + 10
        while postgres.run(f"SELECT 1 FROM pg_stat_activity WHERE pid = {pid}"):
            assert time.monotonic() < deadline

    return wait


def test_who_goes_on_after_standing_still_hears_that_the_store_can_not_be_used(
    store: Store, stand_still: Callable[[sa.Connection], None]
) -> None:
    def work(connection: sa.Connection) -> None:
        stand_still(connection)
        connection.exec_driver_sql(SELECT_ONE)

    with pytest.raises(StoreUnavailable):
        store.write(work).result()


def test_who_commits_after_standing_still_hears_that_the_store_can_not_be_used(
    store: Store, stand_still: Callable[[sa.Connection], None]
) -> None:
    with pytest.raises(StoreUnavailable):
        store.write(stand_still).result()


def test_neighbours_of_who_stood_still_hear_that_the_store_can_not_be_used(
    store: Store, stand_still: Callable[[sa.Connection], None]
) -> None:
    def many(connection: sa.Connection, items: Sequence[int]) -> list[None]:
        stand_still(connection)
        connection.exec_driver_sql(SELECT_ONE)
        return [None for _ in items]

    # Keeps both writers busy, so that the two items that follow share a transaction.
    futures = [store.write_each(many, number) for number in range(6)]

    assert {type(future.exception()) for future in futures} == {StoreUnavailable}


def test_a_store_goes_on_after_one_of_its_transactions_stood_still(
    store: Store, stand_still: Callable[[sa.Connection], None]
) -> None:
    store.write(stand_still).exception()

    assert store.write(lambda c: c.exec_driver_sql(SELECT_ONE).scalar_one()).result() == 1
