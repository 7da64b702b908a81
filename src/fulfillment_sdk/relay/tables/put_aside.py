"""What can't be passed on is put aside, and may be discarded: the rows of the quarantine."""

from __future__ import annotations

import sqlalchemy as sa

from fulfillment_sdk.relay.schema import quarantine
from fulfillment_sdk.relay.tables.event_rows import check_storable_id, digest_of
from fulfillment_sdk.relay.tables.settle import stored_why
from fulfillment_sdk.relay.tables.upsert import insert_for
from fulfillment_sdk.store.sealing import Sealer


def put_aside(
    connection: sa.Connection, sealer: Sealer, event_id: str, body: bytes, why: str, *, now: float
) -> None:
    """Keep bytes that can't be passed on; the same bytes under the same id are kept once.

    A cause is cut and cleaned as far as the database needs it.

    Raises:
        ValueError: the id can't be stored; it is not repeated there.
    """
    check_storable_id(event_id)
    connection.execute(
        insert_for(connection, quarantine).on_conflict_do_nothing(),
        {
            "event_id": event_id,
            "at": now,
            "why": stored_why(why),
            "digest": digest_of(body),
            "body": sealer.seal(body, f"relay_quarantine.body:{event_id}"),
        },
    )


def discard(connection: sa.Connection, no: int) -> bool:
    """Remove what was put aside under this number; tell whether it was there."""
    gone = sa.delete(quarantine).where(quarantine.c.id == no).returning(quarantine.c.id)
    return connection.execute(gone).one_or_none() is not None
