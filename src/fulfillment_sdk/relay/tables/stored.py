"""Events that are stored already, by their ids."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from fulfillment_sdk.relay.tables import notes
from fulfillment_sdk.relay.tables.event_rows import body_context
from fulfillment_sdk.relay.tables.rows import Query
from fulfillment_sdk.relay.values import Event
from fulfillment_sdk.store.sealing import Sealer


def kept_back(connection: sa.Connection, ids: Iterable[str]) -> dict[str, int]:
    """Return the numbers of those of these events that the host keeps back, by id."""
    return dict(_KEPT_BACK.run(connection, [(one,) for one in ids]))


def stored_events(connection: sa.Connection, sealer: Sealer, ids: Sequence[str]) -> list[Event]:
    """Return the stored events of these ids, opened, in no order; those that are not there not.

    Raises:
        StoreError: an event was sealed with a key that is not there any more.
    """
    return [
        Event(
            id,
            type,
            lane,
            sequence,
            sealer.open(sealed, body_context(id)),
            owner,
            notes=notes.read(noted),
        )
        for id, type, lane, sequence, owner, sealed, noted in _EVENTS.run(
            connection, [(one,) for one in ids]
        )
    ]


_KEPT_BACK = Query(
    {"id": "text"},
    """
    SELECT e.event_id, e.id FROM given CROSS JOIN relay_events AS e
    WHERE e.event_id = given.id AND e.kept_back = 1
    """,
)
_EVENTS = Query(
    {"id": "text"},
    """
    SELECT e.event_id, e.type, e.lane, e.sequence, e.owner, e.body, e.notes
    FROM given CROSS JOIN relay_events AS e WHERE e.event_id = given.id
    """,
)
