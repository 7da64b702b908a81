"""What processes have counted adds up, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy as sa

from fulfillment_sdk import signing
from fulfillment_sdk.receiver import SecretUse
from fulfillment_sdk.receiver.secrets import totals
from fulfillment_sdk.receiver.secrets.schema import SCHEMA, uses
from fulfillment_sdk.receiver.secrets.uses import Count
from fulfillment_sdk.store import Sealer, Store
from tests.postgres import server

T = TypeVar("T")

NOW = 1_743_955_200.0
LATER = NOW + totals.QUIET_SECONDS + 2


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    on_server = request.param == "postgresql"
    url = server().new_database() if on_server else f"sqlite:///{tmp_path}/receiver.db"
    with Store.open(url, schemas=[SCHEMA], sealer=Sealer([("k", b"k" * 32)])) as opened:
        yield opened
    if on_server:
        server().drop_database(url)


def run(store: Store, work: Callable[[sa.Connection], T]) -> T:
    return store.write(work).result(30)


def add(store: Store, process: str, known_as: str, count: int, last_at: float) -> None:
    counted = {known_as: Count(count, last_at)}
    run(store, lambda connection: totals.add(connection, process, counted))


def rows(store: Store) -> list[tuple[str, str, int, float]]:
    found = run(store, lambda connection: connection.execute(sa.select(uses)).all())
    return sorted(tuple(row) for row in found)


def total(store: Store, *fingerprints: str) -> list[SecretUse]:
    return list(run(store, lambda connection: totals.total(connection, fingerprints)))


def test_processes_add_up_by_secret_in_the_order_that_is_asked_for(store: Store) -> None:
    add(store, "p1", "old", 3, NOW)
    add(store, "p1", "old", 2, NOW + 1)
    add(store, "p1", "old", 1, NOW - 1)
    add(store, "p2", "old", 10, NOW + 5)
    add(store, "p2", "new", 7, NOW + 9)

    assert total(store, "new", "never", "old") == [
        SecretUse(0, 7, NOW + 9),
        SecretUse(1, 0, None),
        SecretUse(2, 16, NOW + 5),
    ]


def test_what_a_process_left_behind_is_taken_over_and_counts_once(store: Store) -> None:
    add(store, "p1", "old", 3, NOW)
    add(store, "p2", "old", 4, NOW + 1)
    add(store, "p2", "new", 5, NOW + 1)
    add(store, "busy", "old", 1, LATER)
    before = total(store, "new", "old")

    run(store, lambda connection: totals.take_over(connection, "p3", now=LATER))

    assert total(store, "new", "old") == before
    assert rows(store) == [
        ("new", "p3", 5, NOW + 1),
        ("old", "busy", 1, LATER),
        ("old", "p3", 7, NOW + 1),
    ]


def test_one_that_was_only_quiet_begins_a_new_row(store: Store) -> None:
    add(store, "p1", "old", 3, NOW)
    run(store, lambda connection: totals.take_over(connection, "p2", now=LATER))
    add(store, "p1", "old", 1, LATER)

    assert rows(store) == [("old", "p1", 1, LATER), ("old", "p2", 3, NOW)]


def test_a_fingerprint_is_of_one_secret_and_does_not_show_it() -> None:
    one, other = signing.new_secret(), signing.new_secret()

    assert totals.fingerprint(one) == totals.fingerprint(one.rstrip("="))
    assert totals.fingerprint(one) != totals.fingerprint(other)
    assert len(totals.fingerprint(one)) == 16
    assert totals.fingerprint(one) not in one
