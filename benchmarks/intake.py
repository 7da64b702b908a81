"""Durable intake over HTTP: a signed event of 400 bytes, on disk before its answer."""

from __future__ import annotations

import shutil
import sqlite3
import statistics
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import attrs
import psycopg

from benchmarks.report import Aim, Cell, Result, Table, ratio, say
from benchmarks.run import Bench
from benchmarks.services import ASYNCPG, PLAIN, PSYCOPG, Database

Place = Path | Database
Ids = Callable[[Place], set[str]]


def _sqlite_ids(file: str, query: str) -> Ids:
    def ids(place: Place) -> set[str]:
        assert isinstance(place, Path)
        with closing(sqlite3.connect(place / file)) as connection:
            return {str(row[0]) for row in connection.execute(query)}

    return ids


def _postgres_ids(query: str) -> Ids:
    def ids(place: Place) -> set[str]:
        assert isinstance(place, Database)
        with psycopg.connect(place.url(PLAIN)) as connection:
            return {str(row[0]) for row in connection.execute(query.encode())}

    return ids


_OURS = "SELECT event_id FROM relay_events"
_HOOKRELAY = "SELECT idempotency_key FROM hookrelay_events"


@attrs.frozen
class Contender:
    """A server under load.

    Args:
        module, kind: what runs it.
        ids: reads the ids that its store holds; None for one that stores nothing.
        scheme: of the database's URL; None for a folder.
        most: no more than this many answers a second are expected: so many requests are written.
    """

    name: str
    role: Literal["ours", "peer", "ceiling"]
    module: str
    kind: str
    ids: Ids | None = None
    scheme: str | None = None
    path: str = "/hooks/"
    signed_as: str = "standard"
    most: int = 15_000


CONTENDERS = (
    Contender("receiver, SQLite", "ours", "servers", "keeping", _sqlite_ids("receiver.db", _OURS)),
    Contender(
        "receiver, SQLite, delivering meanwhile",
        "ours",
        "servers",
        "receiver",
        _sqlite_ids("receiver.db", _OURS),
    ),
    Contender("receiver, PostgreSQL", "ours", "servers", "keeping", _postgres_ids(_OURS), PSYCOPG),
    Contender("the receiver without its store", "ceiling", "servers", "not-storing", most=25_000),
    Contender("uvicorn answering only", "ceiling", "servers", "answer-only", most=40_000),
    Contender(
        "hookspool, TCP",
        "peer",
        "peers.hookspool_intake",
        "tcp",
        _sqlite_ids("spool.db", "SELECT dedup_id FROM events"),
        path="/hooks/bench",
        signed_as="hookspool",
        most=4_000,
    ),
    Contender(
        "hookspool, Unix socket",
        "peer",
        "peers.hookspool_intake",
        "unix",
        _sqlite_ids("spool.db", "SELECT dedup_id FROM events"),
        path="/hooks/bench",
        signed_as="hookspool",
        most=4_000,
    ),
    Contender(
        "hookrelay, SQLite",
        "peer",
        "peers.hookrelay_intake",
        "sqlite",
        _sqlite_ids("hookrelay.db", _HOOKRELAY),
        most=4_000,
    ),
    Contender(
        "hookrelay, PostgreSQL",
        "peer",
        "peers.hookrelay_intake",
        "postgres",
        _postgres_ids(_HOOKRELAY),
        ASYNCPG,
        most=4_000,
    ),
)


@attrs.frozen
class Plan:
    """How much of it: the long form, or the short one."""

    connections: tuple[int, ...] = (1, 8, 32, 128)
    rounds: int = 3
    seconds: float = 5.0
    warm_up: float = 1.0


SHORT = Plan(connections=(8, 32), rounds=1, seconds=1.5, warm_up=0.5)


