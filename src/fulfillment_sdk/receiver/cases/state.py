"""Where a case stands, as far as its events have come: small values, and their stored form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import attrs

from fulfillment_sdk.receiver.cases.facts import Fact

MOST_HOLES: Final = 64
"""Ranges of missing numbers that are told apart in one case; the oldest are then taken together,
with what came between them: that may come twice, and nothing is lost."""


@attrs.frozen(slots=True)
class Hole:
    """Numbers that have not come, though later ones were passed on.

    Args:
        first, last: the first and the last of them.
        reported: whether they are missed: neither before the first that was seen of the case, nor
            where the subscription filters.
    """

    first: int
    last: int
    reported: bool = False


@attrs.frozen(slots=True)
class Held:
    """An event that waits for earlier ones, until then (epoch seconds) at most."""

    fact: Fact
    until: float

    @property
    def sequence(self) -> int:
        """Its number: one without is never held."""
        return self.fact.sequence or 0


@attrs.frozen(slots=True)
class CaseState:
    """What is known of a case.

    Args:
        status: where it stands by the latest event, None where none has said so.
        next: the number that comes next; 0 before the first that has one.
        holes: the numbers below `next` that have not come, in order.
        held: what waits, by number and in the order of arrival.
        told: the number of the event that `status` is from; 0 where it has none.
    """

    status: str | None = None
    next: int = 0
    holes: tuple[Hole, ...] = ()
    held: tuple[Held, ...] = ()
    told: int = 0

    @property
    def stands(self) -> str | None:
        """Its status for sure; None where an event is missing that may have changed it."""
        is_sure = self.told and not (self.holes and self.holes[-1].last > self.told)
        return self.status if is_sure else None

    def has_had(self, sequence: int) -> bool:
        """Tell whether the event of this number was passed on."""
        return sequence < self.next and not any(
            hole.first <= sequence <= hole.last for hole in self.holes
        )

    def missing(self) -> tuple[Hole, ...]:
        """Return what keeps the held events waiting, and what is missed for good so far."""
        waited, number = [], self.next
        for held in self.held:
            if number and held.sequence > number:
                waited.append(Hole(number, held.sequence - 1))
            number = max(number, held.sequence + 1)
        return (*(hole for hole in self.holes if hole.reported), *waited)

    def with_hole(self, hole: Hole) -> CaseState:
        """Return it with numbers that have not come, behind all others."""
        return attrs.evolve(self, holes=_no_more((*self.holes, hole)))

    def without(self, sequence: int) -> CaseState:
        """Return it with this number come late."""
        holes: list[Hole] = []
        for hole in self.holes:
            if not hole.first <= sequence <= hole.last:
                holes.append(hole)
                continue
            if hole.first < sequence:
                holes.append(attrs.evolve(hole, last=sequence - 1))
            if sequence < hole.last:
                holes.append(attrs.evolve(hole, first=sequence + 1))
        return attrs.evolve(self, holes=_no_more(holes))

    def with_late(self, fact: Fact) -> CaseState:
        """Return it with an event that was missing; where it stands, a later one may have told."""
        sequence = fact.sequence or 0
        state = self.without(sequence)
        if not fact.moves or sequence < state.told:
            return state
        return attrs.evolve(state, status=fact.status, told=sequence)

    def holding(self, fact: Fact, until: float) -> CaseState:
        """Return it with one more that waits, behind those of its number."""
        held = sorted((*self.held, Held(fact, until)), key=lambda one: one.sequence)
        return attrs.evolve(self, held=tuple(held))


def _no_more(holes: Sequence[Hole]) -> tuple[Hole, ...]:
    """Take the two oldest together where there is one too many."""
    if len(holes) <= MOST_HOLES:
        return tuple(holes)
    one, other, *rest = holes
    return (Hole(one.first, other.last, one.reported or other.reported), *rest)


def written_holes(holes: Sequence[Hole]) -> str:
    """Return holes as they are stored; nothing for none."""
    if not holes:
        return ""
    return json.dumps([[one.first, one.last, int(one.reported)] for one in holes])


def read_holes(text: str) -> tuple[Hole, ...]:
    """Return holes from how they are stored."""
    if not text:
        return ()
    return tuple(Hole(first, last, bool(reported)) for first, last, reported in json.loads(text))
