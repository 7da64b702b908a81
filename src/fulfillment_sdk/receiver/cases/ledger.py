"""Taking events in by their case: stored, judged, recorded and passed on in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs
import sqlalchemy as sa

from fulfillment_sdk import strictjson
from fulfillment_sdk.errors import PayloadError, StoreError
from fulfillment_sdk.receiver.cases.facts import Fact
from fulfillment_sdk.receiver.cases.judge import (
    Expiry,
    Rules,
    Verdict,
    asks_for_twins,
    expire,
    judge,
)
from fulfillment_sdk.receiver.cases.rows import (
    FEED,
    WEBHOOK,
    Case,
    Entry,
    lock_cases,
    twins_of,
    write,
)
from fulfillment_sdk.receiver.cases.state import Hole
from fulfillment_sdk.receiver.cases.story import PASSED_ON
from fulfillment_sdk.receiver.cases.waiting import lock_due
from fulfillment_sdk.relay import Accepted, Event, Relay
from fulfillment_sdk.relay.tables.event_rows import check_storable_id
from fulfillment_sdk.relay.tables.rows import by_keys
from fulfillment_sdk.relay.tables.stored import stored_events
from fulfillment_sdk.relay.tables.words import id_word
from fulfillment_sdk.store import StoreFuture
from fulfillment_sdk.wire.events import EVENT_DEPTH

ANOMALY: Final = "anomaly"
ORIGIN: Final = "origin"
"""Notes of an event: what is odd about it, and where it came from if not by webhook."""

CASES_AT_ONCE: Final = 50
"""Cases whose windows end in one transaction at most."""

log = logging.getLogger("fulfillment_sdk.receiver")


@attrs.frozen(eq=False)
class Arrival:
    """An event as it came in.

    Args:
        event: as it is stored.
        fact: what it says about its case; None where it names none.
        origin: `webhook` or `feed`.
    """

    event: Event
    fact: Fact | None
    origin: str = WEBHOOK


@attrs.frozen(eq=False)
class Ledger:
    """What a receiver keeps of its cases.

    Args:
        relay: stores the events and passes them on.
        rules: how they are put in order.
    """

    relay: Relay
    rules: Rules

    def take(self, arrival: Arrival) -> StoreFuture[Accepted]:
        """Take an event in; the future resolves once it is durable, and to what became of it.

        Raises (in the future):
            StoreUnavailable: nothing was stored.
            ValueError: nor can it be.
        """
        return self.relay.store.write_each(self.take_in, arrival)

    def take_in(self, connection: sa.Connection, arrivals: Sequence[Arrival]) -> list[Accepted]:
        """Take events in, within a write of the relay's store; hand in all of it at once."""
        by_id: dict[str, Arrival] = {}
        for arrival in arrivals:
            by_id.setdefault(arrival.event.id, arrival)
        wanted = {one.event.lane for one in by_id.values() if one.fact is not None}
        for case_id in wanted:
            check_storable_id(case_id)
        # Before the events, which everybody does: it is the same round trip as the time.
        cases, now = lock_cases(connection, wanted)

        def sift(connection: sa.Connection, new: Mapping[int, Event], now: float) -> list[Event]:
            found = [(number, by_id[event.id]) for number, event in new.items()]
            return self._sift(connection, cases, found, now)

        def alike(connection: sa.Connection, event: Event) -> bool:
            return self._is_alike(connection, event)

        events = [arrival.event for arrival in arrivals]
        return self.relay.accept_in(connection, events, sift=sift, alike=alike, now=now)

    def release(self, connection: sa.Connection) -> int:
        """Pass on what has waited long enough, within a write; returns of how many cases.

        More may be due until it returns 0.
        """
        now = self.relay.store.now(connection)
        cases = lock_due(connection, now=now, most=CASES_AT_ONCE)
        due: list[Event] = []
        for case in cases:
            ended = expire(case.state, now)
            due += _pass_on(case, ended)
        write(connection, cases, now=now)
        self.relay.send_in(connection, due)
        return len(cases)

    def _sift(
        self,
        connection: sa.Connection,
        cases: Mapping[str, Case],
        new: Sequence[tuple[int, Arrival]],
        now: float,
    ) -> list[Event]:
        """Record new events, each with its number, in their cases; return what is passed on."""
        due = [one.event for _, one in new if one.fact is None]
        mine = [(number, one, one.fact) for number, one in new if one.fact is not None]
        changed: dict[str, Case] = {}
        goes_by_keys = False
        # What comes together has no order yet: so it gets the right one, and nothing waits.
        for number, arrival, fact in sorted(mine, key=_place) if len(mine) > 1 else mine:
            case = changed[arrival.event.lane] = cases[arrival.event.lane]
            twins: Sequence[Fact] = ()
            if asks_for_twins(case.state, fact):
                if not goes_by_keys:
                    by_keys(connection)
                    goes_by_keys = True
                twins = _twins(connection, case, fact)
            verdict = judge(case.state, fact, now, rules=self.rules, twins=twins)
            entry = Entry(
                number,
                arrival.event,
                fact,
                arrival.origin,
                now,
                verdict.outcome,
                verdict.anomaly,
                verdict.until,
            )
            case.entries[fact.event_id] = entry
            if verdict.outcome in PASSED_ON:
                due.append(_noted(entry))
            if verdict.released or verdict.gaps:
                due += _pass_on(case, verdict)
            else:
                case.state = verdict.state
        write(connection, changed.values(), now=now)
        return due

    def _is_alike(self, connection: sa.Connection, event: Event) -> bool:
        """Tell whether an event says what is stored under its id, in the words of the feed.

        The feed shows what was sent, but not its very bytes.
        """
        found = stored_events(connection, self.relay.store.sealer, [event.id])
        if not any(one.notes.get(ORIGIN) == FEED for one in (event, *found)):
            return False
        return all(_says(one.body) == _says(event.body) is not None for one in found)


