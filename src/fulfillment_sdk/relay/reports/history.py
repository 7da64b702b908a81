"""What was tried, and what was put aside: lists that only grow, in pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.reports.facts import facts_of, names_of, numbers_of, targets
from fulfillment_sdk.relay.reports.pages import (
    EVERYTHING,
    USUAL,
    Filter,
    Page,
    behind,
    collect,
    read_cursor,
    write_cursor,
)
from fulfillment_sdk.relay.schema import ARRIVED, attempts, events, quarantine
from fulfillment_sdk.relay.values import Attempt
from fulfillment_sdk.store.sealing import Sealer


@attrs.frozen(kw_only=True)
class Quarantined:
    """Bytes that were kept but not passed on.

    Args:
        no: its number, to ask for the bytes by.
        event_id: the id that it came under.
        at: when, epoch seconds.
        why: what kept it.
        digest: SHA-256 of the bytes, hexadecimal.
        conflict: an event of that id is stored, which has other bytes.
    """

    no: int
    event_id: str
    at: float
    why: str
    digest: str
    conflict: bool


def history(
    connection: sa.Connection,
    wanted: Filter = EVERYTHING,
    *,
    event_id: str | None = None,
    outcome: str | None = None,
    after: str | None = None,
    limit: int = USUAL,
) -> Page[Attempt]:
    """Return the recorded attempts, oldest first; those of one event or lane event by event."""
    columns = attempts.c
    kind, order = "a", [columns.id]
    query = sa.select(attempts)
    arrived_there = outcome == "delivered" and wanted.destination is not None
    if event_id is not None or wanted.lane is not None:
        kind, order, arrived_there = "e", [columns.event, columns.id], False
        query = query.where(columns.event.in_(numbers_of(connection, event_id, wanted.lane)))
    elif wanted.since is not None or arrived_there:
        kind, order = "t", [columns.at, columns.id]
    given = read_cursor(after, kind)
    if wanted.since is not None:
        query = query.where(columns.at >= wanted.since)
    if outcome is not None:
        query = query.where(columns.outcome == outcome)
    if arrived_there:
        # By its number: only then does the statement walk along the destination's own index.
        no = connection.execute(targets(wanted)).scalar_one_or_none()
        query = query.where(columns.destination_no == (no or 0), ARRIVED)
    elif wanted.destination is not None or wanted.owner is not None:
        query = query.where(columns.destination_no.in_(targets(wanted)))

    def show(rows: Sequence[sa.Row[Any]]) -> list[Attempt | None]:
        facts = facts_of(connection, (row.event for row in rows))
        names = names_of(connection, rows)
        return [
            Attempt(
                destination=names[row.destination_no].name,
                sink=names[row.destination_no].sink,
                accepted_at=event.accepted_at,
                event_id=event.event_id,
                type=event.type,
                lane=event.lane,
                attempt=row.attempt,
                at=row.at,
                seconds=row.seconds,
                outcome=row.outcome,
                why=row.why,
            )
            if (event := facts.get(row.event)) is not None
            and row.destination_no in names
            and event.matches(attrs.evolve(wanted, since=None))
            else None
            for row in rows
        ]

    found, key = collect(
        lambda key, most: connection.execute(
            query.where(*behind(key, *order)).order_by(*order).limit(most)
        ).all(),
        show,
        lambda row: tuple(getattr(row, column.name) for column in order),
        after=given[1] if given else None,
        limit=limit,
    )
    return Page(found, None if key is None else write_cursor(kind, key))


def quarantined(
    connection: sa.Connection,
    *,
    event_id: str | None = None,
    since: float | None = None,
    after: str | None = None,
    limit: int = USUAL,
) -> Page[Quarantined]:
    """Return what is in quarantine, oldest first, without the bytes."""
    columns = quarantine.c
    query: sa.Select[Any] = sa.select(
        columns.id, columns.event_id, columns.at, columns.why, columns.digest
    )
    if event_id is not None:
        query = query.where(columns.event_id == event_id)
    if since is not None:
        query = query.where(columns.at >= since)

    def show(rows: Sequence[sa.Row[Any]]) -> list[Quarantined | None]:
        ids = {row.event_id for row in rows}
        stored = connection.execute(
            sa.select(events.c.event_id).where(events.c.event_id.in_(ids))
        ).scalars()
        known = set(stored)
        return [
            Quarantined(
                no=row.id,
                event_id=row.event_id,
                at=row.at,
                why=row.why,
                digest=row.digest.hex(),
                conflict=row.event_id in known,
            )
            for row in rows
        ]

    given = read_cursor(after, "q")
    found, key = collect(
        lambda key, most: connection.execute(
            query.where(*behind(key, columns.id)).order_by(columns.id).limit(most)
        ).all(),
        show,
        lambda row: (row.id,),
        after=given[1] if given else None,
        limit=limit,
    )
    return Page(found, None if key is None else write_cursor("q", key))


def quarantined_body(connection: sa.Connection, sealer: Sealer, no: int) -> bytes | None:
    """Return the bytes of one entry of the quarantine, None if there is none of that number.

    Raises:
        StoreError: they were sealed with a key that is not there any more.
    """
    row = connection.execute(
        sa.select(quarantine.c.event_id, quarantine.c.body).where(quarantine.c.id == no)
    ).one_or_none()
    return None if row is None else sealer.open(row.body, f"relay_quarantine.body:{row.event_id}")
