"""Accept to delivered, through a sink that does nothing: the relay beside queues of tasks."""

from __future__ import annotations

import time
from pathlib import Path

import attrs

from benchmarks import notes
from benchmarks.contenders import CONTENDERS, Contender, new_job, set_up
from benchmarks.processes import Child
from benchmarks.report import Aim, Cell, Result, Table, ratio, say
from benchmarks.run import Bench

ROUNDS = 3
PATIENCE = 300.0


@attrs.frozen
class Figures:
    """Events per second: handed in alone, delivered alone, both at the same time; all in one."""

    events: int
    accept: float
    drain: float
    through: float
    in_one: float | None
    disordered: int
    twice: int


def run(bench: Bench) -> Result:
    """Let each contender accept, then deliver what it accepted, then do both at once."""
    result = Result("throughput", "accept to delivered through a sink that does nothing")
    rounds = bench.rounds(ROUNDS)
    found: dict[str, list[Figures]] = {one.name: [] for one in CONTENDERS}
    for turn in range(rounds):
        for one in CONTENDERS:
            measured = _measure(bench, one, result)
            say(
                f"throughput, round {turn + 1} of {rounds}: {one.name}: accept "
                f"{measured.accept:,.0f}/s, drain {measured.drain:,.0f}/s, "
                f"through {measured.through:,.0f}/s"
                + (f", in one process {measured.in_one:,.0f}/s" if measured.in_one else "")
            )
            found[one.name].append(measured)
    middle = {
        name: sorted(all_of_it, key=lambda one: one.through)[(len(all_of_it) - 1) // 2]
        for name, all_of_it in found.items()
    }
    peer = max(middle[one.name].through for one in CONTENDERS if one.role == "peer")
    result.tables.append(_table(middle, peer))
    result.aims += [
        Aim(f"{one.name}: through, x best peer", "at least", 5, middle[one.name].through / peer)
        for one in CONTENDERS
        if one.role == "ours"
    ]
    result.remarks += [
        (
            "Every event is handed in by itself and is on disk before the call returns. One "
            "process hands in and one works; the relay also does both in one, as a receiver does."
        ),
        (
            "'Out of order' counts cases whose events came in another order; only the relay and "
            "Procrastinate promise one."
        ),
    ]
    return result


def _measure(bench: Bench, one: Contender, result: Result) -> Figures:
    count = max(300, one.events // 20) if bench.short else one.events
    job = new_job(bench, one, count)
    set_up(bench, one, job)
    with bench.child(one.module, "produce", spec=job) as producer:
        accept = count / _seconds(producer)
    with bench.child(one.module, "work", spec=job) as worker:
        begin = _go(worker)
        first = _await(worker, job, count, f"{one.name}, drain", result)
    drain = first.distinct / (first.last - begin)
    found = [first]
    job = new_job(bench, one, count)
    set_up(bench, one, job)
    worker = bench.child(one.module, "work", spec=job)
    with worker, bench.child(one.module, "produce", spec=job) as producer:
        _go(worker)
        time.sleep(1.0)  # until it looks for work
        begin = _go(producer)
        found.append(_await(worker, job, count, f"{one.name}, through", result))
    through, in_one = found[-1].distinct / (found[-1].last - begin), None
    if one.role == "ours":
        job = new_job(bench, one, count)
        set_up(bench, one, job)
        with bench.child(one.module, "both", spec=job) as worker:
            begin = _go(worker)
            found.append(_await(worker, job, count, f"{one.name}, in one process", result))
        in_one = found[-1].distinct / (found[-1].last - begin)
    disordered = sum(noted.out_of_order for noted in found)
    if one.ordered and disordered:
        result.failures.append(f"{one.name}: {disordered} cases out of order")
    return Figures(
        count, accept, drain, through, in_one, disordered, sum(noted.twice for noted in found)
    )


def _go(child: Child) -> float:
    child.read()
    child.say("go")
    return time.monotonic()


def _seconds(child: Child) -> float:
    _go(child)
    return float(child.read(PATIENCE)["seconds"])


def _await(
    worker: Child, job: dict[str, object], count: int, what: str, result: Result
) -> notes.Delivered:
    path, end = Path(str(job["notes"])), time.monotonic() + PATIENCE
    while not notes.wait_for(path, count, seconds=1.0) and time.monotonic() < end:
        worker.check()
    delivered = notes.read(path)
    if delivered.distinct != count:
        result.failures.append(f"{what}: {delivered.distinct} of {count} events were delivered")
    return delivered


def _table(middle: dict[str, Figures], peer: float) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for one in CONTENDERS:
        found = middle[one.name]
        rows.append(
            (
                one.name,
                one.role,
                found.events,
                found.accept,
                found.drain,
                found.through,
                ratio(found.through, peer),
                found.in_one,
                found.disordered,
                found.twice,
            )
        )
    columns = ("", "role", "events", "accept/s", "drain/s", "through/s", "x best peer")
    more = ("in one process/s", "out of order", "twice")
    return Table("400-byte events, six to a case", (*columns, *more), tuple(rows))
