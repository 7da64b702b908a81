"""A change of status on its way: from the portal over the gateway to the partner's own code."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from benchmarks import changes, events, notes
from benchmarks.changes import Change
from benchmarks.load import percentile
from benchmarks.machine import cpu_seconds
from benchmarks.processes import Child
from benchmarks.report import Aim, Cell, Result, Table, say
from benchmarks.run import Bench
from benchmarks.served import DEPLOYMENTS, Deployment, Served

Arrivals = dict[tuple[int, int], float]
"""When an event was first there, by its case's number and its sequence."""

PATIENCE = 120.0
RATE = 200
WANTED = 1_000
STEPS = (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3)
"""Rates that are tried, times what arrives when changes are asked for as fast as they arrive."""

AIMED_AT = "separate roles, SQLite"


@attrs.frozen
class Contender:
    """A deployment, and what its notifications come to."""

    deployment: Deployment
    partner: str = "receiver"

    @property
    def name(self) -> str:
        """How it stands in the tables."""
        return self.deployment.name + (", endpoint" if self.partner == "endpoint" else "")


CONTENDERS = (
    *(Contender(one) for one in DEPLOYMENTS),
    *(Contender(one, "endpoint") for one in DEPLOYMENTS if one.name == AIMED_AT),
)


@attrs.frozen
class Plan:
    """How much of it: the long form, or the short one.

    Args:
        lines: requests for a change that are under way at most; the next ones wait.
        window: changes on their way at most, while the rates to be tried are looked for.
    """

    rounds: int = 3
    cases: int = 250
    lines: int = 64
    window: int = 256
    warm_up: float = 3.0
    steady: float = 15.0
    looking: float = 6.0
    trying: float = 12.0


SHORT = Plan(rounds=1, cases=80, warm_up=0.5, steady=2.0, looking=1.5, trying=2.0)


@attrs.define
class Found:
    """What one run of a contender showed; times are milliseconds, `cpu` a change's, by process."""

    asked: list[float]
    answered: list[float]
    committed: list[float]
    sustained: float
    cpu: dict[str, float]
    twice: int


def run(bench: Bench) -> Result:
    """Measure each contender at a steady rate, then look for the highest that it keeps."""
    plan = SHORT if bench.short else Plan(rounds=bench.rounds(3))
    result = Result("hops", "changes of status, from the portal to the partner's own code")
    found: dict[str, list[Found]] = {one.name: [] for one in CONTENDERS}
    for turn in range(plan.rounds):
        for one in CONTENDERS:
            measured = _measure(bench, one, plan, result)
            say(
                f"hops, round {turn + 1} of {plan.rounds}: {one.name}: "
                f"p50 {percentile(measured.asked, 0.5):.1f} ms, "
                f"p99 {percentile(measured.asked, 0.99):.1f} ms, "
                f"sustained {measured.sustained:,.0f}/s"
            )
            found[one.name].append(measured)
    result.tables += [_latencies(found), _rates(found)]
    aimed = found[AIMED_AT]
    result.aims += [
        Aim(f"{AIMED_AT}: p50 in ms at {RATE}/s", "at most", 15, _p(aimed, "asked", 0.5)),
        Aim(f"{AIMED_AT}: p99 in ms at {RATE}/s", "at most", 60, _p(aimed, "asked", 0.99)),
        Aim(f"{AIMED_AT}: changes a second", "at least", WANTED, _sustained(aimed)),
    ]
    result.remarks += [
        (
            "'asked': from the moment the change was due to be asked for, so that waiting for a "
            "connection counts. 'answered': from the portal's 201, which comes after its commit. "
            "Both end when the partner's plugin has the event, which its receiver has then stored: "
            "three hops. 'endpoint' ends when a partner without a receiver has read it: two."
        ),
        (
            "The highest rate is the highest tried at which the backlog (asked for and not there) "
            "does not grow by more than 2 % of what is asked for meanwhile."
        ),
        (
            "Checked for each run: every change that the portal answered with 201 came to the "
            "partner, each case's in the order of its sequence, none that nobody made."
        ),
        "Processes share the cores with each other, with whoever asks, and with PostgreSQL.",
    ]
    return result


