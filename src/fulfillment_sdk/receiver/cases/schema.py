"""The receiver's own tables, beside the relay's in the same database.

They hold codes, ids and times. What was received lies sealed in the relay's events, also while it
waits for earlier ones.
"""

from __future__ import annotations

import sqlalchemy as sa

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
    sa.Column("events", sa.BigInteger, nullable=False),  # rows of history that it ever had
    sa.Column("last_at", sa.Double, nullable=False),
    sqlite_with_rowid=False,
)

history = sa.Table(
    "receiver_history",
    METADATA,
    sa.Column("case_id", sa.Text, primary_key=True),
    sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger),
    sa.Column("previous_status", sa.Text),
    sa.Column("status", sa.Text),
    sa.Column("transition_id", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("received_at", sa.Double, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("anomaly", sa.Text),
    sa.Column("decided_at", sa.Double),  # NULL while it is held
    sqlite_with_rowid=False,
)

# The row of history that it belongs to is known by case and number.
held = sa.Table(
    "receiver_held",
    METADATA,
    sa.Column("case_id", sa.Text, primary_key=True),
    sa.Column("n", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("until", sa.Double, nullable=False),
    sa.Column("labels", sa.Text, nullable=False),
    sa.UniqueConstraint("event_id", name="uq_receiver_held_event_id"),
    sa.Index("ix_receiver_held_until", "until"),
    sqlite_with_rowid=False,
)

SCHEMA = Schema("receiver", METADATA, "fulfillment_sdk.receiver.cases.migrations")
