"""The receiver's own tables, beside the relay's in the same database.

They hold codes, ids and times. What was received lies sealed in the relay's events, also while it
waits for earlier ones.
"""

from __future__ import annotations

import sqlalchemy as sa

from fulfillment_sdk.relay.schema import BIG_ID
from fulfillment_sdk.store import Schema

METADATA = sa.MetaData()

# Whoever judges an event of a case holds the case's row until the commit.
cases = sa.Table(
    "receiver_cases",
    METADATA,
    sa.Column("case_id", sa.Text, primary_key=True),
    sa.Column("status", sa.Text),
    sa.Column("next", sa.BigInteger, nullable=False),
    sa.Column("holes", sa.Text, nullable=False),
    sa.Column("held", sa.BigInteger, nullable=False),
    sa.Column("told", sa.BigInteger, nullable=False),
    sa.Column("last_at", sa.Double, nullable=False),
    sqlite_with_rowid=False,
)

# By the number of the relay's event, which has the rest: so rows come one behind the other, where
# by their cases each would be on a page of its own. A case's are found by the events of its lane.
history = sa.Table(
    "receiver_history",
    METADATA,
    sa.Column("event", BIG_ID, primary_key=True, autoincrement=False),
    sa.Column("previous_status", sa.Text),
    sa.Column("status", sa.Text),
    sa.Column("transition_id", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("anomaly", sa.Text),
    sa.Column("decided_at", sa.Double),  # NULL while it is held
    sa.Column("alike", sa.BigInteger),  # by which one without a number is found again; else NULL
    sa.Index(
        "ix_receiver_history_alike",
        "alike",
        sqlite_where=sa.text("alike IS NOT NULL"),
        postgresql_where=sa.text("alike IS NOT NULL"),
    ),
)

held = sa.Table(
    "receiver_held",
    METADATA,
    sa.Column("event", BIG_ID, primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("until", sa.Double, nullable=False),
    sa.Column("labels", sa.Text, nullable=False),
    sa.UniqueConstraint("event_id", name="uq_receiver_held_event_id"),
    sa.Index("ix_receiver_held_case_id", "case_id"),
    sa.Index("ix_receiver_held_until", "until"),
)

SCHEMA = Schema("receiver", METADATA, "fulfillment_sdk.receiver.cases.migrations")
