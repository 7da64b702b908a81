"""Loading claimed events: within a budget of bytes, since completions are large."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay.accept import body_context
from fulfillment_sdk.relay.lanes import Claim
from fulfillment_sdk.relay.schema import events
from fulfillment_sdk.relay.values import Event
from fulfillment_sdk.store.sealing import Sealer

BUDGET_BYTES = 32 * 1024 * 1024

log = logging.getLogger("fulfillment_sdk.relay")


@attrs.frozen
class Loaded:
    """An event and when it was accepted; no event where its stored bytes can't be opened."""

    event: Event | None
    accepted_at: float


Events = dict[int, Loaded]  # by the event's number


def load(connection: sa.Connection, sealer: Sealer, claims: Sequence[Claim]) -> Events:
    """Return the claimed lanes' events, unsealed.

    Each lane gets its first one; further ones as long as the budget lasts. What is missing from
    the result waits for the lane's next turn.
    """
    heads = [claim.places[0][1] for claim in claims if claim.places]
    others = [event for claim in claims for _, event in claim.places[1:]]
    rows = connection.execute(
        sa.select(events.c.id, sa.func.length(events.c.body).label("size")).where(
            events.c.id.in_({*heads, *others})
        )
    )
    sizes: dict[int, int] = {row.id: row.size for row in rows}
    wanted, left = set(heads), BUDGET_BYTES - sum(sizes.get(number, 0) for number in set(heads))
    for number in others:
        size = sizes.get(number, 0)
        if number not in wanted and size <= left:
            wanted.add(number)
            left -= size
    rows = connection.execute(sa.select(events).where(events.c.id.in_(wanted)))
    return {row.id: Loaded(_open(sealer, row), row.accepted_at) for row in rows}


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
