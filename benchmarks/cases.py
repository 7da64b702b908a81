"""What it costs a receiver to know of its cases: the same intake with that and without."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from benchmarks.intake import Contender, Plan, measure
from benchmarks.report import Aim, Result, Table, say
from benchmarks.run import Bench
from benchmarks.services import PSYCOPG

MOST = 4_000
"""Requests a second that are written: of so many, cases have several events in one round."""

LOST = 0.2
"""The share of the rate that the cases may cost."""

WITH, WITHOUT = "keeping", "without-cases"

STORES = {"SQLite": None, "PostgreSQL": PSYCOPG}


def run(bench: Bench) -> Result:
    """Load both by turns, in short rounds: what else the machine does then meets both alike."""
    rounds = 1 if bench.short else 4 * bench.rounds(3)
    plan = Plan(seconds=1.5 if bench.short else 2.5, warm_up=0.5)
    result = Result("cases", "signed events over HTTP, with what is known of cases and without")
    for store, scheme in STORES.items():
        found: dict[str, list[float]] = {WITH: [], WITHOUT: []}
        for turn in range(rounds):
            for kind in sorted(found, reverse=bool(turn % 2)):
                one = Contender(
                    f"{kind}, {store}", "ours", "servers", kind, scheme=scheme, most=MOST
                )
                rate = float(measure(bench, one, 32, plan, result)["per_second"])
                found[kind].append(rate)
                say(f"cases, round {turn + 1} of {rounds}: {one.name}: {rate:,.0f}/s")
        shares = [one / other for one, other in zip(found[WITH], found[WITHOUT], strict=True)]
        result.tables.append(_table(store, found, shares))
        result.aims.append(
            Aim(f"{store}: share of the rate", "at least", 1 - LOST, statistics.median(shares))
        )
    result.remarks.append("32 connections; a share is that of two rounds, one behind the other.")
    return result


def _table(store: str, found: Mapping[str, Sequence[float]], shares: Sequence[float]) -> Table:
    rates = {kind: statistics.median(some) for kind, some in found.items()}
    return Table(
        store,
        ("", "events/s", "share", "least", "most"),
        (
            ("without cases", rates[WITHOUT], None, None, None),
            ("with cases", rates[WITH], statistics.median(shares), min(shares), max(shares)),
        ),
    )
