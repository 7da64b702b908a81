"""Several workers on one PostgreSQL database, of which some are killed, and one is stopped."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import attrs
import pytest

from fulfillment_sdk.relay import SCHEMA
from fulfillment_sdk.store import Sealer, Store
from tests.crash import verdict
from tests.crash.acts import LONGEST_SECONDS
from tests.crash.life import DESTINATIONS, KEYS, Life
from tests.crash.processes import start
from tests.crash.rest import Rest, await_rest, is_pending
from tests.crash.witness import Told, Witness

SEED = os.environ.get("FULFILLMENT_TEST_SEED", "one of many")
EVENTS = 15  # of each case
CASES = (("case-0", "case-1", "case-2"), ("case-3", "case-4", "case-5"))
SETTLED = "after the commit of a settlement"


@attrs.define
class Workers:
    """Processes that accept and dispatch; each case is handed in by two of them."""

    url: str
    witness: Witness
    end: Path
    chance: random.Random
    running: dict[int, ForkServerProcess] = attrs.field(factory=dict)
    killed: set[int] = attrs.field(factory=set)
    number: int = 0

    def begin(self, *, killed_at: str | None = None, pauses_at: int = 0) -> int:
        """Start a worker and return its number."""
        self.number += 1
        reached = {told.case: told.sequence for told in self.witness.lines("acknowledged")}
        life = Life(
            number=self.number,
            url=self.url,
            witness=self.witness,
            seed=str(self.chance.random()),
            point=killed_at,
            hits=self.chance.randint(1, 3),
            todo={case: reached.get(case, 0) + 1 for case in CASES[self.number % 2]},
            upto=EVENTS,
            short=True,
            pauses_at=pauses_at,
            stays_until=self.end,
        )
        self.running[self.number] = start(life)
        return self.number

    def kill(self, number: int) -> None:
        """End a worker by force."""
        self.running[number].kill()
        self.died(number)

    def died(self, number: int) -> None:
        """Wait for the end of a worker that ends itself by force."""
        process = self.running.pop(number)
        process.join(LONGEST_SECONDS)
        assert process.exitcode == -signal.SIGKILL, self.complaints()
        self.killed.add(number)

    def go_on(self, number: int) -> None:
        """Let a worker that has stopped itself go on."""
        pid = self.running[number].pid
        assert pid is not None
        os.kill(pid, signal.SIGCONT)

    def finish(self) -> None:
        """Let all end by themselves."""
        self.end.touch()
        for process in self.running.values():
            process.join(LONGEST_SECONDS)
            assert process.exitcode == 0, self.complaints()
        self.running.clear()

    def abandon(self) -> None:
        """Leave nobody behind, whatever happened."""
        for process in self.running.values():
            process.kill()
            process.join()

    def until(self, what: str, happened: Callable[[list[Told]], bool]) -> None:
        """Wait for something that the witness is told."""
        deadline = time.monotonic() + LONGEST_SECONDS
        while not happened(list(self.witness.lines())):
            assert time.monotonic() < deadline, f"{what} never happened {self.complaints()}"
            time.sleep(0.02)

    def somebody_else_has_what_was_in_hand(self, told: list[Told]) -> bool:
        """Not by its arrival: one that was slow has lost it, and stops behind that."""
        paused = next((one for one in told if one.what == "pausing"), None)
        return paused is not None and not is_pending(self.url, paused.key)

    def complaints(self) -> list[str]:
        return ["".join(told.note) for told in self.witness.lines("failed")]


@pytest.fixture
def workers(postgres_url: str, tmp_path: Path) -> Iterator[Workers]:
    Store.open(postgres_url, schemas=[SCHEMA], sealer=Sealer(KEYS)).close()
    workers = Workers(
        postgres_url, Witness(tmp_path / "witness"), tmp_path / "end", random.Random(SEED)
    )
    yield workers
    workers.abandon()


@pytest.mark.timeout(120)
def test_workers_that_are_killed_and_stopped_lose_nothing_and_keep_each_case_in_order(
    workers: Workers,
) -> None:
    sleeper = workers.begin(pauses_at=workers.chance.randint(2, 6))
    dying = workers.begin(killed_at="after a send")
    # Before those begin who could deliver all of it: then it would never come to that.
    workers.until("a pause", lambda told: any(one.what == "pausing" for one in told))
    victim = workers.begin()
    workers.begin()

    workers.died(dying)
    dying = workers.begin(killed_at=SETTLED)
    workers.until("an arrival", lambda told: _arrivals(told, victim) > 5)
    workers.kill(victim)
    workers.begin()
    workers.died(dying)
    workers.begin()
    # Its lease is over once somebody else has settled what it has in hand.
    workers.until("the end of a lease", workers.somebody_else_has_what_was_in_hand)
    workers.go_on(sleeper)
    workers.until("a late settlement", lambda told: _lost(told, sleeper))
    workers.until("the arrival of everything", _everything_arrived)
    workers.finish()
    await_rest(workers.url)

    arrived = list(workers.witness.lines("arrived"))
    rest = Rest.of(workers.url)
    late = {told.life for told in workers.witness.lines("lost")}
    verdict.coherent(rest)
    verdict.kept_in_full(workers.witness, rest, DESTINATIONS)
    verdict.all_done(workers.witness, rest, DESTINATIONS)
    verdict.handed_in_before_it_arrived(workers.witness)
    verdict.stored_once(workers.witness)
    verdict.in_order(arrived, DESTINATIONS[0])
    verdict.repeated_only_by_force(arrived, workers.killed | late)


def _arrivals(told: list[Told], life: int) -> int:
    return sum(one.what == "arrived" and one.life == life for one in told)


def _lost(told: list[Told], life: int) -> bool:
    return any(one.what == "lost" and one.life == life for one in told)


def _everything_arrived(told: list[Told]) -> bool:
    arrived = {one.key for one in told if one.what == "arrived"}
    return len(arrived) == len(DESTINATIONS) * EVENTS * sum(map(len, CASES))
