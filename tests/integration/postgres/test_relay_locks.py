"""Transactions of several workers at once: who claims and settles waits for nobody."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import Delivered, Delivery, Relay
from fulfillment_sdk.relay.tables import event_rows, registry
from fulfillment_sdk.relay.tables.accept import accept_many
from fulfillment_sdk.relay.tables.claim import claim, renew
from fulfillment_sdk.relay.tables.lanes import Wanted
from fulfillment_sdk.relay.tables.load import load
from fulfillment_sdk.relay.tables.settle import settle_many
from fulfillment_sdk.store import Store
from fulfillment_sdk.store.engine import make_engine
from tests.integration.postgres.relay_store import store
from tests.unit.relay.by_hand import LEASE, NOW, Tables, delivered, event, failed, to

__all__ = ["store"]

BACKLOG = 20_000
SOON = 4  # seconds; who waits for another's lock to its end takes longer


@pytest.fixture
def tables(store: Store) -> Tables:
    return Tables(store)


@pytest.fixture
def engine(postgres_url: str) -> Iterator[sa.Engine]:
    made = make_engine(postgres_url, readonly=False)
    yield made
    made.dispose()


class Arrivals:
    """A sink that takes everything."""

    def __init__(self) -> None:
        self._ids: queue.Queue[str] = queue.Queue()

    async def deliver(self, delivery: Delivery) -> Delivered:
        self._ids.put(delivery.id)
        return Delivered()

    def next(self) -> str:
        return self._ids.get(timeout=SOON)


@contextmanager
def open_transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Begin what somebody else does; it ends with the block."""
    with engine.connect() as connection, connection.begin():
        # Whoever waits for a lock after all shall fail, not hang.
        connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
        yield connection


def test_two_workers_that_claim_at_once_get_different_lanes(
    tables: Tables, engine: sa.Engine
) -> None:
    tables.put(to())
    tables.accept(*(event(f"e{n}", f"case_{n}") for n in range(5)))
    wanted = [Wanted(1, 3, LEASE)]
    with open_transaction(engine) as one, open_transaction(engine) as two:
        first = claim(one, wanted, now=NOW, events_per_lane=20)
        second = claim(two, wanted, now=NOW, events_per_lane=20)

    assert (len(first), len(second)) == (3, 2)
    assert not {one.lane for one in first} & {two.lane for two in second}


def test_a_lane_that_a_caller_holds_is_busy_and_settled_once_it_is_free(
    tables: Tables, engine: sa.Engine
) -> None:
    tables.put(to())
    tables.accept(event("e1"), event("f1", "case_2"))
    claimed = tables.claim()
    batch = [delivered(one) for one in claimed]
    with open_transaction(engine) as caller:
        accept_many(caller, tables.store.sealer, [event("e2")], now=NOW)
        assert sorted(tables.settle(*batch)) == ["busy", "kept"]

    assert sorted(tables.settle(*batch)) == ["kept", "lost"]
    assert tables.pending() == [("partner", "e2")]
    assert [row.pending for row in tables.lanes()] == [1]


def test_a_busy_lane_that_somebody_else_claims_is_lost_in_the_end(
    tables: Tables, engine: sa.Engine
) -> None:
    tables.put(to())
    tables.accept(event("e1"))
    (late,) = tables.claim()
    with open_transaction(engine) as other:
        claim(other, [Wanted(1, 1, LEASE)], now=NOW + LEASE, events_per_lane=20)
        assert tables.settle(delivered(late)) == ["busy"]

    assert tables.settle(delivered(late)) == ["lost"]


def test_a_lease_that_a_caller_holds_up_stays_as_it_was(tables: Tables, engine: sa.Engine) -> None:
    tables.put(to())
    tables.accept(event("e1"), event("f1", "case_2"))
    claimed = tables.claim()
    with open_transaction(engine) as caller:
        accept_many(caller, tables.store.sealer, [event("e2")], now=NOW)
        renewed = tables.renew(*claimed, now=NOW + 5)

    assert len(renewed) == 1
    assert {row.due_at for row in tables.lanes()} == {NOW + LEASE, NOW + LEASE + 5}
    assert tables.renew(*claimed, now=NOW + 6) == {one.key for one in claimed}


