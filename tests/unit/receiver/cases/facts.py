"""Facts of a case as its events tell them, and a shell that judges without a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from fulfillment_sdk.receiver.cases.facts import Fact
from fulfillment_sdk.receiver.cases.judge import (
    Rules,
    Verdict,
    asks_for_twins,
    expire,
    judge,
)
from fulfillment_sdk.receiver.cases.state import CaseState, Hole

STEPS = (
    "new",
    "allocated",
    "in_progress",
    "submitted",
    "qc_rework",
    "in_progress",
    "submitted",
    "qc_rejected",
    "pending_allocation",
    "allocated",
    "in_progress",
    "cancelled",
)
"""One status an event, from number 1 on: each step is a documented one."""

PASSED = ("baseline", "applied", "late")


def step(sequence: int, event_id: str = "") -> Fact:
    """The event of this number in a case's life."""
    previous = STEPS[sequence - 2] if sequence > 1 else None
    return Fact(
        event_id or f"evt_{sequence}",
        "case.status_changed",
        sequence,
        previous,
        STEPS[sequence - 1],
        f"trn_{sequence}",
    )


def news(sequence: int) -> Fact:
    """An event that does not say where its case stands."""
    return Fact(f"evt_{sequence}", "news", sequence)


@attrs.define
class Case:
    """A case in memory: what its plugin sees, in order, and what is known of it."""

    rules: Rules = attrs.field(factory=Rules)
    state: CaseState = attrs.field(factory=CaseState)
    seen: list[Fact] = attrs.field(factory=list)
    anomalies: dict[str, str | None] = attrs.field(factory=dict)
    gaps: list[Hole] = attrs.field(factory=list)
    verdicts: list[Verdict] = attrs.field(factory=list)
    _ids: set[str] = attrs.field(factory=set)
    _record: list[Fact] = attrs.field(factory=list)

    def take(self, fact: Fact, now: float = 0.0) -> Verdict | None:
        """Take one event in; None where its id is known, of which the store sees to."""
        if fact.event_id in self._ids:
            return None
        self._ids.add(fact.event_id)
        twins: Sequence[Fact] = ()
        if asks_for_twins(self.state, fact):
            twins = [one for one in self._record if one.sequence == fact.sequence]
        verdict = judge(self.state, fact, now, rules=self.rules, twins=twins)
        self._record.append(fact)
        self.verdicts.append(verdict)
        self.state = verdict.state
        if verdict.outcome in PASSED:
            self._see(fact, verdict.anomaly)
        for one in verdict.released:
            self._see(one.fact, one.anomaly)
        self.gaps += verdict.gaps
        return verdict

    def take_all(self, facts: Iterable[Fact], now: float = 0.0) -> None:
        for fact in facts:
            self.take(fact, now)

    def wait(self, now: float) -> None:
        """Let windows end."""
        ended = expire(self.state, now)
        self.state = ended.state
        for one in ended.released:
            self._see(one.fact, one.anomaly)
        self.gaps += ended.gaps

    @property
    def numbers(self) -> list[int | None]:
        return [one.sequence for one in self.seen]

    def _see(self, fact: Fact, anomaly: str | None) -> None:
        self.seen.append(fact)
        self.anomalies[fact.event_id] = anomaly
