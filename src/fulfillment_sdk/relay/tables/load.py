"""Loading claimed events: within a budget of bytes, since completions are large."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import attrs
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay.tables import notes
from fulfillment_sdk.relay.tables.event_rows import body_context
from fulfillment_sdk.relay.tables.lanes import Claim
from fulfillment_sdk.relay.tables.rows import Query
from fulfillment_sdk.relay.tables.words import one_word
from fulfillment_sdk.relay.values import Event
from fulfillment_sdk.store.sealing import Sealer

log = logging.getLogger("fulfillment_sdk.relay")

UNREADABLE = "its stored bytes can't be opened: look for the storage key"
MISSING = "its row is gone from relay_events: bring it back from a backup"


@attrs.frozen
class Loaded:
    """An event and when it was accepted; where there is no event to be had, `why`."""

    event: Event | None
    accepted_at: float
    size: int
    why: str = ""


Events = Mapping[int, Loaded]  # by the event's number


def load(
    connection: sa.Connection,
    sealer: Sealer,
    claims: Sequence[Claim],
    *,
    budget: int,
    known: Events = MappingProxyType({}),
    small_only: bool = False,
) -> Events:
    """Return the claimed lanes' events, unsealed, as far as `budget` bytes go.

    Small ones come at once and have half of it; large ones share the rest, heads first, and the
    first of them comes in any case. Of each lane come the first ones, without a gap: the others
    would only be held. What is missing from the result waits for its lane's next turn.

    Args:
        connection: of the caller's transaction.
        sealer: opens the bodies.
        claims: the lanes.
        budget: bytes.
        known: what was loaded before, within the same budget, and comes back with the rest.
        small_only: leave the large ones to another call.
    """
    numbers = [number for number in _numbers(claims) if number not in known]
    if not numbers:
        return known
    events, large = _read(
        connection, sealer, [(one, budget // 2 // len(numbers)) for one in numbers]
    )
    events = {**known, **events}
    for number in numbers:
        if number not in events and number not in large:
            log.error("event number %d is pending and waits: %s", number, MISSING)
            events[number] = Loaded(None, 0.0, 0, MISSING)
    if small_only:
        return events
    wanted = _affordable(claims, events, large, budget)
    events |= _read(connection, sealer, list(wanted.items()))[0]
    return {number: events[number] for claim in claims for number in _without_gap(claim, events)}


def _affordable(
    claims: Sequence[Claim], events: Events, large: Mapping[int, int], budget: int
) -> Mapping[int, int]:
    """Return which of the large events are to come, with their sizes."""
    left = budget - sum(loaded.size for loaded in events.values())
    wanted: dict[int, int] = {}

    def take(number: int) -> bool:
        nonlocal left
        if number in events or number in wanted:
            return True
        size = large.get(number)
        if size is None or (size > left and wanted):
            return False
        wanted[number] = size
        left -= size
        return True

    for claim in claims:
        if claim.places:
            take(claim.places[0][1])
    for claim in claims:
        all(take(number) for _, number in claim.places)  # as far as it goes
    return wanted


def _without_gap(claim: Claim, events: Events) -> Iterator[int]:
    """Go through the numbers of a lane's events, up to the first that was not loaded."""
    numbers = (number for _, number in claim.places)
    return itertools.takewhile(events.__contains__, numbers)


def _numbers(claims: Sequence[Claim]) -> list[int]:
    """Return the numbers of the claimed events, those of the heads first."""
    heads = [claim.places[0][1] for claim in claims if claim.places]
    others = [event for claim in claims for _, event in claim.places[1:]]
    return list(dict.fromkeys([*heads, *others]))


def _read(
    connection: sa.Connection, sealer: Sealer, keys: Sequence[tuple[int, int]]
) -> tuple[dict[int, Loaded], dict[int, int]]:
    """Return the events of at most so many bytes each, and the sizes of the larger ones."""
    events: dict[int, Loaded] = {}
    large: dict[int, int] = {}
    for number, id, lane, sequence, type, owner, accepted_at, noted, size, sealed in _EVENTS.run(
        connection, keys
    ):
        if sealed is None:
            large[number] = size
            continue
        event: Event | None = None
        try:
            body = sealer.open(sealed, body_context(id))
            event = Event(id, type, lane, sequence, body, owner, notes=notes.read(noted))
        except StoreError:
            # One damaged row, or a lost key, must not stop what else is due.
            log.error("event %s waits: %s", one_word(id), UNREADABLE)
        events[number] = Loaded(event, accepted_at, size, "" if event else UNREADABLE)
    return events, large


_EVENTS = Query(
    {"id": "int8", "most": "int8"},
    """
    SELECT e.id, e.event_id, e.lane, e.sequence, e.type, e.owner, e.accepted_at, e.notes,
        length(e.body), CASE WHEN length(e.body) <= given.most THEN e.body END
    FROM given CROSS JOIN relay_events AS e WHERE e.id = given.id
    """,
)