@attrs.define(eq=False)
class Ledgers:
    """The ledger of the relay that is open, whichever that is: a process opens its own.

    Args:
        rules: of all of them.
    """

    rules: Rules
    _current: Ledger | None = None

    def of(self, relay: Relay) -> Ledger:
        """Return the ledger of a relay, the same for as long as that is the one in use."""
        current = self._current
        if current is None or current.relay is not relay:
            self._current = current = Ledger(relay, self.rules)
        return current


def report_gaps(case_id: str, gaps: Iterable[Hole]) -> None:
    """Say which events of a case are waited for no longer."""
    for gap in gaps:
        log.warning(
            "case %s: event %s has not come, and later ones are passed on",
            id_word(case_id),
            gap.first if gap.first == gap.last else f"{gap.first} to {gap.last}",
        )


def _place(one: tuple[int, Arrival, Fact]) -> tuple[str, int]:
    _, arrival, fact = one
    return arrival.event.lane, fact.sequence or 0


def _twins(connection: sa.Connection, case: Case, fact: Fact) -> list[Fact]:
    """Return what has come under an event's number, before and in this transaction."""
    here = [
        entry.fact
        for entry in case.entries.values()
        if entry.fact.sequence == fact.sequence and entry.fact.event_id != fact.event_id
    ]
    return here + twins_of(connection, case.case_id, fact)


def _pass_on(case: Case, verdict: Verdict | Expiry) -> list[Event]:
    """Note what waited and goes out now; return it in order."""
    case.state = verdict.state
    report_gaps(case.case_id, verdict.gaps)
    due = []
    for released in verdict.released:
        entry = case.entries[released.fact.event_id]
        entry.outcome, entry.anomaly, entry.until = "applied", released.anomaly, None
        entry.is_changed = not entry.is_new
        due.append(_noted(entry))
    return due


def _noted(entry: Entry) -> Event:
    """Return an event with what is to be said about it beside its bytes."""
    notes = dict(entry.event.notes)
    if entry.origin == FEED:
        notes[ORIGIN] = FEED
    if entry.anomaly is not None:
        notes[ANOMALY] = entry.anomaly
    return attrs.evolve(entry.event, notes=notes) if notes else entry.event


def _says(body: bytes) -> object:
    try:
        return strictjson.parse(body, exact=False, depth=EVENT_DEPTH)
    except (PayloadError, StoreError):
        return None
