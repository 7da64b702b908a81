"""Case creation through both hops: a partner's POST, answered once both parties have the case."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

import attrs

from benchmarks import calls
from benchmarks.processes import Spec
from benchmarks.report import Cell, Result, Table, ratio, say
from benchmarks.run import Bench
from benchmarks.served import DEPLOYMENTS, Deployment, Served

CREATION, NO_OP, HEALTH = "creation", "no-op", "/healthz"
CEILING = "uvicorn answering only"

NO_OP_PATH = f"{calls.PARTNERS}cases/?limit=1"
"""The same token, gateway, hop and portal, read and answered as JSON; only nothing is written."""

MOST = {CREATION: 3_000, NO_OP: 3_000, HEALTH: 15_000, CEILING: 25_000}
"""No more than so many answers a second are expected: so many requests are written."""

Measured = dict[str, Any]


@attrs.frozen
class Plan:
    """How much of it: the long form, or the short one."""

    connections: tuple[int, ...] = (1, 8, 32)
    rounds: int = 3
    seconds: float = 5.0
    warm_up: float = 1.0


SHORT = Plan(connections=(8,), rounds=1, seconds=1.0, warm_up=0.5)


def run(bench: Bench) -> Result:
    """Load each deployment at each number of connections, in turn, each with an empty store."""
    plan = SHORT if bench.short else Plan(rounds=bench.rounds(3))
    result = Result("creation", "cases created through both hops, by a real `fulfillment serve`")
    for connections in plan.connections:
        found: dict[tuple[str, str], list[Measured]] = {}
        for turn in range(plan.rounds):
            where = f"creation, {connections} connections, round {turn + 1} of {plan.rounds}"
            for one in DEPLOYMENTS:
                measured = _measure(bench, one, connections, plan, result)
                said = ", ".join(
                    f"{what} {it['per_second']:,.0f}/s" for what, it in measured.items()
                )
                say(f"{where}: {one.name}: {said}")
                for what, it in measured.items():
                    found.setdefault((one.name, what), []).append(it)
            ceiling = _ceiling(bench, connections, plan)
            say(f"{where}: {CEILING}: {ceiling['per_second']:,.0f}/s")
            found.setdefault((CEILING, CREATION), []).append(ceiling)
        result.tables.append(_table(connections, found))
    result.remarks += [
        (
            "After its last answer each server is killed with SIGKILL and started again: every 201 "
            "must then be a case in the portal's list, once, and nothing else be in it."
        ),
        (
            "The no-op is GET cases/?limit=1 at the same server: token, gateway, hop and portal "
            "are the same, and nothing is written. /healthz passes neither token nor hop."
        ),
        (
            "A case has 750 bytes and comes with both keys that the client sends. Gateway and "
            "portal share a core in one process, and have one each in two, less what the load and "
            "PostgreSQL take."
        ),
    ]
    return result


def _measure(
    bench: Bench, one: Deployment, connections: int, plan: Plan, result: Result
) -> dict[str, Measured]:
    """Return what the server did of each kind of call, cases last."""
    where = f"{one.name} at {connections} connections"
    acknowledged = bench.new_folder() / "acknowledged"
    served = Served(bench, one)
    found: dict[str, Measured] = {}
    try:
        served.start()
        served.register()
        place = {"place": {"port": served.gateway}, "token": served.token}
        for what, spec in (
            (HEALTH, {"what": "asking", "path": "/healthz", **place, "token": ""}),
            (NO_OP, {"what": "asking", "path": NO_OP_PATH, **place}),
            (CREATION, {"what": "cases", **place, "ids": str(acknowledged)}),
        ):
            found[what] = _load(bench, spec, connections, plan, MOST[what])
            statuses = found[what]["statuses"]
            wanted = "201" if what == CREATION else "200"
            if others := {status: n for status, n in statuses.items() if status != wanted}:
                result.failures.append(f"{where} answered {others} to {what}")
    finally:
        served.kill()
    with served:
        problem = _mismatch(acknowledged.read_text().split(), served.case_ids())
    if problem:
        result.failures.append(f"{where}: {problem}")
    return found


def _ceiling(bench: Bench, connections: int, plan: Plan) -> Measured:
    with bench.child("servers", "answer-only", spec={"data": ""}) as server:
        spec = {"what": "cases", "place": server.read(), "token": "x" * 300, "ids": ""}
        return _load(bench, spec, connections, plan, MOST[CEILING])


def _load(bench: Bench, spec: Spec, connections: int, plan: Plan, most: int) -> Measured:
    spec = {
        "ids": "",
        **spec,
        "connections": connections,
        "seconds": plan.seconds,
        "warm_up": plan.warm_up,
        "events": int(most * plan.seconds),
        "run": "creation",
    }
    with bench.child("load", spec=spec) as load:
        load.read()
        load.say("go")
        return load.read(60 + plan.seconds + plan.warm_up)


def _mismatch(acknowledged: Sequence[str], listed: Sequence[str]) -> str:
    """Say how the portal's list differs from the 201s; empty where it doesn't."""
    twice = [name for of in (acknowledged, listed) for name, n in Counter(of).items() if n > 1]
    missing, strange = set(acknowledged) - set(listed), set(listed) - set(acknowledged)
    if not (twice or missing or strange):
        return ""
    return (
        f"of {len(acknowledged)} cases {len(missing)} are not listed and {len(twice)} are there "
        f"twice; {len(strange)} are listed that nobody was told of"
    )


def _median(measurements: Sequence[Measured]) -> Measured:
    middle = statistics.median_low([one["per_second"] for one in measurements])
    return next(one for one in measurements if one["per_second"] == middle)


def _table(connections: int, found: dict[tuple[str, str], list[Measured]]) -> Table:
    ceiling = _median(found[CEILING, CREATION])
    rows: list[tuple[Cell, ...]] = []
    for one in DEPLOYMENTS:
        made, no_op, health = (_median(found[one.name, what]) for what in (CREATION, NO_OP, HEALTH))
        rate = made["per_second"]
        rows.append(
            (
                one.name,
                rate,
                made["p50_ms"],
                made["p99_ms"],
                ratio(rate, no_op["per_second"]),
                ratio(rate, ceiling["per_second"]),
                no_op["per_second"],
                no_op["p99_ms"],
                health["per_second"],
                made["acknowledged"],
            )
        )
    rows.append((CEILING, ceiling["per_second"], ceiling["p50_ms"], ceiling["p99_ms"], *[None] * 6))
    return Table(
        f"{connections} connection{'s' if connections > 1 else ''}",
        (
            "",
            "cases/s",
            "p50 ms",
            "p99 ms",
            "x no-op",
            "x uvicorn",
            "no-op/s",
            "no-op p99",
            "healthz/s",
            "201s",
        ),
        tuple(rows),
    )
