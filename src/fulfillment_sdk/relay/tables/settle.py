"""Settling: what became of claimed lanes is recorded, all of a batch in a few statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import sqlalchemy as sa

from fulfillment_sdk.relay.tables.lanes import LaneKey, Settlement
from fulfillment_sdk.relay.tables.rows import Change, Query, is_sqlite

Kept = Literal["kept", "lost", "busy"]

LONGEST_WHY = 1000  # characters of a cause that are kept: a sink may hand in a whole page


def settle_many(
    connection: sa.Connection, settlements: Sequence[Settlement], *, now: float
) -> list[Kept]:
    """Record what became of lanes that were claimed; each by its lease's token.

    No lane is waited for here, whatever other transactions hold.

    Returns:
        for each settlement `kept`; `lost`, and nothing recorded, where the lease is another's by
        now; or `busy` where the lane is still ours, but held by an accepting transaction: then it
        is to be handed in again.
    """
    keys = [(*one.claim.key, one.claim.token) for one in settlements]
    pending = {(no, lane, token): left for no, lane, token, left in _LOCK.run(connection, keys)}
    missing = [key for key in keys if key not in pending]
    ours = set() if is_sqlite(connection) else set(_OURS.run(connection, missing))
    kept: dict[tuple[int, int, str], tuple[Settlement, int]] = {}
    results: list[Kept] = []
    for key, one in zip(keys, settlements, strict=True):
        if key in pending and key not in kept:
            kept[key] = one, pending[key]
            results.append("kept")
        else:
            results.append("busy" if key in ours else "lost")
    _record(connection, list(kept.values()), now)
    return results


def _record(connection: sa.Connection, kept: Sequence[tuple[Settlement, int]], now: float) -> None:
    # By whole keys: an event that came in meanwhile, with a lower sequence, must stay.
    _DELIVERED.run(connection, [(*one.claim.key, *place) for one, _ in kept for place in one.gone])
    _TRIED.run(
        connection,
        [
            (one.claim.destination_no, try_.event, try_.attempt, try_.at, try_.seconds,
             try_.outcome, stored_why(try_.why))
            for one, _ in kept
            for try_ in one.tried
        ],
    )  # fmt: skip
    _DEAD.run(
        connection,
        [
            (one.claim.destination_no, event, tries, now, stored_why(why))
            for one, _ in kept
            for (_, event), tries, why in one.dead
        ],
    )
    drained: list[LaneKey] = []
    going_on: list[tuple[int, float, int, str, int | None, int, int, int]] = []
    for one, pending in kept:
        left = pending - len(one.gone)
        if left <= 0:
            drained.append(one.claim.key)
        else:
            due_at = now if one.due_at is None else one.due_at
            state = left, due_at, one.tries, stored_why(one.why), one.tries_of, one.lost
            going_on.append((*state, *one.claim.key))
    _DRAINED.run(connection, drained)
    _GOING_ON.run(connection, going_on)


def stored_why(why: str) -> str:
    """Return a cause as both databases take it: without NUL, lone surrogates and excess."""
    return why.encode(errors="replace").decode().replace("\0", "")[:LONGEST_WHY]


_LOCK = Query(
    {"no": "int8", "lane": "int8", "token": "text"},
    """
    SELECT given.no, given.lane, given.token, l.pending FROM given CROSS JOIN relay_lanes AS l
    WHERE l.destination_no = given.no AND l.lane = given.lane AND l.lease = given.token
    """,
    locking="FOR UPDATE OF l SKIP LOCKED",
)
_OURS = Query(
    _LOCK.columns,
    """
    SELECT given.no, given.lane, given.token FROM given CROSS JOIN relay_lanes AS l
    WHERE l.destination_no = given.no AND l.lane = given.lane AND l.lease = given.token
    """,
)
_DELIVERED = Change(
    {"no": "int8", "lane": "int8", "position": "int8", "event": "int8"},
    sqlite="""
    DELETE FROM relay_deliveries
    WHERE destination_no = ? AND lane = ? AND position = ? AND event = ?
    """,
    postgresql="""
    DELETE FROM relay_deliveries AS d USING given
    WHERE d.destination_no = given.no AND d.lane = given.lane
        AND d.position = given.position AND d.event = given.event
    """,
)
_TRIED = Change(
    {
        "destination_no": "int8", "event": "int8", "attempt": "int8", "at": "float8",
        "seconds": "float8", "outcome": "text", "why": "text",
    },
    sqlite="""
    INSERT INTO relay_attempts (destination_no, event, attempt, at, seconds, outcome, why)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    """,
    postgresql="""
    INSERT INTO relay_attempts (destination_no, event, attempt, at, seconds, outcome, why)
    SELECT * FROM given
    """,
)  # fmt: skip
_DEAD = Change(
    {"no": "int8", "event": "int8", "attempts": "int8", "at": "float8", "why": "text"},
    sqlite="""
    INSERT INTO relay_dead_letters (destination_no, event, attempts, at, why)
    VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (destination_no, event)
    DO UPDATE SET attempts = excluded.attempts, at = excluded.at, why = excluded.why
    """,
    postgresql="""
    INSERT INTO relay_dead_letters (destination_no, event, attempts, at, why)
    SELECT * FROM given
    ON CONFLICT (destination_no, event)
    DO UPDATE SET attempts = excluded.attempts, at = excluded.at, why = excluded.why
    """,
)
_DRAINED = Change(
    {"no": "int8", "lane": "int8"},
    sqlite="DELETE FROM relay_lanes WHERE destination_no = ? AND lane = ?",
    postgresql="""
    DELETE FROM relay_lanes AS l USING given
    WHERE l.destination_no = given.no AND l.lane = given.lane
    """,
)
_GOING_ON = Change(
    {
        "pending": "int8", "due_at": "float8", "tries": "int8", "why": "text", "tried": "int8",
        "lost": "int8", "no": "int8", "lane": "int8",
    },
    sqlite="""
    UPDATE relay_lanes SET pending = ?, due_at = ?, lease = NULL, tries = ?, why = ?, tried = ?,
        lost = ?
    WHERE destination_no = ? AND lane = ?
    """,
    postgresql="""
    UPDATE relay_lanes AS l
    SET pending = given.pending, due_at = given.due_at, lease = NULL,
        tries = given.tries, why = given.why, tried = given.tried, lost = given.lost
    FROM given WHERE l.destination_no = given.no AND l.lane = given.lane
    """,
)  # fmt: skip
