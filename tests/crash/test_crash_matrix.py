"""A relay that is killed at each named point of an event's way loses and invents nothing.

`FULFILLMENT_TEST_KILLS` is how often it is killed at each point before it may finish,
`FULFILLMENT_TEST_SEED` decides at which hit, and what else happens meanwhile.
"""

from __future__ import annotations

import functools
import os
import random
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import attrs
import pytest

from fulfillment_sdk.relay import SCHEMA
from fulfillment_sdk.store import Sealer, Store
from tests.postgres import server

from . import verdict
from .acts import LONGEST_SECONDS
from .life import DESTINATIONS, KEYS, Life
from .points import POINTS, Act
from .processes import start
from .rest import Key, Rest, await_rest, let_leases_pass
from .witness import Witness

KILLS = int(os.environ.get("FULFILLMENT_TEST_KILLS", "1"))
SEED = os.environ.get("FULFILLMENT_TEST_SEED", "one of many")

CASES = tuple(f"case-{number}" for number in range(6))
EVENTS = 6  # of each case, in each life

Verdict = Callable[[Witness, Rest, tuple[str, ...]], None]

# What must hold after each kill, and in the end.
VERDICTS: Mapping[Act, tuple[Verdict, Verdict]] = {
    "": (verdict.kept_in_full, verdict.all_done),
    "stop": (verdict.kept_in_full, verdict.all_done),
    "replay": (functools.partial(verdict.kept_in_full, again=True), verdict.all_done_again),
    "sweep": (verdict.kept_until_arrived, verdict.all_gone),
}


@attrs.define
class Lives:
    """One database, and the lives that go by over it."""

    url: str
    witness: Witness
    chance: random.Random
    slow: bool
    act: Act = ""
    number: int = 0
    unsettled: dict[int, frozenset[Key]] = attrs.field(factory=dict)

    def ended_at(self, point: str) -> None:
        """Live until it is killed at this point; writes may merge so that a life has none such."""
        least = POINTS[point].least
        hits = self.chance.randint(least, POINTS[point].most)
        for most in (hits, least, least, least):
            if self._one(point, most) == -signal.SIGKILL:
                return
        pytest.fail(f"no life ever comes to this point: {point}")

    def last(self) -> None:
        """Live until everything has arrived."""
        assert self._one(None, 0) == 0

    def _one(self, point: str | None, hits: int) -> int:
        """Live once and return how it ended; each life has events of its own, and older ones."""
        self.number += 1
        life = Life(
            number=self.number,
            url=self.url,
            witness=self.witness,
            seed=str(self.chance.random()),
            point=point,
            hits=hits,
            todo=self._todo(),
            upto=EVENTS * self.number,
            slow=self.slow,
            act="" if self.act == "stop" and point is None else self.act,
        )
        process = start(life)
        process.join(LONGEST_SECONDS + 10)
        if process.exitcode is None:
            process.kill()
            process.join()
            pytest.fail(f"life {self.number} does not end")
        failed = [told.note for told in self.witness.lines("failed")]
        assert not failed, failed[0]
        ended = process.exitcode
        process.close()
        await_rest(self.url)
        return ended

    def rest(self) -> Rest:
        """Look at what is left, and note what is unsettled."""
        rest = Rest.of(self.url)
        self.unsettled[self.number] = rest.pending
        return rest

    def _todo(self) -> dict[str, int]:
        last = {(told.case): told.sequence for told in self.witness.lines("acknowledged")}
        return {case: last.get(case, 0) + 1 for case in CASES}


@pytest.fixture
def url(database: str, tmp_path: Path) -> Iterator[str]:
    is_sqlite = database == "sqlite"
    url = f"sqlite:///{tmp_path}/relay.db" if is_sqlite else server().new_database()
    # Migrating takes a second in a process that has not done it before.
    Store.open(url, schemas=[SCHEMA], sealer=Sealer(KEYS)).close()
    yield url
    if not is_sqlite:
        server().drop_database(url)


@pytest.mark.timeout(120 + 30 * KILLS)
@pytest.mark.parametrize(
    ("database", "point"),
    [
        (database, name)
        for database in ("sqlite", "postgresql")
        for name, point in POINTS.items()
        if point.only in ("", database)
    ],
)
def test_a_relay_killed_at_any_point_loses_nothing_and_keeps_each_case_in_order(
    database: str, point: str, url: str, tmp_path: Path
) -> None:
    chance = random.Random(f"{SEED} {point} {database}")
    witness = Witness(tmp_path / "witness")
    act = POINTS[point].act
    lives = Lives(url, witness, chance, POINTS[point].slow, act)
    kept, all_done = VERDICTS[act]
    first = POINTS[point].first
    for killed_at in [*([first] if first else []), *([point] * KILLS)]:
        lives.ended_at(killed_at)
        rest = lives.rest()
        verdict.coherent(rest)
        kept(witness, rest, DESTINATIONS)
        let_leases_pass(url)

    lives.last()

    arrived = list(witness.lines("arrived"))
    all_done(witness, lives.rest(), DESTINATIONS)
    verdict.handed_in_before_it_arrived(witness)
    verdict.stored_once(witness)
    verdict.in_order(arrived, DESTINATIONS[0])
    if act == "replay":
        verdict.from_the_start_once(arrived, DESTINATIONS[0])
    elif not lives.slow:  # there a busy machine may take longer than a lease
        verdict.without_jumps(arrived, DESTINATIONS[0])
        verdict.repeated_only_where_unsettled(arrived, lives.unsettled)
