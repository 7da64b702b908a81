"""A relay over a backlog: how long a claim takes, when deliveries come, what memory it needs.

Each event has a case of its own, so that there are as many lanes as events: the hardest backlog,
and a claim takes as many lanes at every size. The backlog is `due` (all of it may go now), or
`waiting` (an endpoint that is down has it, and the events that are to be delivered are others).
"""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
import time
from pathlib import Path

import sqlalchemy as sa

from benchmarks import events, machine, notes
from benchmarks.processes import Spec, end_with_parent, tell
from benchmarks.relays import CONCURRENCY, KEYS, Nothing, fill
from fulfillment_sdk.relay import Destination, Event, Relay
from fulfillment_sdk.relay.tables.claim import claim
from fulfillment_sdk.relay.tables.lanes import Wanted

LIVE, DOWN = "live", "down"
BATCH = 1000
ROUNDS = 5
CLAIMS = 21


class Undo(Exception):
    """Ends a transaction whose changes are not wanted."""


def time_claims(relay: Relay) -> list[float]:
    """Claim as a turn of the dispatcher does, undo it, and return the seconds that each took."""
    seconds: list[float] = []
    number = sa.text("SELECT no FROM relay_destinations WHERE name = :name")

    def work(connection: sa.Connection) -> None:
        now = relay.store.now(connection)
        no = connection.execute(number, {"name": LIVE}).scalar_one()
        wanted = Wanted(no=no, most=200, lease=20)
        begin = time.perf_counter()
        found = claim(connection, [wanted], now=now, events_per_lane=20)
        seconds.append(time.perf_counter() - begin)
        if len(found) != wanted.most:
            raise RuntimeError(f"{len(found)} lanes of {wanted.most} were claimed")
        raise Undo

    for _ in range(CLAIMS):
        with contextlib.suppress(Undo):
            relay.store.write(work).result()
    return seconds


def open_relay(spec: Spec) -> Relay:
    """Open the relay with a destination that works and one that is down."""
    destinations = [
        Destination(name, "nothing", types=(name,), concurrency=CONCURRENCY)
        for name in (LIVE, DOWN)
    ]
    sinks = {"nothing": Nothing(spec["notes"])}
    return Relay(spec["place"], destinations=destinations, sinks=sinks, keys=KEYS)


def made(kind: str, run: str, count: int) -> list[Event]:
    """Make events for one of the destinations."""
    return [
        Event(
            id=events.event_id(f"{kind}{run}", index),
            type=kind,
            lane=f"{kind}{run}_{index:08d}",
            sequence=1,
            body=events.body(run, index, count),
        )
        for index in range(count)
    ]


def put_off(connection: sa.Connection) -> int:
    """Let all lanes wait for a day."""
    return connection.execute(sa.text("UPDATE relay_lanes SET due_at = due_at + 86400")).rowcount


def make_backlog(spec: Spec) -> None:
    """Accept the backlog; where it is to wait, as after a failed try, put its lanes off."""
    relay, size, kind = open_relay(spec), int(spec["size"]), LIVE if spec["due"] else DOWN
    for part in range(0, size, 50_000):
        fill(relay, made(kind, f"b{part}", min(50_000, size - part)))
        tell(filled=min(size, part + 50_000))
    if not spec["due"]:
        relay.store.write(put_off).result()
    relay.close()
    tell(done=True)


def probe(spec: Spec) -> None:
    """Start, wait for a thousand deliveries, stop; several times; tell the medians."""
    path, due = Path(spec["notes"]), bool(spec["due"])
    relay = open_relay(spec)
    before = machine.resident()
    claims: list[float] = []
    firsts: list[float] = []
    thousands: list[float] = []
    for turn in range(ROUNDS):
        seen = notes.count_in(path)
        if not due:
            fill(relay, made(LIVE, f"r{turn}", BATCH))
        if turn == 0:
            claims = time_claims(relay)
        begin = time.perf_counter()
        relay.start()
        if not notes.wait_for(path, seen + 1, seconds=120, every=0.0005):
            raise TimeoutError("Nothing is delivered")
        firsts.append(time.perf_counter() - begin)
        notes.wait_for(path, seen + BATCH, seconds=120, every=0.0005)
        thousands.append(time.perf_counter() - begin)
        relay.stop()
        if due:
            fill(relay, made(LIVE, f"t{turn}", notes.count_in(path) - seen))
    tell(
        first_ms=statistics.median(firsts) * 1000,
        thousand_ms=statistics.median(thousands) * 1000,
        claim_ms=statistics.median(claims) * 1000,
        before_mib=before,
        peak_mib=machine.peak(),
    )
    relay.close()


if __name__ == "__main__":
    end_with_parent()
    act = make_backlog if sys.argv[1] == "fill" else probe
    act(json.loads(sys.argv[2]))
