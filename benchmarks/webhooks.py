"""Webhooks out to a thousand endpoints, of which a hundred hang: are the healthy ones worse off?"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Any

import attrs

from benchmarks.load import percentile
from benchmarks.processes import Child, Spec
from benchmarks.report import Aim, Cell, Result, Table, ratio, say
from benchmarks.run import Bench

PATIENCE = 300.0
BOTH = "relay, accepting meanwhile"


@attrs.frozen
class Plan:
    """How much of it.

    Args:
        share: of the most that it can accept and deliver at once, at which events then come in.
        timeout: seconds that the sink waits for an answer.
    """

    endpoints: int = 1000
    hanging: int = 100
    backlog: int = 30_000
    seconds: float = 40.0
    share: float = 0.5
    timeout: float = 15.0
    rounds: int = 3


SHORT = Plan(endpoints=200, hanging=20, backlog=2_000, seconds=6.0, timeout=2.0, rounds=1)


@attrs.frozen
class Latency:
    """From accept to the endpoint, over the healthy endpoints."""

    p50_ms: float
    p99_ms: float
    events: int


def run(bench: Bench) -> Result:
    """Send a backlog out, then a steady stream, each without and with those that hang."""
    plan = SHORT if bench.short else Plan(rounds=bench.rounds(3))
    healthy = plan.endpoints - plan.hanging
    result = Result("webhooks", f"out to {healthy:,} healthy endpoints; {plan.hanging} more hang")
    spec = {"count": plan.endpoints, "hanging": plan.hanging}
    with bench.child("endpoints", spec=spec) as endpoints:
        ports: list[int] = endpoints.read()["ports"]
        sending = _Sending(bench, plan, endpoints, result)
        drains = _drains(sending, ports, healthy)
        rate = plan.share * drains[BOTH]
        latencies: dict[str, list[Latency]] = {"without": [], "with": []}
        for turn in range(plan.rounds):
            for name, some in (("without", ports[:healthy]), ("with", ports)):
                found = sending.paced(some, healthy, rate * len(some) / healthy)
                say(
                    f"webhooks, round {turn + 1} of {plan.rounds}, {name} those that hang: "
                    f"p50 {found.p50_ms:.1f} ms, p99 {found.p99_ms:.1f} ms"
                )
                latencies[name].append(found)
    result.tables += [_drain_table(drains), _latency_table(latencies, rate)]
    before, after = (_p99(latencies[name]) for name in ("without", "with"))
    result.aims += [
        Aim("healthy endpoints' p99, with x without", "at most", 1.2, ratio(after, before)),
        Aim("deliveries a second", "at least", 4000, drains["relay"]),
    ]
    result.remarks += [
        (
            "The endpoints run on the same cores as the relay. The sender lets itself open as many "
            "files as it may, as `serve` and `dispatch` do. Every event for a healthy endpoint "
            "must have come to it, else a check fails."
        ),
        "'the sink alone' posts the same signed events without a store, an order or a retry.",
    ]
    return result


def _drains(sending: _Sending, ports: list[int], healthy: int) -> dict[str, float]:
    found = {}
    for name, role, some in (
        ("the sink alone", "bare", ports[:healthy]),
        ("relay", "drain", ports[:healthy]),
        ("relay, with those that hang", "drain", ports),
    ):
        found[name] = sending.drain(role, some, healthy)
        say(f"webhooks, {name}: {found[name]:,.0f} deliveries/s")
    found[BOTH] = sending.both(ports[:healthy], healthy)
    say(f"webhooks, {BOTH}: {found[BOTH]:,.0f} deliveries/s")
    return found


@attrs.frozen
class _Sending:
    bench: Bench
    plan: Plan
    endpoints: Child
    result: Result

    def drain(self, role: str, ports: list[int], healthy: int) -> float:
        """Return the deliveries to healthy endpoints a second, until the last of them."""
        count = self.plan.backlog * len(ports) // healthy
        with self.bench.child("sender", role, spec=self._spec(ports, count)) as sender:
            sender.read(PATIENCE)
            begin = time.monotonic()
            sender.say("go")
            arrived = self._arrived(_expected(count, len(ports), healthy), role)
        return len(arrived) / (max(arrived.values(), default=begin + 1) - begin)

    def both(self, ports: list[int], healthy: int) -> float:
        """Return the deliveries a second while events come in as fast as they can."""
        count = self.plan.backlog // 2
        accepted, arrived = self._accepting(ports, healthy, 1e6, count)
        return len(arrived) / (max(arrived.values()) - accepted[0])

    def paced(self, ports: list[int], healthy: int, rate: float) -> Latency:
        """Return how long events took to the healthy endpoints at that rate over all."""
        count = int(rate * self.plan.seconds)
        accepted, arrived = self._accepting(ports, healthy, rate, count)
        taken = sorted((at - accepted[index]) * 1000 for index, at in arrived.items())
        return Latency(percentile(taken, 0.5), percentile(taken, 0.99), len(taken))

    def _accepting(
        self, ports: list[int], healthy: int, rate: float, count: int
    ) -> tuple[list[float], dict[int, float]]:
        times = self.bench.new_folder() / "times"
        spec = {**self._spec(ports, count), "rate": rate, "times": str(times)}
        with self.bench.child("sender", "paced", spec=spec) as sender:
            sender.read(PATIENCE)
            sender.say("go")
            sender.read(PATIENCE)
            arrived = self._arrived(_expected(count, len(ports), healthy), "paced")
        return json.loads(times.read_text()), arrived

    def _spec(self, ports: list[int], count: int) -> Spec:
        return {
            "place": f"sqlite:///{self.bench.new_folder() / 'relay.db'}",
            "ports": ports,
            "events": count,
            "timeout": self.plan.timeout,
            "run": "hooks",
        }

    def _arrived(self, expected: int, what: str) -> dict[int, float]:
        end, distinct = time.monotonic() + PATIENCE, -1
        while distinct < expected and time.monotonic() < end:
            time.sleep(0.05)
            self.endpoints.say("count")
            distinct = self.endpoints.read()["distinct"]
        path: Path = self.bench.new_folder() / "arrivals"
        self.endpoints.say(f"report {path}")
        told: dict[str, Any] = self.endpoints.read()
        if told["distinct"] != expected:
            self.result.failures.append(f"{what}: {told['distinct']} of {expected} events came")
        return {int(index): float(at) for index, at in json.loads(path.read_text())}


def _expected(count: int, ports: int, healthy: int) -> int:
    rounds, rest = divmod(count, ports)
    return rounds * healthy + min(rest, healthy)


def _p99(found: list[Latency]) -> float:
    return statistics.median(one.p99_ms for one in found)


def _drain_table(drains: dict[str, float]) -> Table:
    alone = drains["the sink alone"]
    rows: list[tuple[Cell, ...]] = [
        (name, found, ratio(found, alone)) for name, found in drains.items()
    ]
    columns = ("", "deliveries/s", "x the sink alone")
    return Table("a backlog, as fast as it goes out, SQLite", columns, tuple(rows))


def _latency_table(latencies: dict[str, list[Latency]], rate: float) -> Table:
    without = _p99(latencies["without"])
    rows: list[tuple[Cell, ...]] = [
        (
            f"{name} those that hang",
            statistics.median(one.p50_ms for one in found),
            _p99(found),
            ratio(_p99(found), without),
            found[0].events,
        )
        for name, found in latencies.items()
    ]
    columns = ("", "p50 ms", "p99 ms", "x without", "events")
    return Table(f"healthy endpoints, at {rate:,.0f} events/s", columns, tuple(rows))
