"""What an owner's lists and replays cost does not grow with what all the others have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import Filter, Relay
from fulfillment_sdk.relay.reports.history import history
from fulfillment_sdk.relay.upkeep.replay import replay_some
from fulfillment_sdk.store import Store
from tests.unit.relay.conftest import to

MINE = Filter(destination="mine", owner="org")
RECENT = Filter(destination="mine", owner="org", since=1.0)


def plans_of(store: Store, table: str, ask: Callable[[sa.Connection], object]) -> list[str]:
    """Return how SQLite finds the rows of a table for what is asked."""
    found: list[str] = []

    def work(connection: sa.Connection) -> None:
        def explain(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
            if f"FROM {table}" in statement.replace("\n", "") and "EXPLAIN" not in statement:
                cursor = connection.connection.cursor()
                cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
                found.extend(str(row[-1]) for row in cursor.fetchall())

        sa.event.listen(connection, "before_cursor_execute", explain)
        ask(connection)
        sa.event.remove(connection, "before_cursor_execute", explain)

    store.write(work).result()
    return found


@pytest.fixture
def store(store: Store) -> Store:
    Relay(store, destinations=[to("mine", owner="org")], sinks={"scripted": object()})  # type: ignore[dict-item]
    return store


@pytest.mark.parametrize(("wanted", "place"), [(MINE, "=?"), (RECENT, "=? AND at>?")])
def test_what_arrived_at_one_destination_is_found_by_its_own_index(
    store: Store, wanted: Filter, place: str
) -> None:
    found = plans_of(
        store, "relay_attempts", lambda c: history(c, wanted, outcome="delivered", limit=10)
    )
    assert found == [
        f"SEARCH relay_attempts USING INDEX ix_relay_attempts_arrived (destination_no{place})"
    ]


def test_what_is_sent_again_is_found_by_its_owners_own_index(store: Store) -> None:
    found = plans_of(
        store, "relay_events", lambda c: replay_some(c, RECENT, dead_only=False, now=2.0)
    )
    index = "ix_relay_events_owner_accepted_at (owner=? AND accepted_at>?)"
    assert f"SEARCH relay_events USING INDEX {index}" in found
    assert not [plan for plan in found if plan.startswith("SCAN") or "ORDER BY" in plan]
