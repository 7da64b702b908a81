"""Several processes send again, and let go, at the same moment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from fulfillment_sdk.relay import SCHEMA, Delivered, Destination, Event, Relay
from fulfillment_sdk.relay.schema import deliveries, lanes
from fulfillment_sdk.relay.upkeep.replay import replay_one
from fulfillment_sdk.relay.upkeep.retention import remove_events
from fulfillment_sdk.store import Sealer, Store
from tests.integration.databases import opened


class Taker:
    async def deliver(self, _delivery: object) -> Delivered:
        return Delivered()


@pytest.fixture
def relay(postgres_url: str) -> Iterator[Relay]:
    """A relay that has delivered one event."""
    sealer = Sealer([("k", b"k" * 32)])
    with Store.open(postgres_url, schemas=[SCHEMA], sealer=sealer) as store:
        relay = Relay(store, destinations=[Destination("a", "taker")], sinks={"taker": Taker()})
        relay.accept(Event("e1", "t", "case_1", 1, b"", "org")).result(30)
        store.write(lambda c: [c.execute(sa.delete(one)) for one in (deliveries, lanes)]).result(30)
        yield relay


def test_two_replays_at_once_line_an_event_up_once(relay: Relay) -> None:
    waits = (
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
        "AND datname = current_database()"
    )
    with opened(relay.store.url) as other, opened(relay.store.url) as watching:
        assert replay_one(other, "a", "e1", now=0.0)
        late = relay.replay("a", "e1")
        while not watching.exec_driver_sql(waits).all():
            watching.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
        other.commit()
        assert late.result(30) is False
    counted = relay.store.read(lambda c: c.execute(sa.select(lanes.c.pending)).scalars().all())
    assert counted.result(30) == [1]
    [pending] = relay.undelivered().result(30)
    assert pending.event_id == "e1"


def test_what_somebody_is_sending_again_is_not_let_go(relay: Relay) -> None:
    with opened(relay.store.url) as other:
        assert replay_one(other, "a", "e1", now=0.0)
        assert relay.store.write(lambda c: remove_events(c, [1])).result(30) == 0
        other.commit()
    [pending] = relay.undelivered().result(30)
    assert pending.event_id == "e1"


def test_what_is_let_go_first_is_not_sent_again(relay: Relay) -> None:
    with opened(relay.store.url) as other:
        assert remove_events(other, [1]) == 1
        late = relay.replay("a", "e1")
        other.commit()
        assert late.result(30) is False
    assert relay.undelivered().result(30) == []
