"""One, two and four worker processes on PostgreSQL, delivering one backlog between them."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import attrs

from benchmarks import notes
from benchmarks.contenders import CONTENDERS, Contender, fill, new_job, set_up
from benchmarks.report import Aim, Cell, Result, Table, ratio, say
from benchmarks.run import Bench

PROCESSES = (1, 2, 4)
PATIENCE = 300.0


@attrs.frozen
class Drained:
    """How fast so many processes were, and what the check found."""

    per_second: float
    delivered: notes.Delivered


def run(bench: Bench) -> Result:
    """Fill a database, let the processes drain it, and look at what was delivered."""
    rounds = bench.rounds(3)
    result = Result("workers", "worker processes on PostgreSQL, one backlog between them")
    some = [one for one in CONTENDERS if one.store == "postgres"]
    found: dict[tuple[str, int], list[Drained]] = {}
    for turn in range(rounds):
        for one in some:
            count = max(600, one.events // 20) if bench.short else one.events
            for many in PROCESSES:
                drained = _drain(bench, one, many, count)
                say(
                    f"workers, round {turn + 1} of {rounds}: {one.name}, {many} processes: "
                    f"{drained.per_second:,.0f}/s"
                )
                found.setdefault((one.name, many), []).append(drained)
                _check(result, one, many, count, drained.delivered)
    middle = {key: _middle(all_of_it) for key, all_of_it in found.items()}
    rows: list[tuple[Cell, ...]] = []
    for one in some:
        for many in PROCESSES:
            rate = middle[one.name, many]
            peer = max(middle[it.name, many] for it in some if it.role == "peer")
            alone = middle[one.name, 1]
            twice = sum(it.delivered.twice for it in found[one.name, many])
            rows.append((one.name, many, rate, ratio(rate, alone), ratio(rate, peer), twice))
    columns = ("", "processes", "deliveries/s", "x one", "x best peer", "twice")
    result.tables.append(Table("a sink that does nothing", columns, tuple(rows)))
    ours = next(one.name for one in some if one.role == "ours")
    result.aims.append(
        Aim("two processes, x one", "at least", 1.0, middle[ours, 2] / middle[ours, 1])
    )
    result.remarks.append(
        "The database shares the cores with the workers: with as many workers as cores there is "
        "nothing left to win. Procrastinate keeps order by its locks, PgQueuer keeps none."
    )
    return result


def _drain(bench: Bench, one: Contender, many: int, count: int) -> Drained:
    job = new_job(bench, one, count)
    set_up(bench, one, job)
    fill(bench, one, job)
    path = Path(job["notes"])
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(bench.child(one.module, "work", spec=job)) for _ in range(many)
        ]
        for worker in workers:
            worker.read()
        begin = time.monotonic()
        for worker in workers:
            worker.say("go")
        end = begin + PATIENCE
        while not notes.wait_for(path, count, seconds=1.0) and time.monotonic() < end:
            for worker in workers:
                worker.check()
        time.sleep(0.2)  # a second delivery of the last ones would come now
    delivered = notes.read(path)
    return Drained(delivered.distinct / (delivered.last - begin), delivered)


def _middle(found: list[Drained]) -> float:
    return sorted(one.per_second for one in found)[(len(found) - 1) // 2]


def _check(
    result: Result, one: Contender, many: int, count: int, delivered: notes.Delivered
) -> None:
    who = f"{one.name}, {many} processes"
    if delivered.distinct != count:
        result.failures.append(f"{who}: {delivered.distinct} of {count} delivered")
    if one.ordered and delivered.out_of_order:
        result.failures.append(f"{who}: {delivered.out_of_order} cases out of order")
    if one.role == "ours" and delivered.twice:
        result.failures.append(f"{who}: {delivered.twice} events delivered twice")