def test_a_lane_that_is_held_is_not_claimed_and_does_not_hold_up_the_others(
    tables: Tables, engine: sa.Engine
) -> None:
    tables.put(to())
    tables.accept(event("e1"), event("f1", "case_2"))
    with open_transaction(engine) as caller:
        accept_many(caller, tables.store.sealer, [event("e2")], now=NOW)
        assert [tables.ids(one) for one in tables.claim()] == [["f1"]]

    assert [tables.ids(one) for one in tables.claim()] == [["e1", "e2"]]


def test_who_accepts_an_id_that_another_is_accepting_hears_what_became_of_it(
    tables: Tables, engine: sa.Engine
) -> None:
    tables.put(to())
    found: list[str] = []

    def second() -> None:
        found.extend(one.status for one in tables.accept(event("e1"), event("e2", body="other")))

    thread = threading.Thread(target=second)
    with open_transaction(engine) as caller:
        accept_many(caller, tables.store.sealer, [event("e1"), event("e2")], now=NOW)
        thread.start()
    thread.join()

    assert found == ["duplicate", "conflict"]
    assert len(tables.pending()) == 2


def test_an_event_that_was_known_and_is_removed_before_it_is_compared_is_new(
    tables: Tables, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables.put(to())
    tables.accept(event("e1"), event("e2"))
    (claimed,) = tables.claim()
    tables.settle(delivered(claimed))
    real = event_rows.known_digests

    def after_retention(connection: sa.Connection, ids: Sequence[str]) -> dict[str, bytes]:
        with engine.begin() as retention:
            retention.exec_driver_sql(
                "DELETE FROM relay_events WHERE event_id = 'e1' AND accepted_at < 1900000000"
            )
        return real(connection, ids)

    monkeypatch.setattr("fulfillment_sdk.relay.tables.accept.known_digests", after_retention)
    found = tables.accept(
        event("e1", body="other"), event("e2"), event("e1", body="other"), event("e1"), now=2e9
    )

    assert [one.status for one in found] == ["new", "duplicate", "duplicate", "conflict"]
    assert tables.pending() == [("partner", "e1")]


def test_a_destination_is_not_removed_under_an_event_that_is_being_accepted(
    tables: Tables, engine: sa.Engine
) -> None:
    tables.put(to())
    with open_transaction(engine) as caller:
        accept_many(caller, tables.store.sealer, [event("e1")], now=NOW)
        with open_transaction(engine) as other:
            other.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
            with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
                registry.remove(other, "partner")

    tables.write(lambda c: registry.remove(c, "partner"))
    assert (tables.lanes(), tables.pending()) == ([], [])


def test_a_lane_that_somebody_keeps_holds_up_no_other_from_acceptance_to_arrival(
    tables: Tables, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fulfillment_sdk.store.siding.MOST_SECONDS", 60)
    sink = Arrivals()
    with Relay(tables.store, destinations=[to()], sinks={"scripted": sink}) as relay:
        with open_transaction(engine) as stopped:
            accept_many(stopped, tables.store.sealer, [event("k0", "kept")], now=0.0)
            blocked, strangers = [], []
            for n in range(1, 6):
                blocked.append(relay.accept(event(f"k{n}", "kept")))
                strangers.append(relay.accept(event(f"s{n}", f"case_{n}")))

            assert [one.result(SOON).status for one in strangers] == ["new"] * 5
            assert {sink.next() for _ in strangers} == {f"s{n}" for n in range(1, 6)}
            assert relay.accept(event("late", "case_1")).result(SOON).status == "new"
            assert sink.next() == "late", "the lane was settled, and claimed anew"
            assert not any(one.done() for one in blocked)

        assert [one.result(SOON).status for one in blocked] == ["new"] * 5
        assert {sink.next() for _ in range(6)} == {f"k{n}" for n in range(6)}


def test_failures_are_counted_while_events_are_being_accepted(
    tables: Tables, engine: sa.Engine
) -> None:
    tables.put(to())
    tables.accept(event("f1", "case_2"))
    (claimed,) = tables.claim()
    with open_transaction(engine) as caller:
        accept_many(caller, tables.store.sealer, [event("e1")], now=NOW)
        with open_transaction(engine) as worker:
            assert settle_many(worker, [failed(claimed, due_at=NOW + 5)], now=NOW) == ["kept"]
            registry.disable(worker, 1, "410")

    assert tables.earliest() == {}
    assert len(tables.pending()) == 2


def test_workers_that_start_together_declare_the_same_destination(
    tables: Tables, engine: sa.Engine
) -> None:
    sealer = tables.store.sealer
    numbers: list[int] = []

    def second() -> None:
        numbers.append(tables.write(lambda c: registry.declare(c, sealer, to(), now=NOW)).no)

    thread = threading.Thread(target=second)
    with open_transaction(engine) as first:
        numbers.append(registry.declare(first, sealer, to(), now=NOW).no)
        thread.start()
    thread.join()

    assert len(numbers) == 2
    assert len(set(numbers)) == 1


@pytest.mark.parametrize("analysed", [False, True])
def test_nothing_on_the_path_of_a_delivery_reads_a_whole_table(
    tables: Tables, engine: sa.Engine, analysed: bool
) -> None:
    tables.put(to("one"), to("two"))
    _fill(engine, analysed=analysed)
    ran: list[tuple[str, Any]] = []
    with open_transaction(engine) as worker:
        sa.event.listen(
            worker,
            "before_cursor_execute",
            lambda _c, _cursor, statement, values, _context, _many: ran.append((statement, values)),
        )
        claimed = claim(
            worker, [Wanted(1, 10, LEASE), Wanted(2, 10, LEASE)], now=NOW, events_per_lane=20
        )
        load(worker, tables.store.sealer, claimed, budget=0)
        leases = {1: LEASE, 2: LEASE}
        assert len(renew(worker, claimed, now=NOW, lease_by_no=leases)) == 20
        assert settle_many(worker, [delivered(one) for one in claimed], now=NOW) == ["kept"] * 20
        accept_many(worker, tables.store.sealer, [event("new")], now=NOW)
        plans = [
            "\n".join(worker.exec_driver_sql(f"EXPLAIN {statement}", values).scalars())
            for statement, values in list(ran)
        ]

    assert len(plans) > 9
    for table in ("relay_lanes", "relay_deliveries", "relay_events"):
        assert not [plan for plan in plans if f"Seq Scan on {table}" in plan]


def _fill(engine: sa.Engine, *, analysed: bool) -> None:
    """Put in a backlog of which every lane is due, behind the back of all statistics."""
    numbers = f"FROM generate_series(1, {BACKLOG}) AS n"
    with engine.begin() as connection:
        for table in ("relay_lanes", "relay_deliveries", "relay_events"):
            connection.exec_driver_sql(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
        connection.exec_driver_sql(f"""
            INSERT INTO relay_events (event_id, lane, type, owner, accepted_at, digest, body)
            SELECT 'e' || n, 'case', 't', '', {NOW}, '', '' {numbers}
        """)
        connection.exec_driver_sql(f"""
            INSERT INTO relay_lanes (destination_no, lane, pending, due_at, tries, why)
            SELECT 1 + mod(n, 2), n, 1, {NOW} - n, 0, '' {numbers}
        """)
        connection.exec_driver_sql(f"""
            INSERT INTO relay_deliveries (destination_no, lane, position, event)
            SELECT 1 + mod(n, 2), n, 0, n {numbers}
        """)
        if analysed:
            connection.exec_driver_sql("ANALYZE")
