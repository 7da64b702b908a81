"""What a page of a feed costs does not grow with the feed."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import Relay
from fulfillment_sdk.relay.reports.feed import feed
from fulfillment_sdk.store import Store


@pytest.mark.parametrize(
    ("lane", "index"),
    [
        (None, "ix_relay_events_owner_feed (owner=? AND feed>?)"),
        ("case_1", "ix_relay_events_lane_sequence (lane=?)"),
    ],
)
def test_a_page_is_found_by_the_index_that_leads_there(
    store: Store, lane: str | None, index: str
) -> None:
    Relay(store, sinks={}, feeds=True)
    plans: list[str] = []

    def work(connection: sa.Connection) -> None:
        def explain(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
            if "relay_events" in statement and not statement.startswith("EXPLAIN"):
                found = connection.connection.cursor()
                found.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans.extend(str(row[-1]) for row in found.fetchall())

        sa.event.listen(connection, "before_cursor_execute", explain)
        feed(connection, store.sealer, "org", lane=lane, limit=10)

    store.read(work).result()
    [search] = [plan for plan in plans if plan.startswith("SEARCH")]
    assert search.endswith(f" USING INDEX {index}")
