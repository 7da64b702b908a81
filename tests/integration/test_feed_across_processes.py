"""A feed that many processes write, of which one is killed, is read without a gap meanwhile."""

from __future__ import annotations

import signal
import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from fulfillment_sdk.relay import Event, Relay
from tests.integration.accepting import KEYS, OWNER, PATIENCE, Task, begun
from tests.postgres import server

CASES, STEPS = 4, 40


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/relay.db"
        return
    made = server().new_database()
    yield made
    server().drop_database(made)


def read_on(relay: Relay, over: threading.Event) -> list[Event]:
    """Read until everybody has ended and there is nothing more."""
    found: list[Event] = []
    after: str | None = None
    while True:
        last = over.is_set()
        page = relay.feed(OWNER, after=after, limit=100).result(PATIENCE)
        found += page.events
        after = page.next
        if last and not page.events:
            return found


def ended(process: ForkServerProcess) -> int | None:
    process.join(PATIENCE)
    return process.exitcode


@pytest.mark.timeout(120)
def test_a_reader_misses_nothing_and_gets_nothing_twice_whoever_accepts_and_is_killed(
    url: str,
) -> None:
    over = threading.Event()
    reader = Relay(url, sinks={}, keys=KEYS, feeds=True)
    tasks = [
        Task(url, "one", CASES, STEPS),
        Task(url, "two", CASES, STEPS),
        Task(url, "killed", CASES, STEPS, killed_at=STEPS // 2),
    ]
    again = Task(url, "killed", CASES, STEPS)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read_on, reader, over)
        try:
            with begun(*tasks) as (first, second, killed):
                assert ended(killed) == -signal.SIGKILL
                with begun(again) as [repeated]:
                    assert [ended(one) for one in (repeated, first, second)] == [0, 0, 0]
        finally:
            over.set()
        found = reading.result(PATIENCE)
    reader.close()

    wanted = {event.id for task in tasks for batch in task.events for event in batch}
    assert len(found) == len(wanted) == 3 * CASES * STEPS
    assert {event.id for event in found} == wanted
    by_case: dict[str, list[int | None]] = defaultdict(list)
    for event in found:
        by_case[event.lane].append(event.sequence)
    assert set(map(tuple, by_case.values())) == {tuple(range(1, STEPS + 1))}
