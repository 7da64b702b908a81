"""Who takes events and delivers them: our relay, and the queues of tasks it is measured beside."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import attrs

from benchmarks.run import Bench
from benchmarks.services import PLAIN, PSYCOPG

Spec = dict[str, Any]


@attrs.frozen
class Contender:
    """Something that takes events and delivers them.

    Args:
        events: how many it gets in the long form, so that it takes some seconds.
        ordered: it promises the order of each case's events; that is checked.
    """

    name: str
    role: Literal["ours", "peer"]
    module: str
    store: Literal["sqlite", "folder", "postgres", "redis"]
    events: int
    ordered: bool = False
    scheme: str = PLAIN


CONTENDERS = (
    Contender("relay, SQLite", "ours", "relays", "sqlite", 60_000, ordered=True),
    Contender(
        "relay, PostgreSQL", "ours", "relays", "postgres", 60_000, ordered=True, scheme=PSYCOPG
    ),
    Contender("Huey, SQLite", "peer", "peers.huey_sqlite", "folder", 12_000),
    Contender(
        "Procrastinate, PostgreSQL",
        "peer",
        "peers.procrastinate_pg",
        "postgres",
        3_000,
        ordered=True,
    ),
    Contender("PgQueuer, PostgreSQL", "peer", "peers.pgqueuer_pg", "postgres", 30_000),
    Contender("Celery, Redis", "peer", "peers.celery_redis", "redis", 6_000),
)


def new_job(bench: Bench, one: Contender, count: int) -> Spec:
    """Make an empty place for a contender, and the spec of `count` events there."""
    folder = bench.new_folder()
    return {
        "place": _new_place(bench, one, folder),
        "notes": str(folder / "notes"),
        "events": count,
    }


def _new_place(bench: Bench, one: Contender, folder: Path) -> str:
    match one.store:
        case "sqlite":
            return f"sqlite:///{folder / 'relay.db'}"
        case "folder":
            return str(folder)
        case "postgres":
            return bench.postgres.new_database().url(one.scheme)
        case "redis":
            bench.redis.clear()
            return bench.redis.url


def set_up(bench: Bench, one: Contender, job: Spec) -> None:
    """Let it make its tables."""
    with bench.child(one.module, "setup", spec=job) as child:
        child.read()


def fill(bench: Bench, one: Contender, job: Spec) -> None:
    """Let it take all events, however that is fastest."""
    with bench.child(one.module, "fill", spec=job) as child:
        child.read(3600)
