"""A typed `cases.create` beside a hand-written loop over `requests.Session.post(json=…)`."""

from __future__ import annotations

import statistics
from typing import Any

import attrs

from benchmarks import samples
from benchmarks.callers import HAND, OURS, UNCHECKED
from benchmarks.report import Aim, Cell, Result, Table, say
from benchmarks.run import Bench

CASES = {"seven mandatory fields": samples.SHORT, "a full case": samples.FULL}


@attrs.frozen
class Plan:
    """How much of it: the long form, or the short one."""

    rounds: int = 3
    blocks: int = 60
    calls: int = 25


SHORT = Plan(rounds=1, blocks=8, calls=15)


def run(bench: Bench) -> Result:
    """Let them take turns at one server, block by block, in a process that does nothing else."""
    plan = SHORT if bench.short else Plan(rounds=bench.rounds(3))
    result = Result("client", "creating a case: the client beside a loop written by hand")
    with bench.child("servers", "creating", spec={"data": ""}) as server:
        place = server.read()
        for what, document in CASES.items():
            blocks: dict[str, list[list[float]]] = {}
            size = 0
            for turn in range(plan.rounds):
                spec = {**place, "case": document, "blocks": plan.blocks, "calls": plan.calls}
                with bench.child("callers", spec=spec) as callers:
                    told = callers.read(300.0)
                size = told["bytes"]
                result.failures += [f"{what}: {problem}" for problem in told["problems"]]
                for name, measured in told["blocks"].items():
                    blocks.setdefault(name, []).extend(measured)
                where = f"client, {what}, round {turn + 1} of {plan.rounds}"
                say(f"{where}: {_said(told['blocks'])}")
            result.tables.append(_table(what, size, blocks, plan))
            aim = f"{what}: ours, x by hand"
            result.aims.append(Aim(aim, "at most", 1.0, _beside(blocks, OURS, HAND, 0)))
    result.remarks += [
        (
            "One thread, one connection kept alive, the server in another process. A block is "
            f"{plan.calls} calls; x is the median of the ratios of the blocks of one turn."
        ),
        (
            "By hand is one post(json=…) on a session with the same headers, the keys made, the "
            "status checked and the id read. Its second row has trust_env=False, which also "
            "forgets the proxies that the environment names."
        ),
        (
            "stripe sends the same JSON by raw_request over the same `requests`; svix the same as "
            "a message's payload over httpx. Both make and send an idempotency key as ours does."
        ),
    ]
    return result


def _table(what: str, size: int, blocks: dict[str, list[list[float]]], plan: Plan) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            name,
            _median(blocks, name, 0),
            _beside(blocks, name, HAND, 0),
            _median(blocks, name, 1),
            _beside(blocks, name, HAND, 1),
        )
        for name in blocks
    ]
    both = zip(blocks[OURS], blocks[UNCHECKED], strict=True)
    checks = statistics.median(checked[1] - unchecked[1] for checked, unchecked in both)
    rows.append(("of ours, checks", None, None, checks, checks / _median(blocks, HAND, 1)))
    return Table(
        f"{what}, {size:,} bytes, {plan.rounds * plan.blocks * plan.calls:,} calls each",
        ("", "us/call", "x by hand", "CPU us/call", "x by hand"),
        tuple(rows),
    )


def _median(blocks: dict[str, list[list[float]]], name: str, column: int) -> float:
    return statistics.median(one[column] for one in blocks[name])


def _beside(blocks: dict[str, list[list[float]]], name: str, other: str, column: int) -> float:
    pairs = zip(blocks[name], blocks[other], strict=True)
    return statistics.median(one[column] / beside[column] for one, beside in pairs)


def _said(blocks: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_median(blocks, name, 0):,.0f} us" for name in blocks)
