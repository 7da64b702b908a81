"""A relay in plain Python: what must be pending, dead, known and tried after each step."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import attrs

Said = Literal["arrived", "retry", "refused", "gone"]
Key = tuple[str, str]  # (destination, lane)

DELAYS = (0.0, 5.0, 30.0)  # of every destination's policy


@attrs.frozen
class Fact:
    """An event as it is handed in; its id says everything but its body."""

    number: int
    body: bytes = b"first"

    @property
    def id(self) -> str:
        return f"event-{self.number:02}"

    @property
    def case(self) -> str:
        return f"case-{self.number % 3}"

    @property
    def sequence(self) -> int | None:
        """Some senders count, from the end here; others don't."""
        return None if self.number % 3 == 2 else 30 - self.number

    @property
    def type(self) -> str:
        return "rare" if self.number % 4 == 3 else "usual"


@attrs.define
class Known:
    """An event that is stored: its place among all, and when it came."""

    fact: Fact
    rank: int
    at: float

    @property
    def order(self) -> tuple[int, int]:
        """Where it stands in its lane."""
        return self.fact.sequence or 0, self.rank


@attrs.define
class Target:
    """A destination."""

    in_order: bool
    types: tuple[str, ...]
    enabled: bool = True
    version: int = 0

    def lane_of(self, fact: Fact) -> str:
        return fact.case if self.in_order else fact.id


@attrs.define
class Lane:
    """What is pending for a destination, in one order."""

    pending: set[str] = attrs.field(factory=set)
    tries: int = 0
    tries_of: str | None = None
    due: float = 0.0

    def tries_before(self, id: str) -> int:
        """Return how often an event has failed; tries are not its lane's."""
        return self.tries if self.tries_of == id else 0

    def failed(self, id: str) -> None:
        """Count a failure."""
        self.tries, self.tries_of = self.tries_before(id) + 1, id

    @property
    def facts(self) -> tuple[frozenset[str], int]:
        """What the database must know of it."""
        return frozenset(self.pending), self.tries


@attrs.define
class Model:
    """All that a relay must remember."""

    known: dict[str, Known] = attrs.field(factory=dict)
    targets: dict[str, Target] = attrs.field(factory=dict)
    lanes: dict[Key, Lane] = attrs.field(factory=dict)
    dead: set[tuple[str, str]] = attrs.field(factory=set)
    aside: set[tuple[str, bytes]] = attrs.field(factory=set)
    tried: list[tuple[str, float]] = attrs.field(factory=list)
    rank: int = 0

    def copy(self) -> Model:
        return copy.deepcopy(self)

    # -- what comes in -------------------------------------------------------------------------

    def accept(self, batch: Sequence[Fact], now: float) -> list[tuple[str, int]]:
        """Return what each event is to be told: its status, and for how many destinations."""
        firsts: dict[str, int] = {}
        for index, fact in enumerate(batch):
            firsts.setdefault(fact.id, index)
        new = {id: index for id, index in firsts.items() if id not in self.known}
        sent: dict[str, int] = {}
        for id, index in new.items():
            self.rank += 1
            fact = batch[index]
            self.known[id] = Known(fact, self.rank, now)
            wanting = [
                name
                for name, target in self.targets.items()
                if not target.types or fact.type in target.types
            ]
            for name in wanting:
                self.line_up(name, id, now)
            sent[id] = len(wanting)
        return [
            ("new", sent[fact.id]) if new.get(fact.id) == index else (self._again(fact), 0)
            for index, fact in enumerate(batch)
        ]

    def line_up(self, name: str, id: str, now: float) -> None:
        key = name, self.targets[name].lane_of(self.known[id].fact)
        self.lanes.setdefault(key, Lane(due=now)).pending.add(id)

    def replay(self, name: str, id: str, now: float) -> bool:
        """Return whether the event is to go out once more."""
        if name not in self.targets or id not in self.known or id in self.pending_for(name):
            return False
        self.line_up(name, id, now)
        self.dead.discard((name, id))
        return True

    def _again(self, fact: Fact) -> str:
        if self.known[fact.id].fact.body == fact.body:
            return "duplicate"
        self.aside.add((fact.id, fact.body))
        return "conflict"

    # -- destinations --------------------------------------------------------------------------

    def remove(self, name: str) -> None:
        """Forget a destination, with what is pending or dead for it."""
        self.targets.pop(name, None)
        self.lanes = {key: lane for key, lane in self.lanes.items() if key[0] != name}
        self.dead = {key for key in self.dead if key[0] != name}

    # -- what goes out -------------------------------------------------------------------------

    def key(self, name: str, id: str) -> Key:
        """Return where an event is pending: it stays there though the ordering is changed."""
        return next(
            key for key, lane in self.lanes.items() if key[0] == name and id in lane.pending
        )

    def head(self, key: Key) -> str:
        """Return the event that must go first."""
        return min(self.lanes[key].pending, key=lambda id: self.known[id].order)

    def sent(self, name: str, id: str, said: Said, version: object, now: float) -> None:
        """Note what a destination said to an event, by the settings of this version."""
        key = self.key(name, id)
        lane, target = self.lanes[key], self.targets[name]
        self.tried.append((id, now))
        if said == "gone":
            lane.failed(id)
            lane.due = now
            if version == target.version:
                target.enabled = False
        elif said == "retry" and lane.tries_before(id) + 1 < len(DELAYS):
            lane.failed(id)
            lane.due = now + DELAYS[lane.tries]
        else:
            self.settle(key, [id], now)
            if said != "arrived":
                self.dead.add((name, id))

    def settle(self, key: Key, ids: Collection[str], now: float) -> None:
        """Take what has arrived, or is given up, out of its lane; an empty one is gone."""
        lane = self.lanes[key]
        lane.pending.difference_update(ids)
        lane.due = now
        if lane.tries_of in ids:
            lane.tries, lane.tries_of = 0, None
        if not lane.pending:
            del self.lanes[key]

    # -- what is forgotten ---------------------------------------------------------------------

    def sweep(self, before: float) -> None:
        """Forget old attempts, and old events that nobody needs any more."""
        self.tried = [(id, at) for id, at in self.tried if at >= before]
        needed = {id for lane in self.lanes.values() for id in lane.pending}
        needed |= {id for _, id in self.dead} | {id for id, _ in self.aside}
        needed |= {id for id, _ in self.tried}
        self.known = {id: one for id, one in self.known.items() if id in needed or one.at >= before}

    # -- what can be looked at -----------------------------------------------------------------

    def pending_for(self, name: str) -> set[str]:
        return {
            id for (owner, _), lane in self.lanes.items() if owner == name for id in lane.pending
        }

    def facts(self) -> Mapping[Key, tuple[frozenset[str], int]]:
        """Return the lanes as the database must have them."""
        return {key: lane.facts for key, lane in self.lanes.items()}
