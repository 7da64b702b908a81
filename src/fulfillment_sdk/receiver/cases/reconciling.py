"""Comparing what was received with the server's feed, and taking in what is missing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Final, Literal

import attrs
import sqlalchemy as sa

from fulfillment_sdk import strictjson
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.receiver.cases.arrivals import from_feed
from fulfillment_sdk.receiver.cases.feeds import Feed
from fulfillment_sdk.receiver.cases.judge import Rules, asks_for_twins, judge
from fulfillment_sdk.receiver.cases.ledger import Arrival, Ledger
from fulfillment_sdk.receiver.cases.rows import known_case, twins_of
from fulfillment_sdk.receiver.cases.story import received
from fulfillment_sdk.relay.tables.stored import stored_events
from fulfillment_sdk.wire.events import EVENT_DEPTH

AT_ONCE: Final = 50
"""Events that are compared together."""


@attrs.frozen(kw_only=True)
class Difference:
    """Where feed and receiver differ about an event.

    `what` is `missing` (the feed has it, the receiver had neither it nor the same under another
    id), `different` (the same id says something else) or `unknown` (the receiver has it, the feed
    does not).
    """

    what: Literal["missing", "different", "unknown"]
    case_id: str
    event_id: str
    sequence: int | None = None
    repaired: bool = False


@attrs.frozen(kw_only=True)
class Reconciliation:
    """What a comparison with the feed came to.

    Args:
        compared: events that the feed showed.
        differences: all that were found, also those that were repaired.
        unreadable: events of the feed that could not be compared.
    """

    compared: int = 0
    differences: tuple[Difference, ...] = ()
    unreadable: int = 0

    @property
    def repaired(self) -> int:
        """How many differences are none any more."""
        return sum(one.repaired for one in self.differences)

    @property
    def is_clean(self) -> bool:
        """Whether feed and receiver say the same now, as far as they could be compared."""
        return self.repaired == len(self.differences)


def reconcile(
    ledger: Ledger, feed: Feed, *, case_id: str | None, repair: bool, seconds: float
) -> Reconciliation:
    """Compare with the feed: one case, or all that it shows; raises what the feed raises.

    Args:
        ledger: of what was received.
        feed: what the server says was sent.
        case_id: of one case; only then is found, too, what the feed does not know.
        repair: whether what is missing is taken in, as if it had come just now.
        seconds: how long a write may take.
    """
    store = ledger.relay.store
    compared = unreadable = 0
    found: list[Difference] = []
    shown_ids: set[str] = set()
    shown = iter(feed(case_id))
    while some := list(itertools.islice(shown, AT_ONCE)):
        arrivals = [one for one in map(from_feed, some) if one is not None]
        unreadable += len(some) - len(arrivals)
        compared += len(arrivals)
        if case_id is not None:
            arrivals = [one for one in arrivals if one.event.lane == case_id]
            shown_ids.update(one.event.id for one in arrivals)
        kept = arrivals
        differing = store.read(lambda c: list(_compared(c, ledger, kept))).result(seconds)  # noqa: B023
        for arrival, what in differing:
            repaired = what == "missing" and repair
            if repaired:
                ledger.take(arrival).result(seconds)
            found.append(_difference(what, arrival, repaired=repaired))
    if case_id is not None:
        had = store.read(lambda c: received(c, case_id)).result(seconds)
        found += [
            Difference(
                what="unknown", case_id=case_id, event_id=one.event_id, sequence=one.sequence
            )
            for one in had
            if one.event_id not in shown_ids and one.outcome != "stale"
        ]
    return Reconciliation(compared=compared, differences=tuple(found), unreadable=unreadable)


def _difference(
    what: Literal["missing", "different"], arrival: Arrival, *, repaired: bool
) -> Difference:
    event = arrival.event
    return Difference(
        what=what,
        case_id=event.lane,
        event_id=event.id,
        sequence=event.sequence,
        repaired=repaired,
    )


def _compared(
    connection: sa.Connection, ledger: Ledger, arrivals: Sequence[Arrival]
) -> Iterator[tuple[Arrival, Literal["missing", "different"]]]:
    ids = [one.event.id for one in arrivals]
    found = stored_events(connection, ledger.relay.store.sealer, ids)
    stored = {one.id: one.body for one in found}
    for arrival in arrivals:
        event = arrival.event
        if event.id in stored:
            if not _say_the_same(stored[event.id], event.body):
                yield arrival, "different"
        elif not _is_stale(connection, ledger.rules, arrival):
            yield arrival, "missing"


def _is_stale(connection: sa.Connection, rules: Rules, arrival: Arrival) -> bool:
    """Tell whether it would not be passed on: the same came under another id, or is forgotten."""
    case, fact = known_case(connection, arrival.event.lane), arrival.fact
    if case is None or fact is None:
        return False
    asks = asks_for_twins(case.state, fact)
    twins = twins_of(connection, case.case_id, fact) if asks else ()
    return judge(case.state, fact, 0.0, rules=rules, twins=twins).outcome == "stale"


def _say_the_same(one: bytes, other: bytes) -> bool:
    if one == other:
        return True
    try:
        first, second = (
            strictjson.parse(body, exact=False, depth=EVENT_DEPTH) for body in (one, other)
        )
    except PayloadError:
        return False
    return first == second
