"""What a backlog costs: a claim, the first deliveries and the memory must not grow with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import machine, notes
from benchmarks.contenders import CONTENDERS, Contender, fill, new_job, set_up
from benchmarks.report import Aim, Cell, Result, Table, ratio, say
from benchmarks.run import Bench
from benchmarks.services import PSYCOPG

SIZES = (10**3, 10**5, 10**6)
SHORT_SIZES = (10**3, 10**4)
PEERS_SIZES = (10**3, 10**5)
STORES = ("SQLite", "PostgreSQL")
PATIENCE = 3600.0


def run(bench: Bench) -> Result:
    """Probe each store with each size of backlog, due and waiting."""
    result = Result("backlog", "claims and memory at a growing backlog")
    sizes = SHORT_SIZES if bench.short else SIZES
    for store in STORES:
        for due in (True, False):
            kind = "due" if due else "waiting for a destination that is down"
            found = {size: _probe(bench, store, size, due=due) for size in sizes}
            heading = f"{store}, backlog {kind}"
            result.tables.append(_table(heading, found))
            result.aims += _aims(heading, found)
    result.tables.append(_beside_peers(bench, result))
    result.remarks += [
        (
            "'claim' is the median time of a claim of 200 lanes; 'first' and '1,000' are the "
            "medians of the times from the dispatcher's start to so many deliveries."
        ),
        "Memory is the dispatching process's: before its first claim, and its peak.",
        (
            "Beside the peers: from the first delivery of a fresh worker process to its "
            "thousandth, all of the backlog due, and the process's peak memory."
        ),
    ]
    return result


def _probe(bench: Bench, store: str, size: int, *, due: bool) -> dict[str, Any]:
    folder = bench.new_folder()
    place = (
        f"sqlite:///{folder / 'relay.db'}"
        if store == "SQLite"
        else bench.postgres.new_database().url(PSYCOPG)
    )
    spec = {"place": place, "notes": str(folder / "notes"), "size": size, "due": due}
    with bench.child("backlog_probe", "fill", spec=spec) as filling:
        while "done" not in (told := filling.read(PATIENCE)):
            say(f"backlog, {store}: {told['filled']:,} of {size:,} events lined up")
    with bench.child("backlog_probe", "probe", spec=spec) as probing:
        found = probing.read(PATIENCE)
    kind, claim = "due" if due else "waiting", found["claim_ms"]
    say(f"backlog, {store}, {size:,} {kind}: a claim {claim:.2f} ms")
    return found


def _beside_peers(bench: Bench, result: Result) -> Table:
    small, large = SHORT_SIZES if bench.short else PEERS_SIZES
    rows: list[tuple[Cell, ...]] = []
    for one in CONTENDERS:
        if one.store == "redis":
            continue  # a list in another process's memory: a different thing
        few, many = (_thousand(bench, one, size, result) for size in (small, large))
        say(f"backlog, {one.name}: 1,000 took {few[0]:.0f} ms, with more behind {many[0]:.0f} ms")
        rows.append((one.name, few[0], many[0], ratio(many[0], few[0]), few[1], many[1]))
    ms, mib = f"ms at {large:,}", f"MiB at {large:,}"
    columns = ("", f"ms at {small:,}", ms, "x", f"MiB at {small:,}", mib)
    return Table("1,000 deliveries, beside the peers", columns, tuple(rows))


def _thousand(bench: Bench, one: Contender, size: int, result: Result) -> tuple[float, float]:
    job = new_job(bench, one, size)
    set_up(bench, one, job)
    fill(bench, one, job)
    path = Path(job["notes"])
    with bench.child(one.module, "work", spec=job) as worker:
        worker.read()
        worker.say("go")
        if not notes.wait_for(path, 1000, seconds=300):
            result.failures.append(f"{one.name}: no 1,000 deliveries out of {size:,}")
        peak = machine.peak(worker.pid)
    at = notes.times(path)[:1000]
    return (at[-1] - at[0]) * 1000 if at else 0.0, peak


def _table(heading: str, found: dict[int, dict[str, Any]]) -> Table:
    columns = (
        "backlog",
        "claim ms",
        "x smallest",
        "first ms",
        "1,000 ms",
        "MiB before",
        "MiB peak",
    )
    smallest = next(iter(found.values()))
    rows: list[tuple[Cell, ...]] = [
        (
            f"{size:,}",
            one["claim_ms"],
            ratio(one["claim_ms"], smallest["claim_ms"]),
            one["first_ms"],
            one["thousand_ms"],
            one["before_mib"],
            one["peak_mib"],
        )
        for size, one in found.items()
    ]
    return Table(heading, columns, tuple(rows))


def _aims(heading: str, found: dict[int, dict[str, Any]]) -> list[Aim]:
    first, *_, last = found.values()
    what = (("claim", "claim_ms"), ("peak memory", "peak_mib"))
    return [
        Aim(f"{heading}: {name}, largest x smallest", "at most", 1.2, ratio(last[key], first[key]))
        for name, key in what
    ]