def _measure(bench: Bench, one: Contender, plan: Plan, result: Result) -> Found:
    folder = bench.new_folder()
    path = folder / "notes"
    spec = {"notes": str(path), "data": str(folder / "receiver")}
    with (
        bench.child("partner", one.partner, spec=spec) as partner,
        Served(bench, one.deployment) as served,
    ):
        served.register()
        served.subscribe(f"http://127.0.0.1:{partner.read()['port']}/hooks/", events.SECRET)
        asking = {
            "portal": served.portal,
            "gateway": served.gateway,
            "token": served.token,
            "staff_token": served.staff_token,
            "worker": served.add_worker(),
            "cases": plan.cases,
            "lines": plan.lines,
            "notes": str(path),
        }
        with bench.child("changes", spec=asking) as staff:
            expected = {(number, 1) for number in staff.read(PATIENCE)["cases"]}
            run_of = _Stretches(one.name, staff, path, folder / "record", result, expected)
            run_of.stretch({"rate": RATE, "seconds": plan.warm_up})
            steady = run_of.stretch({"rate": RATE, "seconds": plan.steady})
            asked, answered, committed = _taken(steady, run_of.arrivals())
            before = _cpu(served, partner, staff)
            looked = run_of.stretch({"window": plan.window, "seconds": plan.looking})
            after = _cpu(served, partner, staff)
            guess = _throughput(looked, run_of.arrivals())
            sustained = run_of.highest(guess, plan.trying)
        cpu = {who: 1000 * (after[who] - before[who]) / max(1, len(looked)) for who in before}
        delivered = notes.read(path)
    _check(one.name, delivered, path, expected, result)
    return Found(asked, answered, committed, sustained, cpu, delivered.twice)


@attrs.define
class _Stretches:
    """The stretches of load that one set of processes goes through, one after the other."""

    name: str
    staff: Child
    notes: Path
    record: Path
    result: Result
    expected: set[tuple[int, int]]

    def stretch(self, word: dict[str, Any]) -> list[Change]:
        """Ask for changes, wait until they have arrived, and return their record."""
        self.staff.say(json.dumps({**word, "out": str(self.record)}))
        statuses = self.staff.read(PATIENCE + word["seconds"])["statuses"]
        if others := {status: n for status, n in statuses.items() if status != "201"}:
            self.result.failures.append(f"{self.name}: the portal answered {others}")
        found = changes.read(self.record)
        self.expected |= {(change.case, change.sequence) for change in found}
        notes.wait_for(self.notes, len(self.expected), seconds=PATIENCE, every=0.02)
        return found

    def arrivals(self) -> Arrivals:
        """Return when each event was first there."""
        found: Arrivals = {}
        for case, sequence, at in notes.records(self.notes):
            found.setdefault((case, sequence), at)
        return found

    def highest(self, guess: float, seconds: float) -> float:
        """Return the highest rate among the steps round a guess that is kept; 0 where none is."""
        low, high = -1, len(STEPS)
        while high - low > 1:
            middle = (low + high) // 2
            rate = guess * STEPS[middle]
            found = self.stretch({"rate": rate, "seconds": seconds})
            came = self.arrivals()
            arrived = [came[key] for change in found if (key := _key(change)) in came]
            kept = keeps_up([change.asked for change in found], arrived)
            say(f"hops, {self.name}: {rate:,.0f}/s {'kept' if kept else 'not kept'}")
            low, high = (middle, high) if kept else (low, middle)
        return guess * STEPS[low] if low >= 0 else 0.0


