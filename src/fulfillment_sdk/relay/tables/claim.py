"""Claiming: due lanes of several destinations become ours for the time of a lease."""

from __future__ import annotations

import functools
import secrets
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa

from fulfillment_sdk.relay.doubt import ALONE
from fulfillment_sdk.relay.tables.lanes import Claim, LaneKey, Place, Wanted
from fulfillment_sdk.relay.tables.rows import (
    Change,
    Columns,
    Found,
    Query,
    Statement,
    chunks,
    each_row,
    is_sqlite,
)
from fulfillment_sdk.store.driver import execute

MOST_AT_ONCE = 50  # destinations in one statement of SQLite's


def claim(
    connection: sa.Connection,
    wanted: Sequence[Wanted],
    *,
    now: float,
    events_per_lane: int,
    new_token: Callable[[], str] = lambda: secrets.token_hex(8),
) -> list[Claim]:
    """Take due lanes for the destinations that have room, the longest due first.

    What another worker or an accepting transaction holds just now is left for the next turn, and
    what is in doubt to `tables.alone`. A lease that ran out has lost its lane once more.

    Args:
        connection: of the caller's transaction.
        wanted: how many lanes each destination could take, and for how long.
        now: the store's time, epoch seconds.
        events_per_lane: places that a claim has at most: the head of its lane.
        new_token: makes the token that settlements must match.

    Returns:
        the claims, in the order of `wanted`.
    """
    token = new_token()
    wanted = [one for one in wanted if one.most > 0]
    leases = {one.no: one.lease for one in wanted}
    take = _take_on_sqlite if is_sqlite(connection) else _take_on_postgresql
    taken = take(connection, wanted, now, token)
    doubted = [row for row in taken if row[-1] >= ALONE]
    if doubted:
        _PUT_BACK.run(connection, [(now, *row[:2]) for row in doubted])
        taken = [row for row in taken if row[-1] < ALONE]
    return claims_of(connection, taken, token, now, leases, events_per_lane)


def claims_of(
    connection: sa.Connection,
    taken: Sequence[Found],
    token: str,
    now: float,
    leases: Mapping[int, float],
    events_per_lane: int,
) -> list[Claim]:
    """Return rows that were taken as claims, with the heads of their lanes."""
    places = _places(connection, taken, events_per_lane)
    return [
        Claim(
            destination_no=no,
            lane=lane,
            token=token,
            until=now + leases[no],
            tries=tries,
            why=why,
            places=tuple(sorted(places[no, lane])),
            tried=tried,
            lost=lost,
        )
        for no, lane, _, tries, why, tried, lost in taken
    ]


def renew(
    connection: sa.Connection,
    claims: Sequence[Claim],
    *,
    now: float,
    lease_by_no: Mapping[int, float],
) -> set[LaneKey]:
    """Move the leases of lanes that are under way to `now` and their destination's lease.

    Returns:
        the lanes that are ours and were moved. One that is left out is lost, or held by an
        accepting transaction at this moment: then its lease stays as it was.
    """
    keys = [(*one.key, one.token, now + lease_by_no[one.destination_no]) for one in claims]
    if is_sqlite(connection):
        mine = _OURS.run(connection, keys)
        each_row(connection, _MOVE, [(until, no, lane) for no, lane, until in mine])
    else:
        mine = _RENEW.run(connection, keys)
    return {(no, lane) for no, lane, *_ in mine}


def _take_on_sqlite(
    connection: sa.Connection, wanted: Sequence[Wanted], now: float, token: str
) -> list[Found]:
    taken: list[Found] = []
    for some in chunks(wanted, MOST_AT_ONCE):
        values = [value for one in some for value in (one.no, now, one.most)]
        taken += execute(connection, _first_due(len(some)), tuple(values))
    until = {one.no: now + one.lease for one in wanted}
    each_row(
        connection, _LEASE, [(until[no], token, lost, no, lane) for no, lane, *_, lost in taken]
    )
    return taken


@functools.cache
def _first_due(destinations: int) -> str:
    return " UNION ALL ".join([f"SELECT * FROM ({_FIRST_DUE})"] * destinations)  # noqa: S608


def _take_on_postgresql(
    connection: sa.Connection, wanted: Sequence[Wanted], now: float, token: str
) -> list[Found]:
    # A few round numbers, so that the server keeps the statement prepared.
    limit = 1 << sum(one.most for one in wanted).bit_length()
    rows = Statement(_TAKEN_BY, _TAKE.format(limit=limit)).run(
        connection, [(one.no, one.most, now, now + one.lease, token) for one in wanted]
    )
    turn = {one.no: number for number, one in enumerate(wanted)}
    rows.sort(key=lambda row: (turn[row[0]], row[-1]))
    return [row[:-1] for row in rows]


