"""The relays' figures as Prometheus reads them, by party and kind of sink.

Never by destination, organisation or URL: there is no end of those, and they are nobody's business
where figures are collected.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay import Backlog, Relay
from fulfillment_sdk.relay.reports.figures import BOUNDS

Relays = Callable[[], Mapping[str, Relay]]

_LABELS = ("party", "sink")
_BOUNDS = (*(f"{bound:g}" for bound in BOUNDS), "+Inf")

_log = logging.getLogger(__name__)


class RelayMetrics(Collector):
    """Collects from the relays that are running.

    Args:
        relays: tells which those are, by the name of their party.
    """

    def __init__(self, relays: Relays) -> None:
        self._relays = relays
        self._backlogs: dict[str, Backlog] = {}

    async def look(self) -> None:
        """Count what is pending, if that is due; a store that can't be read tells nothing."""
        found: dict[str, Backlog] = {}
        for party, relay in self._relays().items():
            try:
                found[party] = await relay.backlog()
            except StoreError as error:
                _log.warning("the backlog can't be counted: %s", error.message)
        self._backlogs = found

    def collect(self) -> Iterator[Metric]:
        """Yield the figures as they are now, and the backlog as it was last looked at."""
        yield from self._waiting()
        yield from self._tried()

    def _waiting(self) -> Iterator[Metric]:
        pending = GaugeMetricFamily(
            "fulfillment_relay_backlog", "Deliveries that are not made yet.", labels=_LABELS
        )
        dead = GaugeMetricFamily(
            "fulfillment_relay_dead_letters", "Deliveries that were given up.", labels=_LABELS
        )
        oldest = GaugeMetricFamily(
            "fulfillment_relay_oldest_pending_seconds",
            "Seconds since the oldest event that is not delivered yet was accepted.",
            labels=_LABELS,
        )
        for party, backlog in self._backlogs.items():
            for sink, waiting in backlog.sinks.items():
                pending.add_metric((party, sink), waiting.pending)
                dead.add_metric((party, sink), waiting.dead)
                oldest.add_metric((party, sink), backlog.oldest_age(sink))
        yield from (pending, dead, oldest)

    def _tried(self) -> Iterator[Metric]:
        attempts = CounterMetricFamily(
            "fulfillment_relay_attempts",
            "Deliveries that this process tried.",
            labels=(*_LABELS, "outcome"),
        )
        seconds = HistogramMetricFamily(
            "fulfillment_relay_delivery_seconds",
            "Seconds from an event's acceptance to its delivery by this process.",
            labels=_LABELS,
        )
        for party, relay in self._relays().items():
            for (sink, outcome), count in relay.figures.attempts.items():
                attempts.add_metric((party, sink, outcome), count)
            for sink, arrivals in relay.figures.arrivals.items():
                buckets = list(zip(_BOUNDS, accumulate(arrivals.counts), strict=True))
                seconds.add_metric((party, sink), buckets, arrivals.seconds)
        yield from (attempts, seconds)
