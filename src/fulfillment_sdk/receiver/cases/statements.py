"""The statements about cases, for many rows at once, in both databases' words."""

from __future__ import annotations

from fulfillment_sdk.relay.tables.rows import Change, Columns, Query, Statement

_CASE: Columns = {
    "case_id": "text",
    "status": "text",
    "next": "int8",
    "holes": "text",
    "held": "int8",
    "told": "int8",
    "last_at": "float8",
}
_HISTORY: Columns = {
    "event": "int8",
    "previous_status": "text",
    "status": "text",
    "transition_id": "text",
    "origin": "text",
    "outcome": "text",
    "anomaly": "text",
    "decided_at": "float8",
    "alike": "int8",
}
CASE, HISTORY = tuple(_CASE), tuple(_HISTORY)
_READ = "case_id, status, next, holes, held, told"
_ITS = ", ".join(f"c.{name}" for name in _READ.split(", "))
_FACTS = "e.event_id, e.type, e.sequence, h.previous_status, h.status, h.transition_id"
_LATEST = [*_CASE][1:]

_LOOK = f"SELECT {_ITS} FROM given CROSS JOIN receiver_cases AS c WHERE c.case_id = given.case_id"  # noqa: S608  names of ours
LOOK = Query({"case_id": "text"}, _LOOK)
FIND_FREE = Query(
    {"case_id": "text"}, _LOOK, locking="ORDER BY c.case_id FOR UPDATE OF c SKIP LOCKED"
)
# One round trip: the rows that are there are held, in their order, then the others made and held.
# Where somebody else has made one meanwhile, it is held too, and changed in nothing. Row by row, by
# the key: a join was planned when the table was small, and read all of it until it was analyzed.
FIND_OR_MAKE = Statement(
    {"case_id": "text"},
    f""",
    found AS MATERIALIZED (
        SELECT {_ITS} FROM (SELECT case_id FROM given ORDER BY case_id) AS one CROSS JOIN LATERAL (
            SELECT {_ITS} FROM receiver_cases AS c WHERE c.case_id = one.case_id FOR UPDATE OF c
        ) AS c
    ),
    made AS (
        INSERT INTO receiver_cases AS c ({_READ}, last_at)
        SELECT case_id, NULL, 0, '', 0, 0, 0 FROM given
        WHERE case_id <> ALL (ARRAY(SELECT case_id FROM found)) ORDER BY case_id
        ON CONFLICT (case_id) DO UPDATE SET held = c.held RETURNING {_ITS}
    )
    SELECT its.*, extract(epoch FROM clock_timestamp())::float8
    FROM (SELECT * FROM found UNION ALL SELECT * FROM made) AS its
    """,  # noqa: S608  names of ours
)
# The limit is written out: by the planner's guess for an unknown one, it would sort all that waits.
DUE = """
    SELECT DISTINCT w.case_id FROM (
        SELECT h.case_id FROM receiver_held AS h WHERE h.until <= (SELECT now FROM given)
        ORDER BY h.until LIMIT {most}
    ) AS w
"""
NEXT = "SELECT min(until) FROM receiver_held"
HELD = Query(
    {"case_id": "text"},
    f"""
    SELECT w.case_id, w.event, w.until, w.labels, h.origin, e.accepted_at, {_FACTS}
    FROM given CROSS JOIN receiver_held AS w
        CROSS JOIN receiver_history AS h CROSS JOIN relay_events AS e
    WHERE w.case_id = given.case_id AND h.event = w.event AND e.id = w.event
    """,  # noqa: S608  names of ours
)
HELD_AMONG = Query(
    {"event_id": "text"},
    """
    SELECT w.event_id FROM given CROSS JOIN receiver_held AS w WHERE w.event_id = given.event_id
    """,
)
BY_SEQUENCE = Query(
    {"case_id": "text", "sequence": "int8"},
    f"""
    SELECT {_FACTS} FROM given CROSS JOIN relay_events AS e CROSS JOIN receiver_history AS h
    WHERE e.lane = given.case_id AND e.sequence = given.sequence AND h.event = e.id
    """,  # noqa: S608  names of ours
)
BY_LIKENESS = Query(
    {"alike": "int8"},
    f"""
    SELECT {_FACTS} FROM given CROSS JOIN receiver_history AS h CROSS JOIN relay_events AS e
    WHERE h.alike = given.alike AND e.id = h.event
    """,  # noqa: S608  names of ours
)
SAVE_ON_SQLITE = f"""
    INSERT INTO receiver_cases ({", ".join(_CASE)}) VALUES ({", ".join("?" * len(_CASE))})
    ON CONFLICT (case_id) DO UPDATE SET {", ".join(f"{one} = excluded.{one}" for one in _LATEST)}
"""  # noqa: S608  names of ours
# A number may have been that of an event that is gone.
ADD_ON_SQLITE = f"""
    INSERT OR REPLACE INTO receiver_history ({", ".join(_HISTORY)})
    VALUES ({", ".join("?" * len(_HISTORY))})
"""  # noqa: S608  names of ours

# One round trip, for which others wait who want the same cases. Of few rows and many columns, JSON
# is put together in half of the time that as many arrays take.
ADD_AND_SAVE = f"""
    WITH added AS (
        INSERT INTO receiver_history ({", ".join(_HISTORY)})
        SELECT {", ".join(_HISTORY)} FROM json_to_recordset(%s::text::json) AS given(
            {", ".join(f"{name} {kind}" for name, kind in _HISTORY.items())}
        )
    )
    INSERT INTO receiver_cases ({", ".join(_CASE)})
    SELECT {", ".join(_CASE)} FROM json_to_recordset(%s::text::json) AS latest(
        {", ".join(f"{name} {kind}" for name, kind in _CASE.items())}
    )
    ON CONFLICT (case_id) DO UPDATE SET {", ".join(f"{one} = excluded.{one}" for one in _LATEST)}
"""  # noqa: S608  names of ours
HOLD = Change(
    {"event": "int8", "event_id": "text", "case_id": "text", "until": "float8", "labels": "text"},
    sqlite="""
    INSERT INTO receiver_held (event, event_id, case_id, until, labels) VALUES (?, ?, ?, ?, ?)
    """,
    postgresql="""
    INSERT INTO receiver_held (event, event_id, case_id, until, labels)
    SELECT event, event_id, case_id, until, labels FROM given
    """,
)
MOVE_ALONG = Change(
    {"by": "float8", "behind": "float8"},
    sqlite="UPDATE receiver_held SET until = until + ? WHERE until > ?",
    postgresql="""
    UPDATE receiver_held AS h SET until = h.until + given.by FROM given
    WHERE h.until > given.behind
    """,
)
LET_GO = Change(
    {"event": "int8"},
    sqlite="DELETE FROM receiver_held WHERE event = ?",
    postgresql="DELETE FROM receiver_held AS h USING given WHERE h.event = given.event",
)
DECIDE = Change(
    {"outcome": "text", "anomaly": "text", "decided_at": "float8", "event": "int8"},
    sqlite="""
    UPDATE receiver_history SET outcome = ?, anomaly = ?, decided_at = ? WHERE event = ?
    """,
    postgresql="""
    UPDATE receiver_history AS h
    SET outcome = given.outcome, anomaly = given.anomaly, decided_at = given.decided_at
    FROM given WHERE h.event = given.event
    """,
)
