"""Each owner's events in a feed, destinations by label, indexes of what is one's own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# What is there was accepted in the order of its numbers.
_NUMBER = """
    UPDATE relay_events SET feed = numbered.position
    FROM (
        SELECT id, row_number() OVER (PARTITION BY owner ORDER BY id) AS position
        FROM relay_events WHERE owner <> ''
    ) AS numbered
    WHERE numbered.id = relay_events.id
"""
_COUNT = """
    INSERT INTO relay_feeds (owner, last)
    SELECT owner, max(feed) FROM relay_events WHERE owner <> '' GROUP BY owner
"""
_IN_A_FEED = sa.text("feed IS NOT NULL")
_OWNED = sa.text("owner <> ''")
_ARRIVED = sa.text("outcome = 'delivered'")


def upgrade() -> None:
    """Add columns, counters and indexes, and number what is there."""
    op.add_column(
        "relay_destinations", sa.Column("only", sa.JSON, nullable=False, server_default="{}")
    )
    op.add_column("relay_events", sa.Column("feed", sa.BigInteger))
    op.create_table(
        "relay_feeds",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(_NUMBER)
    op.execute(_COUNT)
    op.create_index(
        "ix_relay_events_owner_feed",
        "relay_events",
        ["owner", "feed"],
        unique=True,
        sqlite_where=_IN_A_FEED,
        postgresql_where=_IN_A_FEED,
    )
    op.create_index(
        "ix_relay_events_owner_accepted_at",
        "relay_events",
        ["owner", "accepted_at"],
        sqlite_where=_OWNED,
        postgresql_where=_OWNED,
    )
    op.create_index(
        "ix_relay_attempts_arrived",
        "relay_attempts",
        ["destination_no", "at"],
        sqlite_where=_ARRIVED,
        postgresql_where=_ARRIVED,
    )
