"""Loading claimed events: within a budget of bytes, since completions are large."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay.accept import body_context
from fulfillment_sdk.relay.lanes import Claim
from fulfillment_sdk.relay.schema import events
from fulfillment_sdk.relay.values import Event
from fulfillment_sdk.store.sealing import Sealer

CHUNK = 500

log = logging.getLogger("fulfillment_sdk.relay")


@attrs.frozen
class Loaded:
    """An event and when it was accepted; no event where its stored bytes can't be opened."""

    event: Event | None
    accepted_at: float
    size: int


Events = dict[int, Loaded]  # by the event's number


def load(
    connection: sa.Connection, sealer: Sealer, claims: Sequence[Claim], *, budget: int
) -> Events:
    """Return the claimed lanes' events, unsealed, heads first.

    At least one comes back; further ones as long as `budget` bytes last. What is missing from the
    result waits for its lane's next turn.
    """
    heads = [claim.places[0][1] for claim in claims if claim.places]
    others = [event for claim in claims for _, event in claim.places[1:]]
    numbers = list(dict.fromkeys([*heads, *others]))
    sizes = {
        row.id: row.size
        for some in _chunks(numbers)
        for row in connection.execute(
            sa.select(events.c.id, sa.func.length(events.c.body).label("size")).where(
                events.c.id.in_(some)
            )
        )
    }
    wanted: list[int] = []
    left = budget
    for number in numbers:
        size = sizes.get(number, 0)
        if not wanted or size <= left:
            wanted.append(number)
            left -= size
    return {
        row.id: Loaded(_open(sealer, row), row.accepted_at, sizes[row.id])
        for some in _chunks(wanted)
        for row in connection.execute(sa.select(events).where(events.c.id.in_(some)))
    }


def _chunks(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    # Databases bound the parameters of a statement: SQLite to 32,766, PostgreSQL to 65,535.
    for start in range(0, len(numbers), CHUNK):
        yield numbers[start : start + CHUNK]


def _open(sealer: Sealer, row: sa.Row[*tuple[Any, ...]]) -> Event | None:
    try:
        body = sealer.open(row.body, body_context(row.event_id))
    except StoreError as error:
        # One damaged row, or a lost key, must not stop what else is due.
        log.error("event %s waits: %s", row.event_id, error.message)
        return None
    return Event(
        id=row.event_id,
        type=row.type,
        lane=row.lane,
        sequence=row.sequence,
        body=body,
        owner=row.owner,
    )
