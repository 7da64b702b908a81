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
from fulfillment_sdk.receiver.cases.ledger import Arrival, Ledger
from fulfillment_sdk.receiver.cases.rows import known_case
from fulfillment_sdk.receiver.cases.story import received
from fulfillment_sdk.relay.tables.stored import stored_events
from fulfillment_sdk.store import Sealer
from fulfillment_sdk.wire.events import EVENT_DEPTH

AT_ONCE: Final = 50
"""Events that are compared together."""


@attrs.frozen(kw_only=True)
class Difference:
    """Where feed and receiver differ about an event.

    `what` is `missing` (the feed has it, the receiver never had it), `different` (the same id says
    something else) or `unknown` (the receiver has it, the feed does not).
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
        """Whether feed and receiver say the same now."""
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
        differing = store.read(lambda c: list(_compared(c, store.sealer, kept))).result(seconds)  # noqa: B023
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
    connection: sa.Connection, sealer: Sealer, arrivals: Sequence[Arrival]
) -> Iterator[tuple[Arrival, Literal["missing", "different"]]]:
    ids = [one.event.id for one in arrivals]
    stored = {one.id: one.body for one in stored_events(connection, sealer, ids)}
    for arrival in arrivals:
        event = arrival.event
        if event.id in stored:
            if not _say_the_same(stored[event.id], event.body):
                yield arrival, "different"
        elif not _was_done_with(connection, arrival):
            yield arrival, "missing"


def _was_done_with(connection: sa.Connection, arrival: Arrival) -> bool:
    """Tell whether an event's number was passed on, under another id or before it was forgotten."""
    case, sequence = known_case(connection, arrival.event.lane), arrival.event.sequence
    return case is not None and sequence is not None and case.state.has_had(sequence)


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