def keeps_up(asked: Sequence[float], arrived: Sequence[float]) -> bool:
    """Tell whether the backlog stayed as it was, from the second quarter to the last.

    It may grow by 2 % of what was asked for in between, or by ten.
    """
    begin, end = min(asked), max(asked)
    half, quarter = (end - begin) / 2, (end - begin) / 4

    def backlog(since: float) -> float:
        moments = [since + quarter * part / 50 for part in range(50)]
        return statistics.mean(
            sum(at <= moment for at in asked) - sum(at <= moment for at in arrived)
            for moment in moments
        )

    grown = backlog(begin + quarter + half) - backlog(begin + quarter)
    return grown <= max(10.0, 0.02 * len(asked) / 2)


def _key(change: Change) -> tuple[int, int]:
    return change.case, change.sequence


def _taken(
    found: Sequence[Change], arrivals: Arrivals
) -> tuple[list[float], list[float], list[float]]:
    """Return, each sorted: from asking and from the answer to the partner, and to the answer."""
    here = [(change, arrivals[key]) for change in found if (key := _key(change)) in arrivals]
    return (
        sorted((at - change.asked) * 1000 for change, at in here),
        sorted((at - change.answered) * 1000 for change, at in here),
        sorted((change.answered - change.asked) * 1000 for change in found),
    )


def _throughput(found: Sequence[Change], arrivals: Arrivals) -> float:
    """Return the arrivals a second while changes were asked for, but for the first quarter."""
    asked = [change.asked for change in found]
    begin, end = min(asked) + (max(asked) - min(asked)) / 4, max(asked)
    came = [arrivals[key] for change in found if (key := _key(change)) in arrivals]
    return sum(begin < at <= end for at in came) / (end - begin)


def _cpu(served: Served, partner: Child, staff: Child) -> dict[str, float]:
    return {
        **served.cpu_seconds(),
        "partner": cpu_seconds(partner.pid),
        "asking": cpu_seconds(staff.pid),
    }


def _check(
    name: str,
    delivered: notes.Delivered,
    path: Path,
    expected: set[tuple[int, int]],
    result: Result,
) -> None:
    came = {(case, sequence) for case, sequence, _ in notes.records(path)}
    if lost := len(expected - came):
        result.failures.append(f"{name}: {lost} of {len(expected)} events did not come")
    if strange := len(came - expected):
        result.failures.append(f"{name}: {strange} events came that nobody was told of")
    if delivered.out_of_order:
        result.failures.append(f"{name}: {delivered.out_of_order} cases out of order")


def _p(found: Sequence[Found], what: str, share: float) -> float:
    return statistics.median(percentile(getattr(one, what), share) for one in found)


def _sustained(found: Sequence[Found]) -> float:
    return statistics.median_low([one.sustained for one in found])


def _latencies(found: dict[str, list[Found]]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            name,
            *(
                _p(some, what, share)
                for what in ("asked", "answered", "committed")
                for share in (0.5, 0.99)
            ),
            len(some[0].asked),
            sum(one.twice for one in some),
        )
        for name, some in found.items()
    ]
    columns = (
        "",
        "asked p50",
        "p99",
        "answered p50",
        "p99",
        "to the 201 p50",
        "p99",
        "events",
        "twice",
    )
    return Table(f"at {RATE} changes a second, in ms", columns, tuple(rows))


def _rates(found: dict[str, list[Found]]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, some in found.items():
        cpu = {
            who: statistics.median(one.cpu.get(who, 0.0) for one in some)
            for who in ("all", "portal", "gateway", "partner", "asking")
        }
        server = cpu["all"] + cpu["portal"] + cpu["gateway"]
        rows.append(
            (
                name,
                _sustained(some),
                server,
                cpu["portal"] or None,
                cpu["gateway"] or None,
                cpu["partner"],
                cpu["asking"],
            )
        )
    columns = ("", "changes/s", "server", "its portal", "its gateway", "partner", "asking")
    heading = "the highest rate that is kept; ms of a core per change, as fast as they arrive"
    return Table(heading, columns, tuple(rows))