def run(bench: Bench) -> Result:
    """Load each contender at each number of connections, in turn, each with an empty store."""
    plan = SHORT if bench.short else Plan(rounds=bench.rounds(3))
    result = Result("intake", "signed events of 400 bytes over HTTP, durable before the answer")
    for connections in plan.connections:
        found: dict[str, list[dict[str, Any]]] = {one.name: [] for one in CONTENDERS}
        for turn in range(plan.rounds):
            for one in CONTENDERS:
                measured = measure(bench, one, connections, plan, result)
                say(
                    f"intake, {connections} connections, round {turn + 1} of {plan.rounds}: "
                    f"{one.name}: {measured['per_second']:,.0f}/s"
                )
                found[one.name].append(measured)
        best = {name: _median(measurements) for name, measurements in found.items()}
        result.tables.append(_table(connections, best))
        if connections == 32:
            result.aims += _aims(best)
    result.remarks += [
        (
            "Each server is killed with SIGKILL after its last answer; then its store is read, and "
            "every acknowledged event must be there."
        ),
        (
            "'receiver' keeps each event lined up for one plugin that is disabled, as the peers "
            "keep it for a dispatcher that does not run; 'delivering meanwhile' passes it on."
        ),
    ]
    return result


def measure(
    bench: Bench, one: Contender, connections: int, plan: Plan, result: Result
) -> dict[str, Any]:
    """Load a server with an empty store, kill it, and see that all it acknowledged is there."""
    place: Place = bench.new_folder() if one.scheme is None else bench.postgres.new_database()
    data = str(place) if isinstance(place, Path) else place.url(one.scheme or PLAIN)
    ids = bench.new_folder() / "acknowledged"
    server = bench.child(one.module, one.kind, spec={"data": data})
    try:
        spec = {
            "place": server.read(),
            "path": one.path,
            "signed_as": one.signed_as,
            "connections": connections,
            "seconds": plan.seconds,
            "warm_up": plan.warm_up,
            "events": int(one.most * plan.seconds),
            "run": "intake",
            "ids": str(ids),
        }
        with bench.child("load", spec=spec) as load:
            load.read()
            load.say("go")
            measured = load.read(60 + plan.seconds + plan.warm_up)
    finally:
        server.kill()
    where = f"{one.name} at {connections} connections"
    if others := {status: n for status, n in measured["statuses"].items() if status[0] != "2"}:
        result.failures.append(f"{where} answered {others}")
    if one.ids is not None:
        missing = set(ids.read_text().split()) - one.ids(place)
        if missing:
            result.failures.append(f"{where}: {len(missing)} acknowledged events are not stored")
    if isinstance(place, Path):
        shutil.rmtree(place)
    return measured


def _median(measurements: Sequence[dict[str, Any]]) -> dict[str, Any]:
    middle = statistics.median_low([one["per_second"] for one in measurements])
    return next(one for one in measurements if one["per_second"] == middle)


def _best_peer(best: dict[str, dict[str, Any]]) -> float:
    return max(float(best[one.name]["per_second"]) for one in CONTENDERS if one.role == "peer")


def _table(connections: int, best: dict[str, dict[str, Any]]) -> Table:
    peer, ceiling = _best_peer(best), best["the receiver without its store"]["per_second"]
    rows: list[tuple[Cell, ...]] = [
        (
            one.name,
            one.role,
            found["per_second"],
            ratio(found["per_second"], peer),
            ratio(found["per_second"], ceiling),
            found["p50_ms"],
            found["p99_ms"],
            found["acknowledged"],
        )
        for one in CONTENDERS
        for found in (best[one.name],)
    ]
    return Table(
        f"{connections} connections",
        ("", "role", "events/s", "x best peer", "x not storing", "p50 ms", "p99 ms", "acks"),
        tuple(rows),
    )


def _aims(best: dict[str, dict[str, Any]]) -> list[Aim]:
    ours = best["receiver, SQLite"]
    ceiling = best["the receiver without its store"]["per_second"]
    return [
        Aim(
            "at 32 connections, x best peer", "at least", 20, ours["per_second"] / _best_peer(best)
        ),
        Aim("share of the not-storing rate", "at least", 1 / 3, ours["per_second"] / ceiling),
        Aim("p99 in ms", "at most", 20, ours["p99_ms"]),
    ]
