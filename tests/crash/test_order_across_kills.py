"""Receivers that are killed at any moment put each case's events in order, and lose none.

Two processes are handed the same events at once, each in an order of its own and by several
threads. They are killed amid that; the next two get what is new and what was not acknowledged, and
in the end one lives until nothing waits any more.
"""

from __future__ import annotations

import os
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import attrs
import pytest

from fulfillment_sdk import signing
from tests.postgres import server

from .ordered import OrderedLife, Place, begin
from .rest import await_rest, let_leases_pass

ROUNDS = int(os.environ.get("FULFILLMENT_TEST_KILLS", "1")) + 1
SEED = os.environ.get("FULFILLMENT_TEST_SEED", "one of many")
CASES = tuple(f"case-{number}" for number in range(5))
EVENTS = 8  # of each case, in each round
LONGEST_SECONDS = 50.0


@attrs.define
class Lives:
    """One database, and the lives that go by over it."""

    data: str
    folder: Path
    chance: random.Random
    window: float = 600.0
    secret: str = attrs.field(factory=signing.new_secret)
    number: int = 0

    @property
    def url(self) -> str:
        """Where the database is."""
        return self.data if "://" in self.data else f"sqlite:///{self.data}/receiver.db"

    def killed(self, todo: list[Place]) -> None:
        """Hand these to two processes, and kill both once some of it was acknowledged."""
        before = len(self.answered)
        lives = [self._begun(todo), self._begun(todo)]
        wanted = before + self.chance.randint(1, len(todo))
        deadline = time.monotonic() + LONGEST_SECONDS
        while len(self.answered) < wanted and any(life.exitcode is None for life in lives):
            assert time.monotonic() < deadline, "nothing is acknowledged"
            time.sleep(0.002)
        for life in lives:
            life.kill()
        for life in lives:
            life.join()
        await_rest(self.url)
        let_leases_pass(self.url)

    def last(self, todo: list[Place]) -> None:
        """Hand these to one process, which lives until all was passed on."""
        life = self._begun(todo, lasts=True)
        life.join(LONGEST_SECONDS)
        assert life.exitcode == 0, (self.folder / f"{self.number}.log").read_text()

    @property
    def answered(self) -> set[Place]:
        """What was acknowledged."""
        return {(case, int(number)) for case, number in self._lines("answered", 2)}

    @property
    def seen(self) -> dict[str, list[int]]:
        """The numbers that the plugin saw of each case, each where it came first."""
        found: defaultdict[str, dict[int, None]] = defaultdict(dict)
        for case, number, _ in self._lines("seen", 3):
            found[case].setdefault(int(number))
        return {case: list(numbers) for case, numbers in found.items()}

    @property
    def words(self) -> set[str]:
        """What was odd about any of them."""
        return {word for _, _, word in self._lines("seen", 3)}

    def _begun(self, todo: list[Place], *, lasts: bool = False) -> ForkServerProcess:
        self.number += 1
        chance = random.Random(self.chance.random())
        shuffled = [*todo, *chance.sample(todo, len(todo) // 4)]
        chance.shuffle(shuffled)
        return begin(
            OrderedLife(
                number=self.number,
                data=self.data,
                folder=self.folder,
                todo=shuffled,
                secret=self.secret,
                window=self.window,
                lasts=lasts,
            )
        )

    def _lines(self, name: str, words: int) -> list[list[str]]:
        path = self.folder / name
        text = path.read_text() if path.exists() else ""
        return [found for line in text.splitlines() if len(found := line.split()) == words]


@pytest.fixture(params=["sqlite", "postgresql"])
def lives(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lives]:
    folder = tmp_path / "told"
    folder.mkdir()
    chance = random.Random(f"{SEED} {request.node.name}")
    if request.param == "sqlite":
        yield Lives(str(tmp_path / "data"), folder, chance)
        return
    url = server().new_database()
    yield Lives(url, folder, chance)
    server().drop_database(url)


@pytest.mark.timeout(300)
def test_each_event_is_seen_in_order_and_none_is_lost(lives: Lives) -> None:
    todo: list[Place] = []
    for turn in range(ROUNDS):
        numbers = range(turn * EVENTS + 1, (turn + 1) * EVENTS + 1)
        todo = [*sorted({*todo} - lives.answered), *((c, n) for c in CASES for n in numbers)]
        lives.killed(todo)

    lives.last(sorted({*todo} - lives.answered))

    assert lives.seen == {case: list(range(1, ROUNDS * EVENTS + 1)) for case in CASES}
    assert lives.words == {"None"}


@pytest.mark.timeout(300)
def test_what_some_events_never_come_for_is_seen_once_its_window_is_over(lives: Lives) -> None:
    lives.window = 1.5
    todo = [(case, number) for case in CASES for number in (1, 2, 4, 5, 8)]
    lives.killed(todo)

    lives.last(sorted({*todo} - lives.answered))

    seen = {case: sorted(numbers) for case, numbers in lives.seen.items()}
    assert seen == {case: [1, 2, 4, 5, 8] for case in CASES}
    assert lives.words <= {"None", "gap", "late"}
