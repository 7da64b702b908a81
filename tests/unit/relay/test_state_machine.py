"""Whatever is done to a relay in whatever order, it does what a small model of it does.

Steps, sinks' answers and crashes are Hypothesis's, the clock is the test's.
`FULFILLMENT_TEST_KILLS` is how many times longer it looks than in the suite.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import attrs
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fulfillment_sdk.relay import (
    SCHEMA,
    Delivered,
    Delivery,
    Destination,
    Event,
    Outcome,
    Reject,
    Relay,
    Retry,
    RetryPolicy,
)
from fulfillment_sdk.relay.dispatching.dispatcher import LEASE_SECONDS, Dispatcher
from fulfillment_sdk.relay.schema import (
    attempts,
    dead_letters,
    deliveries,
    destinations,
    events,
    lanes,
)
from fulfillment_sdk.relay.tables.alone import end_leases
from fulfillment_sdk.relay.tables.claim import claim
from fulfillment_sdk.relay.tables.lanes import Claim, Settlement, Wanted
from fulfillment_sdk.relay.tables.line_up import lane_number
from fulfillment_sdk.relay.tables.settle import settle_many
from fulfillment_sdk.relay.upkeep.retention import sweep
from fulfillment_sdk.relay.values import Ordering
from fulfillment_sdk.store import Sealer, Store

from .model import DELAYS, Fact, Key, Model, Said, Target

T = TypeVar("T")

TIMES = int(os.environ.get("FULFILLMENT_TEST_KILLS", "1"))
START = 1_800_000_000.0
LONG = 100_000.0
EVENTS = 12
ORDERINGS: tuple[Ordering, ...] = ("case", "none")
NAMES: Mapping[str, tuple[Ordering, tuple[str, ...]]] = {
    "ordered": ("case", ()),
    "loose": ("none", ()),
    "picky": ("case", ("rare",)),
}
OUTCOMES: Mapping[Said, Outcome] = {
    "arrived": Delivered(),
    "retry": Retry("503"),
    "refused": Reject("422"),
    "gone": Reject("410", disable=True),
}

facts = st.builds(
    Fact, st.integers(0, EVENTS - 1), st.sampled_from([b"first", b"first", b"first", b"other"])
)
names = st.sampled_from(sorted(NAMES))
saids = st.lists(
    st.sampled_from(["arrived", "arrived", "arrived", "retry", "retry", "refused", "gone"]),
    min_size=4,
    max_size=9,
)
pauses = st.sampled_from([0.0, 0.0, 6.0, 31.0])
changes = st.tuples(
    st.sampled_from([0, 0, 1, 2]),
    st.sampled_from([None, *ORDERINGS]),
    st.sampled_from([True, False]),
)
has_lanes = precondition(lambda self: self.model.lanes)


@attrs.frozen
class Held:
    """A lane that somebody claimed who may be dead: the claim, if it is known, and its end."""

    claim: Claim | None
    until: float


@attrs.define
class Found:
    """A lane in the database."""

    count: int
    tries: int
    due: float
    leased: bool
    pending: set[str] = attrs.field(factory=set)

    @property
    def facts(self) -> tuple[frozenset[str], int]:
        return frozenset(self.pending), self.tries


@attrs.define
class Sink:
    """Answers as drawn, and looks whether each event may come at this moment."""

    machine: RelayMachine
    says: list[Said] = attrs.field(factory=list)
    changes: Callable[[str], None] | None = None
    changes_at: int = 0
    dies_at: int = 0
    died: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def deliver(self, delivery: Delivery) -> Outcome:
        said: Said = self.says.pop(0) if self.says else "arrived"
        self.changes_at -= 1
        if self.changes is not None and self.changes_at == 0:
            self.changes(delivery.destination)
        self.machine.comes(delivery, said)
        self.dies_at -= 1
        if self.dies_at == 0:
            self.died.set()
            await asyncio.Future()
        return OUTCOMES[said]


class RelayMachine(RuleBasedStateMachine):
    """One relay on SQLite beside its model."""

    template: Path
    folders: Path

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.now = START
        self.changed = 0
        self.wrong: list[str] = []
        self.could_go: set[str] = set()
        self.sent: list[tuple[Key, str, Said]] = []
        self.held: dict[Key, Held] = {}
        self.over: list[Claim] = []
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(dir=self.folders))
        shutil.copy(self.template, self.folder / "relay.db")

    @initialize()
    def begin(self) -> None:
        self._open()
        for name in ("ordered", "loose"):
            self.put(name, True, None)

    def teardown(self) -> None:
        try:
            self.everything_arrives_in_the_end()
            self.the_database_has_what_the_model_has()
        finally:
            self._in_loop(self.dispatcher.stop())
            self.store.close()
            self.runner.close()
            shutil.rmtree(self.folder)

    # -- accepting -----------------------------------------------------------------------------

    @rule(batch=st.lists(facts, min_size=3, max_size=9))
    def accept(self, batch: list[Fact]) -> None:
        handed = [_event(fact) for fact in batch]
        accepted = self.store.write(lambda c: self.relay.accept_in(c, handed)).result()

        told = [(one.status, one.deliveries) for one in accepted]
        assert told == self.model.accept(batch, self.now)

    @precondition(lambda self: self.model.known)
    @rule(name=names, fact=facts)
    def replay(self, name: str, fact: Fact) -> None:
        replayed = self.relay.replay(name, fact.id).result()

        assert replayed == self.model.replay(name, fact.id, self.now)

    @precondition(lambda self: self.model.dead)
    @rule()
    def replay_what_is_dead(self) -> None:
        wanted = sorted(self.model.dead)
        replayed = self.relay.replay_many().result()

        assert replayed == sum(self.model.replay(name, id, self.now) for name, id in wanted)

    # -- destinations ----------------------------------------------------------------------------

    @rule(
        name=names,
        enabled=st.sampled_from([True, True, False]),
        ordering=st.sampled_from([None, None, *ORDERINGS]),
    )
    def put(self, name: str, enabled: bool, ordering: Ordering | None) -> None:
        """Put one in, or change it: what is pending stays in the order in which it was lined up."""
        usual, types = NAMES[name]
        target = self.model.targets.setdefault(name, Target(usual == "case", types))
        target.enabled = enabled
        target.version = self.changed = self.changed + 1
        if ordering is not None:
            target.in_order = ordering == "case"
        destination = Destination(
            name,
            "drawn",
            ordering="case" if target.in_order else "none",
            settings={"version": target.version},
            types=types,
            policy=RetryPolicy(DELAYS, jitter=0),
            timeout=LEASE_SECONDS / 2,
            enabled=enabled,
        )
        self.store.write(lambda c: self.relay.put_destination(c, destination)).result()

    @rule(name=names)
    def remove(self, name: str) -> None:
        removed = self.store.write(lambda c: self.relay.remove_destination(c, name)).result()

        assert removed == (name in self.model.targets)
        self.model.remove(name)
        for key in [key for key in self.held if key[0] == name]:
            self._over(key)

    # -- delivering ------------------------------------------------------------------------------

    @has_lanes
    @rule(says=saids, pause=pauses, change=changes)
    def deliver(
        self, says: list[Said], pause: float, change: tuple[int, Ordering | None, bool]
    ) -> None:
        """In the midst of it a destination may be changed: the old one's answers still come."""
        self.now += pause
        changes_at, ordering, enabled = change
        self.sink.says, self.sink.changes_at = list(says), changes_at
        self.sink.changes = lambda name: self.put(name, enabled, ordering)
        self._turn()
        self.sink.changes = None

    @has_lanes
    @rule(says=saids, pause=pauses, after=st.integers(1, 6), others=st.booleans())
    def crash_in_a_delivery(self, says: list[Said], pause: float, after: int, others: bool) -> None:
        """The process dies in the midst of a turn; what was on its way is settled or it is not."""
        self.now += pause
        before = self.model.copy()
        self.sink.says, self.sink.dies_at = list(says), after
        self._in_loop(self._turn_until_it_dies())
        self.store.close()
        self._in_loop(_cancel_all())
        self._open()
        self._learn_what_was_settled(before)
        if not others:  # the only dispatcher ends the leases of the dead
            self.store.write(lambda c: end_leases(c, self.now)).result()
            for key in list(self.held):
                self._over(key)

    @has_lanes
    @rule(name=names)
    def claim_and_die(self, name: str) -> None:
        """A worker claims what is due, and is heard of no more, or much later."""
        no = self._numbers().get(name)
        if no is None:
            return
        wanted = [Wanted(no, 2, LEASE_SECONDS)]
        claims = self.store.write(
            lambda c: claim(c, wanted, now=self.now, events_per_lane=3)
        ).result()
        for one in claims:
            key = self._keys()[one.key]
            assert self._is_free(key)
            assert self.model.lanes[key].due <= self.now
            self._hold(key, Held(one, self.now + LEASE_SECONDS))

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0, 20), most=st.integers(0, 3))
    def settle_late(self, which: int, most: int) -> None:
        """A claim counts until its lease is over; and only once."""
        known = sorted(key for key, held in self.held.items() if held.claim is not None)
        known = [key for key in known if not self._is_free(key)]
        if not known:
            return
        key = known[which % len(known)]
        one = self.held[key].claim
        assert one is not None
        self._over(key)
        places = one.places[:most]
        counts = one.tried is not None and one.tried not in {number for _, number in places}
        settlement = Settlement(
            claim=one,
            delivered=places,
            tries=one.tries if counts else 0,
            tries_of=one.tried if counts else None,
        )
        ids = [self._ids()[number] for _, number in places]
        kept = [
            self.store.write(lambda c: settle_many(c, [settlement], now=self.now)).result()
            for _ in range(2)
        ]

        assert kept == [["kept"], ["lost"]]
        if places:
            self.model.settle(key, ids, self.now)
        else:
            self.model.lanes[key].due = self.now

    @precondition(lambda self: self.over)
    @rule(which=st.integers(0, 20))
    def settle_too_late(self, which: int) -> None:
        one = self.over[which % len(self.over)]
        settlement = Settlement(claim=one, delivered=one.places, tries=0)
        kept = self.store.write(lambda c: settle_many(c, [settlement], now=self.now)).result()

        assert kept == ["lost"]

    def everything_arrives_in_the_end(self) -> None:
        """With all destinations up and enough time, nothing stays pending."""
        for name, target in list(self.model.targets.items()):
            if not target.enabled:
                self.put(name, True, None)
        self.sink.says = []
        for _ in range(10):
            self.now += LONG
            self._turn()

        assert not self.model.lanes
        assert self._lanes() == {}

    # -- time ------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1.0, 4.0, 31.0, 1000.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(keep=st.sampled_from([0.5, 20.0, 500.0]))
    def sweep(self, keep: float) -> None:
        async def not_at_all(_seconds: float) -> None: ...

        self._in_loop(sweep(self.store, keep, sleep=not_at_all))
        self.model.sweep(self.now - keep)

    # -- what holds after each step --------------------------------------------------------------

    @invariant()
    def nothing_came_that_should_not_have(self) -> None:
        assert not self.wrong

    @invariant()
    def the_database_has_what_the_model_has(self) -> None:
        if not hasattr(self, "store"):
            return
        ids, found = self._ids(), self._lanes()
        dead = self._all(sa.select(destinations.c.name, events.c.event_id).select_from(_DEAD))
        tried = self._all(sa.select(events.c.event_id, attempts.c.at).select_from(_TRIED))

        enabled = self._all(sa.select(destinations.c.name).where(destinations.c.enabled))

        assert {name for (name,) in enabled} == {
            name for name, one in self.model.targets.items() if one.enabled
        }
        assert {key: lane.facts for key, lane in found.items()} == self.model.facts()
        assert all(len(lane.pending) == lane.count for lane in found.values())
        assert set(ids.values()) == set(self.model.known)
        assert set(dead) == self.model.dead
        assert Counter(tried) == Counter(self.model.tried)

    def comes(self, delivery: Delivery, said: Said) -> None:
        """Look at an event that is being sent, and have the model know the answer."""
        name, id = delivery.destination, delivery.id
        if name not in self.could_go:
            self.wrong.append(f"{name} is disabled, or unknown")
        elif id not in self.model.pending_for(name):
            self.wrong.append(f"{id} is not pending for {name}")
        else:
            key = self.model.key(name, id)
            self._looks_right(key, delivery)
            self._over(key)
            self.sent.append((key, id, said))
            self.model.sent(name, id, said, delivery.settings["version"], self.now)

    def _looks_right(self, key: Key, delivery: Delivery) -> None:
        lane, head = self.model.lanes[key], self.model.head(key)
        if delivery.id != head:
            self.wrong.append(f"{delivery.id} came before {head}")
        if lane.due > self.now or not self._is_free(key):
            self.wrong.append(f"{delivery.id} came too early")
        if delivery.attempt != lane.tries_before(delivery.id) + 1:
            self.wrong.append(f"{delivery.id} came as try {delivery.attempt}")

    # -- inside ----------------------------------------------------------------------------------

    def _open(self) -> None:
        self.store = Store.open(
            f"sqlite:///{self.folder}/relay.db",
            schemas=[SCHEMA],
            sealer=Sealer([("k", b"k" * 32)]),
            clock=lambda: self.now,
        )
        self.sink = Sink(self)
        self.relay = Relay(self.store, sinks={"drawn": self.sink}, clock=lambda: self.now)
        self.dispatcher = Dispatcher(self.store, {"drawn": self.sink}, random=lambda: 0.5)

    def _turn(self) -> None:
        self._begin_turn()

        async def turn() -> None:
            await self.dispatcher.turn()
            await self.dispatcher.hands.emptied()

        self._in_loop(turn())

    async def _turn_until_it_dies(self) -> None:
        self._begin_turn()
        await self.dispatcher.turn()
        ends = [self.dispatcher.hands.emptied(), self.sink.died.wait()]
        tasks = [asyncio.create_task(_wait(end)) for end in ends]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)

    def _begin_turn(self) -> None:
        self.could_go = {name for name, one in self.model.targets.items() if one.enabled}
        self.sent = []

    def _is_free(self, key: Key) -> bool:
        return key not in self.held or self.held[key].until <= self.now

    def _hold(self, key: Key, held: Held) -> None:
        self._over(key)
        self.held[key] = held

    def _over(self, key: Key) -> None:
        """Somebody else has the lane, or nobody: what its holder says counts no more."""
        held = self.held.pop(key, None)
        if held is not None and held.claim is not None:
            self.over.append(held.claim)

    def _learn_what_was_settled(self, before: Model) -> None:
        """Each lane's turn is in the database as a whole, or not at all; this tells which."""
        found = self._lanes()
        disabled: set[str] = set()
        for key in {key for key, _, _ in self.sent}:
            of_lane = [(id, said) for its, id, said in self.sent if its == key]
            now = found[key].facts if key in found else None
            after = self.model.lanes[key].facts if key in self.model.lanes else None
            if now == after:
                disabled |= {key[0] for _, said in of_lane if said == "gone"}
                continue
            assert now == before.lanes[key].facts
            self.model.lanes[key] = before.lanes[key]
            for id, _ in of_lane:
                self.model.tried.remove((id, self.now))
                if (key[0], id) not in before.dead:
                    self.model.dead.discard((key[0], id))
        for name, target in self.model.targets.items():
            target.enabled = before.targets[name].enabled and name not in disabled
        for key, lane in found.items():
            if lane.leased and key not in self.held:
                self.held[key] = Held(None, lane.due)

    def _in_loop(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    def _all(self, query: sa.Select[*tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        rows = self.store.read(lambda c: c.execute(query).all()).result()
        return [tuple(row) for row in rows]

    def _ids(self) -> dict[int, str]:
        return dict(self._all(sa.select(events.c.id, events.c.event_id)))

    def _numbers(self) -> dict[str, int]:
        return dict(self._all(sa.select(destinations.c.name, destinations.c.no)))

    def _keys(self) -> dict[tuple[int, int], Key]:
        return {
            (no, lane_number(text)): (name, text)
            for name, no in self._numbers().items()
            for text in LANES
        }

    def _lanes(self) -> dict[Key, Found]:
        keys, ids = self._keys(), self._ids()
        query = sa.select(
            lanes.c.destination_no,
            lanes.c.lane,
            lanes.c.pending,
            lanes.c.tries,
            lanes.c.due_at,
            lanes.c.lease.is_not(None),
        )
        found = {keys[row[0], row[1]]: Found(*row[2:]) for row in self._all(query)}
        lined = sa.select(deliveries.c.destination_no, deliveries.c.lane, deliveries.c.event)
        for no, lane, event in self._all(lined):
            found[keys[no, lane]].pending.add(ids[event])
        return found


FACTS = [Fact(number) for number in range(EVENTS)]
LANES = {text for fact in FACTS for text in (fact.case, fact.id)}

_DEAD = dead_letters.join(destinations, destinations.c.no == dead_letters.c.destination_no).join(
    events, events.c.id == dead_letters.c.event
)
_TRIED = attempts.join(events, events.c.id == attempts.c.event)


def _event(fact: Fact) -> Event:
    return Event(fact.id, fact.type, fact.case, fact.sequence, fact.body)


async def _cancel_all() -> None:
    """End what a dead process would no longer do."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    while tasks:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}


async def _wait(end: Awaitable[object]) -> None:
    await end


@pytest.mark.timeout(300 * TIMES)  # of which a failure needs most, to find its shortest form
def test_a_relay_does_what_its_model_does_whatever_happens_to_it(tmp_path: Path) -> None:
    template = tmp_path / "template.db"
    sealer = Sealer([("k", b"k" * 32)])
    Store.open(f"sqlite:///{template}", schemas=[SCHEMA], sealer=sealer).close()
    machine = type("Machine", (RelayMachine,), {"template": template, "folders": tmp_path})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40 * TIMES,
            stateful_step_count=30,
            derandomize=TIMES == 1,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
