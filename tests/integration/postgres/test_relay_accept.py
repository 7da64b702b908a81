"""Accepting, and destinations, on PostgreSQL: the same promises."""

from __future__ import annotations

import sqlalchemy as sa

from fulfillment_sdk.relay.tables.event_rows import insert_events
from fulfillment_sdk.store import Store
from tests.integration.postgres.relay_store import store
from tests.unit.relay.by_hand import NOW, event
from tests.unit.relay.tables.test_accept_batch import *  # noqa: F403
from tests.unit.relay.tables.test_registry import *  # noqa: F403

__all__ = ["store"]


def test_a_batch_is_numbered_in_its_order_and_stored_in_one_round_trip(store: Store) -> None:
    batch, said = [event(id) for id in ("e3", "e1", "e4", "e2")], list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    def insert(connection: sa.Connection) -> dict[str, int]:
        sa.event.listen(connection, "before_cursor_execute", note)
        return insert_events(connection, store.sealer, batch, now=NOW)

    numbers = store.write(insert).result(20)

    assert sorted(numbers, key=lambda id: numbers[id]) == ["e3", "e1", "e4", "e2"]
    assert len(said) == 1
