"""Accepting: events, their deliveries and their lanes, all in one transaction or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa

from fulfillment_sdk.relay.tables import notes
from fulfillment_sdk.relay.tables.event_rows import (
    check_storable,
    digest_of,
    insert_events,
    known_digests,
)
from fulfillment_sdk.relay.tables.feed import reserve
from fulfillment_sdk.relay.tables.line_up import send
from fulfillment_sdk.relay.tables.put_aside import put_aside
from fulfillment_sdk.relay.tables.stored import kept_back
from fulfillment_sdk.relay.values import Accepted, Event
from fulfillment_sdk.store.sealing import Sealer

Sift = Callable[[sa.Connection, Mapping[int, Event], float], Sequence[Event]]
"""`sift(connection, new, now)` is given the events that were not there before, by their numbers.

It returns those that are lined up now: of these or of those kept back earlier, with the notes that
they are to have."""

Alike = Callable[[sa.Connection, Event], bool]
"""`alike(connection, event)` tells whether an event whose id is known, and whose bytes differ from
the stored ones, is that event all the same."""


def accept_many(
    connection: sa.Connection,
    sealer: Sealer,
    batch: Sequence[Event],
    *,
    now: float,
    tell: Callable[[], None] = lambda: None,
    feeds: bool = False,
    sift: Sift | None = None,
    alike: Alike | None = None,
) -> list[Accepted]:
    """Store the events and line them up for their destinations.

    It takes the same few statements whatever their number. They are numbered in the order in which
    they come, and that is their order where they have no sequence.

    Args:
        connection: of the caller's transaction.
        sealer: seals the bodies.
        batch: an id may be in it more than once.
        now: epoch seconds.
        tell: called if there is anything new for a destination that is enabled.
        feeds: whether events get positions in their owners' feeds.
        sift: says which events are lined up now; without it, all that are new.
        alike: tells whether a known id with other bytes says the same all the same.

    Returns:
        one result for each event, in the order of `batch`.

    Raises:
        ValueError: an event holds what can't be stored; nothing is.
    """
    for event in batch:
        check_storable(event)
    firsts: dict[str, int] = {}
    for index, event in enumerate(batch):
        firsts.setdefault(event.id, index)
    candidates = [batch[index] for index in firsts.values()]
    positions = reserve(connection, candidates) if feeds else {}
    numbers, known = _insert(connection, sealer, candidates, now, positions)
    new = [one for one in candidates if one.id in numbers]
    due = new if sift is None else sift(connection, {numbers[one.id]: one for one in new}, now)
    sent = _line_up_noted(connection, new, due, numbers, now, tell)
    results: list[Accepted] = []
    for index, event in enumerate(batch):
        first = firsts[event.id]
        if first == index and event.id in numbers:
            results.append(Accepted(event_id=event.id, status="new", deliveries=sent[event.id]))
            continue
        digest = known[event.id] if event.id in known else digest_of(batch[first].body)
        same = digest == digest_of(event.body)
        if same or (alike is not None and alike(connection, event)):
            results.append(Accepted(event_id=event.id, status="duplicate"))
        else:
            why = "known id with other bytes"
            put_aside(connection, sealer, event.id, event.body, why, now=now)
            results.append(Accepted(event_id=event.id, status="conflict"))
    return results


def send_stored(
    connection: sa.Connection,
    due: Sequence[Event],
    *,
    now: float,
    tell: Callable[[], None] = lambda: None,
) -> int:
    """Line up events that were stored and kept back before; returns how many are still there.

    What is not kept back (any more) is left as it is.

    Args:
        connection: of the caller's transaction.
        due: their bodies are not looked at.
        now: epoch seconds.
        tell: called if there is anything for a destination that is enabled.
    """
    return len(_line_up_noted(connection, (), due, {}, now, tell))


def _insert(
    connection: sa.Connection,
    sealer: Sealer,
    events: Sequence[Event],
    now: float,
    positions: Mapping[str, int],
) -> tuple[dict[str, int], dict[str, bytes]]:
    """Store what is new; return its numbers, and the digests of what was there, by id.

    On a server an event that was there may be removed before it is read, being old: then the one
    at hand is new.
    """
    numbers: dict[str, int] = {}
    known: dict[str, bytes] = {}
    left = events
    while left:
        numbers |= insert_events(connection, sealer, left, now=now, positions=positions)
        known |= known_digests(connection, [one.id for one in left if one.id not in numbers])
        left = [one for one in left if one.id not in numbers and one.id not in known]
    return numbers, known


def _line_up_noted(
    connection: sa.Connection,
    new: Sequence[Event],
    due: Sequence[Event],
    numbers: Mapping[str, int],
    now: float,
    tell: Callable[[], None],
) -> Counter[str]:
    """Keep what is noted of events, send those that are due, and keep the other new ones back."""
    earlier = [one.id for one in due if one.id not in numbers]
    known = numbers
    if earlier:
        known = {**numbers, **kept_back(connection, earlier)}
        due = [one for one in due if one.id in known]
    noted = {one.id: one.notes for one in (*new, *due) if one.notes or one.id not in numbers}
    notes.keep(connection, [(known[one], its) for one, its in noted.items()])
    if len(due) < len(new) or earlier:
        going = {one.id for one in due}
        notes.keep_back(connection, [numbers[one.id] for one in new if one.id not in going])
    return send(connection, due, known, now, tell)
