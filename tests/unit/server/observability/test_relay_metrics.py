"""Prometheus reads what the relays have pending, what they tried, and how long events took."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request

from fulfillment_sdk.relay import SCHEMA, Attempt, Delivered, Destination, Event, Relay
from fulfillment_sdk.server.observability.metrics import Metrics
from fulfillment_sdk.store import Sealer, Store


class NoSink:
    async def deliver(self, _delivery: object) -> Delivered:
        return Delivered()


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    url = f"sqlite:///{tmp_path}/relay.db"
    with Store.open(url, schemas=[SCHEMA], sealer=Sealer([("k", b"k" * 32)])) as store:
        destinations = [Destination("sub_of_a_partner", "webhook"), Destination("b", "webhook")]
        yield Relay(store, destinations=destinations, sinks={"webhook": NoSink()})


async def scraped(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = await metrics.endpoint(Request({"type": "http", "headers": []}))
    text = bytes(answer.body).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def attempt(seconds: float, outcome: str = "delivered") -> Attempt:
    options = {"destination": "sub_of_a_partner", "event_id": "e", "lane": "c", "attempt": 1}
    return Attempt(
        **options,  # type: ignore[arg-type]
        at=1000.0,
        seconds=seconds,
        outcome=outcome,  # type: ignore[arg-type]
        sink="webhook",
        accepted_at=1000.0,
    )


WHERE = (("party", "gateway"), ("sink", "webhook"))


async def test_the_backlog_is_told_by_party_and_kind_of_sink(relay: Relay) -> None:
    await relay.accept(Event("e1", "t", "case_1", 1, b"", "org"))
    found = await scraped(Metrics(lambda: {"gateway": relay}))
    assert found["fulfillment_relay_backlog", WHERE] == 2
    assert found["fulfillment_relay_dead_letters", WHERE] == 0
    assert 0 <= found["fulfillment_relay_oldest_pending_seconds", WHERE] < 60


async def test_attempts_and_the_time_to_a_delivery_are_told(relay: Relay) -> None:
    relay.figures.note([attempt(0.02), attempt(0.02), attempt(1e6), attempt(1.0, "retry")])
    found = await scraped(Metrics(lambda: {"gateway": relay}))
    counted = "fulfillment_relay_attempts_total"
    assert found[counted, (("outcome", "delivered"), *WHERE)] == 3
    assert found[counted, (("outcome", "retry"), *WHERE)] == 1
    bucket = "fulfillment_relay_delivery_seconds_bucket"
    assert found[bucket, (("le", "0.01"), *WHERE)] == 0
    assert found[bucket, (("le", "0.05"), *WHERE)] == 2
    assert found[bucket, (("le", "86400"), *WHERE)] == 2
    assert found[bucket, (("le", "+Inf"), *WHERE)] == 3
    assert found["fulfillment_relay_delivery_seconds_count", WHERE] == 3
    assert found["fulfillment_relay_delivery_seconds_sum", WHERE] == pytest.approx(1e6 + 0.04)


async def test_no_label_names_a_destination(relay: Relay) -> None:
    await relay.accept(Event("e1", "t", "case_1", 1, b"", "org"))
    relay.figures.note([attempt(0.1)])
    found = await scraped(Metrics(lambda: {"gateway": relay}))
    values = {value for _, labels in found for _, value in labels}
    assert not values & {"sub_of_a_partner", "org", "case_1", "e1"}
    assert len(found) > 10


async def test_a_store_that_cant_be_read_takes_no_other_figure_along(
    relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    relay.figures.note([attempt(0.1)])
    relay.store.close()
    found = await scraped(Metrics(lambda: {"gateway": relay}))
    assert ("fulfillment_relay_backlog", WHERE) not in found
    assert found["fulfillment_relay_attempts_total", (("outcome", "delivered"), *WHERE)] == 1
    assert "can't be counted" in caplog.text


async def test_without_a_running_relay_there_is_nothing_to_tell() -> None:
    found = await scraped(Metrics())
    assert not [name for name, _ in found if name.startswith("fulfillment_relay")]
