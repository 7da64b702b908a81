"""What became of a case's events at each plugin and sink: who has them, who not yet, who never."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final, TypeVar

import sqlalchemy as sa

from fulfillment_sdk.relay import Filter, Undelivered
from fulfillment_sdk.relay.reports.heads import DISABLED
from fulfillment_sdk.relay.reports.history import history
from fulfillment_sdk.relay.reports.pages import Page
from fulfillment_sdk.relay.reports.visibility import undelivered
from fulfillment_sdk.relay.tables.words import one_word

T = TypeVar("T")

MOST_EVENTS: Final = 1_000
"""Events of one case that the relay's lists look at."""


def deliveries_of(connection: sa.Connection, case_id: str) -> Mapping[str, str]:
    """Return of each event of a case, by its id, what became of it at each destination, in a line.

    What was delivered longer ago than the retention is not known any more; of a case with more than
    `MOST_EVENTS`, some of it is. Why one failed is for `Relay.undelivered` to say: those are words
    of plugins and sinks.
    """
    wanted = Filter(lane=case_id)
    told: defaultdict[str, dict[str, str]] = defaultdict(dict)
    arrivals = all_of(lambda after: history(connection, wanted, outcome="delivered", after=after))
    for arrived in arrivals:
        told[arrived.event_id][arrived.destination] = f"delivered {moment(arrived.at)}"
    owed = [*all_of(lambda after: undelivered(connection, wanted, after=after))]
    disabled = {one.destination for one in owed if one.why == DISABLED}  # said of each lane's first
    for one in owed:
        its = _owed(one)
        told[one.event_id][one.destination] = (
            f"{its}, and it is disabled" if one.destination in disabled else its
        )
    return {
        event_id: "; ".join(f"{one_word(name)}: {its[name]}" for name in sorted(its))
        for event_id, its in told.items()
    }


def all_of(read: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """Go through a list in pages: `read(after)` returns the one behind a cursor."""
    page = read(None)
    yield from page
    while page.next is not None:
        page = read(page.next)
        yield from page


def moment(at: float) -> str:
    """Return a time (epoch seconds) as it is told, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"


def _owed(one: Undelivered) -> str:
    once = one.attempts == 1
    if one.due_at is None:
        return f"given up after {'one try' if once else f'{one.attempts} tries'}"
    if one.attempts:
        often = "once" if once else f"{one.attempts} times"
        return f"tried {often}, and again at {moment(one.due_at)}"
    return "not tried yet"