def _places(
    connection: sa.Connection, taken: Sequence[Found], most: int
) -> Mapping[LaneKey, list[Place]]:
    places: defaultdict[LaneKey, list[Place]] = defaultdict(list)
    keys = [row[:2] for row in taken]
    if not is_sqlite(connection):
        found = Statement(_LANE, _HEADS.format(limit=most)).run(connection, keys)
    else:
        found = _WHOLE_LANES.run(connection, [row[:2] for row in taken if row[2] <= most])
        for no, lane, pending, *_ in taken:
            if pending > most:
                found += execute(connection, _HEAD, (no, lane, most))
    for no, lane, position, event in found:
        places[no, lane].append((position, event))
    return places


_LANE: Columns = {"no": "int8", "lane": "int8"}
_LEASED: Columns = {**_LANE, "token": "text", "until": "float8"}
_TAKEN_BY: Columns = {
    "no": "int8", "most": "int8", "now": "float8", "until": "float8", "token": "text",
}  # fmt: skip

_FIRST_DUE = """
    SELECT destination_no, lane, pending, tries, why, tried, lost + (lease IS NOT NULL)
    FROM relay_lanes
    WHERE destination_no = ? AND due_at <= ? AND lost < 2 ORDER BY due_at LIMIT ?
"""
_LEASE = """
    UPDATE relay_lanes SET due_at = ?, lease = ?, lost = ? WHERE destination_no = ? AND lane = ?
"""
_PUT_BACK = Change(
    {"now": "float8", "no": "int8", "lane": "int8"},
    sqlite="""
    UPDATE relay_lanes SET lease = NULL, due_at = ? WHERE destination_no = ? AND lane = ?
    """,
    postgresql="""
    UPDATE relay_lanes AS l SET lease = NULL, due_at = given.now
    FROM given WHERE l.destination_no = given.no AND l.lane = given.lane
    """,
)

# The limits are written out because the planner must know them: by its guess for an unknown one, a
# tenth of the table, it would sort the whole backlog. `LIMIT … FOR UPDATE` stands in a CTE because
# a sub-select in a WHERE may run more than once, and lock other rows than it returned.
_TAKE = """,
    due AS MATERIALIZED (
        SELECT given.no, head.lane, head.due_at AS was_due, given.until, given.token
        FROM given CROSS JOIN LATERAL (
            SELECT * FROM (
                SELECT lane, due_at FROM relay_lanes
                WHERE destination_no = given.no AND due_at <= given.now AND lost < 2
                ORDER BY due_at LIMIT {limit} FOR UPDATE SKIP LOCKED
            ) AS first_due LIMIT given.most
        ) AS head LIMIT {limit}
    )
    UPDATE relay_lanes AS l
    SET due_at = due.until, lease = due.token,
        lost = CASE WHEN l.lease IS NULL THEN l.lost ELSE l.lost + 1 END
    FROM due WHERE l.destination_no = due.no AND l.lane = due.lane
    RETURNING l.destination_no, l.lane, l.pending, l.tries, l.why, l.tried, l.lost, due.was_due
"""

_HEADS = """
    SELECT given.no, given.lane, head.position, head.event
    FROM given CROSS JOIN LATERAL (
        SELECT position, event FROM relay_deliveries
        WHERE destination_no = given.no AND lane = given.lane
        ORDER BY position, event LIMIT {limit}
    ) AS head
"""
_WHOLE_LANES = Query(
    _LANE,
    """
    SELECT d.destination_no, d.lane, d.position, d.event
    FROM given CROSS JOIN relay_deliveries AS d
    WHERE d.destination_no = given.no AND d.lane = given.lane
    """,
)
_HEAD = """
    SELECT destination_no, lane, position, event FROM relay_deliveries
    WHERE destination_no = ? AND lane = ? ORDER BY position, event LIMIT ?
"""

_OURS = Query(
    _LEASED,
    """
    SELECT given.no, given.lane, given.until FROM given CROSS JOIN relay_lanes AS l
    WHERE l.destination_no = given.no AND l.lane = given.lane AND l.lease = given.token
    """,
)
_MOVE = "UPDATE relay_lanes SET due_at = ? WHERE destination_no = ? AND lane = ?"
_RENEW = Statement(
    _LEASED,
    """,
    mine AS MATERIALIZED (
        SELECT given.no, given.lane, given.until FROM given CROSS JOIN relay_lanes AS l
        WHERE l.destination_no = given.no AND l.lane = given.lane AND l.lease = given.token
        FOR UPDATE OF l SKIP LOCKED
    )
    UPDATE relay_lanes AS l SET due_at = mine.until FROM mine
    WHERE l.destination_no = mine.no AND l.lane = mine.lane
    RETURNING mine.no, mine.lane
    """,
)
