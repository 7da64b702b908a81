"""Feeds on PostgreSQL: the same promises, and one who accepts waits for the other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import Event, Relay
from fulfillment_sdk.relay.tables.accept import accept_many
from fulfillment_sdk.store import Store
from fulfillment_sdk.store.engine import make_engine
from tests.integration.postgres.relay_store import store
from tests.integration.postgres.test_relay_locks import open_transaction
from tests.unit.relay.by_hand import NOW, event
from tests.unit.relay.tables.test_feed import *  # noqa: F403
from tests.unit.relay.tables.test_feed import ids, page
from tests.unit.relay.tables.test_labels import *  # noqa: F403

__all__ = ["store"]

SOON = 10  # seconds; who waits for another's lock to its end takes longer


@pytest.fixture
def engine(postgres_url: str) -> Iterator[sa.Engine]:
    made = make_engine(postgres_url, readonly=False)
    yield made
    made.dispose()


def accept_in(connection: sa.Connection, store: Store, *batch: Event) -> None:
    accept_many(connection, store.sealer, batch, now=NOW, feeds=True)


def test_who_accepts_for_the_same_owner_comes_behind_and_nothing_is_shown_before(
    store: Store, engine: sa.Engine
) -> None:
    relay = Relay(store, sinks={}, feeds=True)
    with open_transaction(engine) as first:
        accept_in(first, store, event("first"))
        later = relay.accept(event("later"))
        assert relay.accept(event("strangers", owner="other")).result(SOON).status == "new"
        assert not later.done()
        assert ids(page(relay)) == []

    assert later.result(SOON).status == "new"
    assert ids(page(relay)) == ["first", "later"]


def test_what_is_undone_lets_the_next_one_pass(store: Store, engine: sa.Engine) -> None:
    relay = Relay(store, sinks={}, feeds=True)
    with engine.connect() as first:
        transaction = first.begin()
        accept_in(first, store, event("undone"))
        later = relay.accept(event("later"))
        assert not later.done()
        transaction.rollback()
    assert later.result(SOON).status == "new"
    assert ids(page(relay)) == ["later"]


def until_somebody_waits(engine: sa.Engine) -> None:
    """Return once a transaction waits for another one's lock."""
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    end = time.monotonic() + SOON
    with engine.connect() as connection:
        while not connection.execute(waiting).scalar_one():
            assert time.monotonic() < end


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_several_owners_are_taken_in_one_order_by_everybody(
    store: Store, engine: sa.Engine, order: tuple[str, str]
) -> None:
    relay = Relay(store, sinks={}, feeds=True)

    def both() -> None:
        with open_transaction(engine) as connection:
            accept_in(connection, store, *(event(f"both-{one}", owner=one) for one in order))

    with ThreadPoolExecutor(1) as pool:
        with open_transaction(engine) as first:
            accept_in(first, store, event("a-alone", owner="a"))
            waiting = pool.submit(both)
            until_somebody_waits(engine)
            with open_transaction(engine) as second:
                second.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
                # Whoever waits for `a` holds nothing of `b` meanwhile.
                accept_in(second, store, event("b-alone", owner="b"))
        waiting.result(SOON)

    assert ids(page(relay, "a")) == ["a-alone", "both-a"]
    assert ids(page(relay, "b")) == ["b-alone", "both-b"]
