"""Judging an event's place in its case: pure functions of what is known, the event and the time.

Nothing here is ever refused or lost: what is not passed on now was passed on before, or waits with
an end to its waiting.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal

import attrs

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.receiver.cases.anomalies import GAP, LATE, SAME_NUMBER, oddity
from fulfillment_sdk.receiver.cases.facts import Fact
from fulfillment_sdk.receiver.cases.state import CaseState, Hole

WINDOW: Final = 30.0
MOST_HELD: Final = 100
"""Events of one case that wait at once; with one more, the window of the first is over."""

Outcome = Literal["baseline", "applied", "held", "late", "stale"]


@attrs.frozen(kw_only=True)
class Rules:
    """How a receiver puts events in order.

    Args:
        window: seconds for which an event waits for the missing ones before it.
        filtered: whether the subscription leaves events out, so that missing ones mean nothing.
        opening: seconds for which the first event seen of a case waits where it is not number 1,
            for earlier ones that it may have overtaken.

    Raises:
        ConfigurationError: a number of seconds is none.
    """

    window: float = WINDOW
    filtered: bool = False
    opening: float = 0.0

    def __attrs_post_init__(self) -> None:
        for name in ("window", "opening"):
            value: object = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not 0 <= value < math.inf:  # type: ignore[operator]
                raise ConfigurationError(
                    f"The receiver's {name} is no number of seconds",
                    remedy=f"Write {name}=30, say; 0 waits for nothing.",
                )
        if not isinstance(self.filtered, bool):
            raise ConfigurationError("filtered is neither True nor False")


@attrs.frozen(slots=True)
class Released:
    """An event that waited and is passed on now, with what is odd about it."""

    fact: Fact
    anomaly: str | None = None


@attrs.frozen(slots=True)
class Verdict:
    """What becomes of an event.

    Args:
        outcome: `baseline` (the first seen of its case), `applied` and `late` are passed on now;
            `held` waits, unless it is among `released`; `stale` was passed on before, under this id
            or another.
        state: of the case, afterwards.
        anomaly: what is odd about it.
        until: the end of its waiting, epoch seconds.
        released: what is passed on behind it, in order.
        gaps: what is given up waiting for.
    """

    outcome: Outcome
    state: CaseState
    anomaly: str | None = None
    until: float | None = None
    released: tuple[Released, ...] = ()
    gaps: tuple[Hole, ...] = ()


@attrs.frozen(slots=True)
class Expiry:
    """What the end of a window releases, and what is given up waiting for."""

    state: CaseState
    released: tuple[Released, ...] = ()
    gaps: tuple[Hole, ...] = ()


def asks_for_twins(state: CaseState, fact: Fact) -> bool:
    """Tell whether judging this needs what was recorded under its number, or its transition."""
    if fact.sequence is None:
        return bool(fact.transition_id)
    return state.has_had(fact.sequence)


def judge(
    state: CaseState, fact: Fact, now: float, *, rules: Rules, twins: Sequence[Fact] = ()
) -> Verdict:
    """Return what becomes of an event that has not come before under its id.

    Args:
        state: of its case.
        fact: what it says.
        now: epoch seconds.
        rules: how events are put in order.
        twins: where `asks_for_twins`, what was recorded under its number; none if nobody knows.
    """
    sequence = fact.sequence
    if sequence is None:
        return _uncounted(state, fact, twins)
    if state.has_had(sequence):
        return _counted_before(state, fact, twins)
    if state.held and any(held.fact.says_the_same_as(fact) for held in state.held):
        return Verdict("stale", state)
    # Something may wait since before the rules were these: it goes first.
    waits = bool(state.held) and state.held[0].sequence < sequence
    if rules.filtered and waits:
        return _hold(state, fact, now, 0, missed=False)
    if state.next == 0:
        if waits or (sequence > 1 and rules.opening > 0 and not rules.filtered):
            return _hold(state, fact, now, rules.opening or rules.window)
        return _pass(_begun(state, sequence), fact, "baseline")
    if sequence == state.next:
        return _pass(state, fact, "applied")
    if sequence < state.next:
        return Verdict("late", state.with_late(fact), LATE)
    if rules.filtered:
        return _pass(state.with_hole(Hole(state.next, sequence - 1)), fact, "applied")
    return _hold(state, fact, now, rules.window)


def expire(state: CaseState, now: float) -> Expiry:
    """Return what is passed on as the windows end that are over by `now`.

    Whatever has a smaller number goes with it, so that the order holds.
    """
    over = [held.sequence for held in state.held if held.until <= now]
    return _give_up(state, max(over)) if over else Expiry(state)


def _uncounted(state: CaseState, fact: Fact, twins: Sequence[Fact]) -> Verdict:
    """One without a number is in order as it comes."""
    if fact.transition_id and any(fact.says_the_same_as(twin) for twin in twins):
        return Verdict("stale", state)
    if state.next:
        return Verdict("applied", state, oddity(fact))
    anomaly = oddity(fact, stood=state.status)
    outcome: Outcome = "applied" if state.status is not None else "baseline"
    return Verdict(outcome, _moved(state, fact), anomaly)


def _counted_before(state: CaseState, fact: Fact, twins: Sequence[Fact]) -> Verdict:
    """Its number was passed on: it is the same fact, unless what is recorded says otherwise."""
    if not twins or any(fact.says_the_same_as(twin) for twin in twins):
        return Verdict("stale", state)
    return Verdict("applied", state, oddity(fact) or SAME_NUMBER)


def _hold(
    state: CaseState, fact: Fact, now: float, seconds: float, *, missed: bool = True
) -> Verdict:
    until = now + seconds
    held = state.holding(fact, until)
    if seconds > 0 and len(held.held) <= MOST_HELD:
        return Verdict("held", held, until=until)
    last = held.held[0].sequence if seconds > 0 else fact.sequence or 0
    ended = _give_up(held, last, missed=missed)
    first, *rest = ended.released
    if first.fact is fact:
        return Verdict("applied", ended.state, first.anomaly, None, tuple(rest), ended.gaps)
    return Verdict("held", ended.state, None, until, ended.released, ended.gaps)


def _pass(state: CaseState, fact: Fact, outcome: Outcome) -> Verdict:
    """Pass on the event that comes next, and what has waited for it."""
    state, anomaly = _step(state, fact)
    state, released = _follow(state) if state.held else (state, ())
    return Verdict(outcome, state, anomaly, released=released)


def _give_up(state: CaseState, last: int, *, missed: bool = True) -> Expiry:
    """Pass on all that waits up to a number, and what follows it without a gap.

    `missed` is whether anybody misses what has not come before that.
    """
    if state.next == 0:
        state = _begun(state, state.held[0].sequence)
    released: list[Released] = []
    gaps: list[Hole] = []
    while state.held and state.held[0].sequence <= last:
        first, *rest = state.held
        state = attrs.evolve(state, held=tuple(rest))
        gap = None
        if first.sequence > state.next:
            gap = Hole(state.next, first.sequence - 1, reported=missed)
            gaps.append(gap)
            state = state.with_hole(gap)
        state, anomaly = _step(state, first.fact)
        released.append(Released(first.fact, anomaly or (GAP if gap and missed else None)))
    state, followers = _follow(state)
    return Expiry(state, (*released, *followers), tuple(gaps) if missed else ())


def _follow(state: CaseState) -> tuple[CaseState, tuple[Released, ...]]:
    """Pass on what has waited for the number before it."""
    released: list[Released] = []
    while state.held and state.held[0].sequence <= state.next:
        first, *rest = state.held
        state, anomaly = _step(attrs.evolve(state, held=tuple(rest)), first.fact)
        released.append(Released(first.fact, anomaly))
    return state, tuple(released)


def _step(state: CaseState, fact: Fact) -> tuple[CaseState, str | None]:
    """Take the case to where an event says it stands; tell what is odd about that.

    Args:
        state: before it, with `next` at most its number, and what is missing among its holes.
        fact: the event, whose number is not below `next` unless another one has that too.
    """
    sequence = fact.sequence or 0
    if sequence < state.next:
        return state, oddity(fact) or SAME_NUMBER
    anomaly = oddity(fact, stood=state.stands)
    status, told = (fact.status, sequence) if fact.moves else (state.status, state.told)
    return CaseState(status, sequence + 1, state.holes, state.held, told), anomaly


def _moved(state: CaseState, fact: Fact) -> CaseState:
    return attrs.evolve(state, status=fact.status) if fact.moves else state


def _begun(state: CaseState, first: int) -> CaseState:
    """Return a case of which this number is the first: nobody misses what was before."""
    before = (Hole(1, first - 1),) if first > 1 else ()
    return attrs.evolve(state, next=first, holes=before)
