"""The statements about cases, for many rows at once, in both databases' words."""

from __future__ import annotations

from fulfillment_sdk.relay.tables.rows import Change, Columns, Query, Statement

_CASE: Columns = {
    "case_id": "text",
    "status": "text",
    "next": "int8",
    "holes": "text",
    "held": "int8",
    "events": "int8",
    "last_at": "float8",
}
_HISTORY: Columns = {
    "case_id": "text",
    "n": "int8",
    "event_id": "text",
    "type": "text",
    "sequence": "int8",
    "previous_status": "text",
    "status": "text",
    "transition_id": "text",
    "origin": "text",
    "received_at": "float8",
    "outcome": "text",
    "anomaly": "text",
    "decided_at": "float8",
}
_READ = "case_id, status, next, holes, held, events"
_ITS = ", ".join(f"c.{name}" for name in _READ.split(", "))
_FACTS = "h.event_id, h.type, h.sequence, h.previous_status, h.status, h.transition_id"
_KEY: Columns = {"case_id": "text", "n": "int8"}

FIND = Query(
    {"case_id": "text"},
    f"SELECT {_ITS} FROM given CROSS JOIN receiver_cases AS c WHERE c.case_id = given.case_id",  # noqa: S608  names of ours
)
# It changes nothing of a row that is there, and so holds it; a new one is held for being new.
LOCK = Statement(
    {"case_id": "text"},
    f"""
    INSERT INTO receiver_cases AS c ({_READ}, last_at)
    SELECT case_id, NULL, 0, '', 0, 0, 0 FROM given ORDER BY case_id
    ON CONFLICT (case_id) DO UPDATE SET held = c.held RETURNING {_ITS}
    """,  # noqa: S608  names of ours
)
LOCK_IF_FREE = Query(
    {"case_id": "text"},
    f"SELECT {_ITS} FROM given CROSS JOIN receiver_cases AS c WHERE c.case_id = given.case_id",  # noqa: S608  names of ours
    locking="ORDER BY c.case_id FOR UPDATE OF c SKIP LOCKED",
)
DUE = Query(
    {"now": "float8", "most": "int8"},
    """
    SELECT DISTINCT w.case_id FROM (
        SELECT h.case_id FROM receiver_held AS h WHERE h.until <= (SELECT now FROM given)
        ORDER BY h.until LIMIT (SELECT most FROM given)
    ) AS w
    """,
)
NEXT = "SELECT min(until) FROM receiver_held"
HELD = Query(
    {"case_id": "text"},
    f"""
    SELECT w.case_id, w.n, w.until, w.labels, h.origin, h.received_at, {_FACTS}
    FROM given CROSS JOIN receiver_held AS w CROSS JOIN receiver_history AS h
    WHERE w.case_id = given.case_id AND h.case_id = w.case_id AND h.n = w.n
    """,  # noqa: S608  names of ours
)
HELD_AMONG = Query(
    {"event_id": "text"},
    """
    SELECT w.event_id FROM given CROSS JOIN receiver_held AS w WHERE w.event_id = given.event_id
    """,
)
RECORDED = Query(
    {"case_id": "text", "event_id": "text"},
    """
    SELECT h.case_id, h.event_id FROM given CROSS JOIN receiver_history AS h
    WHERE h.case_id = given.case_id AND h.event_id = given.event_id
    """,
)
BY_SEQUENCE = Query(
    {"case_id": "text", "sequence": "int8"},
    f"""
    SELECT {_FACTS} FROM given CROSS JOIN receiver_history AS h
    WHERE h.case_id = given.case_id AND h.sequence = given.sequence
        AND h.outcome <> 'conflict'
    """,  # noqa: S608  names of ours
)
BY_TRANSITION = Query(
    {"case_id": "text", "transition_id": "text"},
    f"""
    SELECT {_FACTS} FROM given CROSS JOIN receiver_history AS h
    WHERE h.case_id = given.case_id AND h.transition_id = given.transition_id
        AND h.outcome <> 'conflict'
    """,  # noqa: S608  names of ours
)
SAVE_ON_SQLITE = f"""
    INSERT INTO receiver_cases ({", ".join(_CASE)}) VALUES ({", ".join("?" * len(_CASE))})
    ON CONFLICT (case_id) DO UPDATE
    SET {", ".join(f"{one} = excluded.{one}" for one in [*_CASE][1:])}
"""  # noqa: S608  names of ours
ADD_ON_SQLITE = f"""
    INSERT INTO receiver_history ({", ".join(_HISTORY)})
    VALUES ({", ".join("?" * len(_HISTORY))})
"""  # noqa: S608  names of ours
_NEW_VALUES = ", ".join(f"{one} = given.{one}" for one in [*_CASE][1:])
SAVE = Statement(
    _CASE,
    f"""
    UPDATE receiver_cases AS c SET {_NEW_VALUES} FROM given WHERE c.case_id = given.case_id
    """,  # noqa: S608  names of ours
)
ADD_AND_SAVE = Statement(
    {**_HISTORY, **{f"its_{one}": kind for one, kind in [*_CASE.items()][1:]}, "last": "int8"},
    f"""
    , added AS (
        INSERT INTO receiver_history ({", ".join(_HISTORY)})
        SELECT {", ".join(_HISTORY)} FROM given
    )
    UPDATE receiver_cases AS c SET {", ".join(f"{one} = given.its_{one}" for one in [*_CASE][1:])}
    FROM given WHERE given.last = 1 AND c.case_id = given.case_id
    """,  # noqa: S608  names of ours
)
HOLD = Change(
    {**_KEY, "event_id": "text", "until": "float8", "labels": "text"},
    sqlite="INSERT INTO receiver_held (case_id, n, event_id, until, labels) VALUES (?, ?, ?, ?, ?)",
    postgresql="""
    INSERT INTO receiver_held (case_id, n, event_id, until, labels)
    SELECT case_id, n, event_id, until, labels FROM given
    """,
)
LET_GO = Change(
    _KEY,
    sqlite="DELETE FROM receiver_held WHERE case_id = ? AND n = ?",
    postgresql="""
    DELETE FROM receiver_held AS h USING given WHERE h.case_id = given.case_id AND h.n = given.n
    """,
)
DECIDE = Change(
    {"outcome": "text", "anomaly": "text", "decided_at": "float8", **_KEY},
    sqlite="""
    UPDATE receiver_history SET outcome = ?, anomaly = ?, decided_at = ?
    WHERE case_id = ? AND n = ?
    """,
    postgresql="""
    UPDATE receiver_history AS h
    SET outcome = given.outcome, anomaly = given.anomaly, decided_at = given.decided_at
    FROM given WHERE h.case_id = given.case_id AND h.n = given.n
    """,
)
