"""Events, destinations, deliveries, lanes, attempts, dead letters and the quarantine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _key(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "relay_events",
        sa.Column("id", _BIG_ID, primary_key=True, autoincrement=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("accepted_at", sa.Double, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("event_id", name="uq_relay_events_event_id"),
    )
    op.create_index("ix_relay_events_lane_sequence", "relay_events", ["lane", "sequence"])
    op.create_table(
        "relay_destinations",
        sa.Column("no", _BIG_ID, primary_key=True, autoincrement=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sink", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("ordering", sa.Text, nullable=False),
        sa.Column("types", sa.JSON, nullable=False),
        sa.Column("policy", sa.JSON, nullable=False),
        sa.Column("settings", sa.LargeBinary, nullable=False),
        sa.Column("concurrency", sa.Integer, nullable=False),
        sa.Column("timeout", sa.Double, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("disabled_why", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.UniqueConstraint("name", name="uq_relay_destinations_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_relay_destinations_owner", "relay_destinations", ["owner"])
    op.create_table(
        "relay_deliveries",
        _key("destination_no"),
        _key("lane"),
        _key("position"),
        _key("event"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "relay_lanes",
        _key("destination_no"),
        _key("lane"),
        sa.Column("pending", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("lease", sa.Text),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_relay_lanes_due", "relay_lanes", ["destination_no", "due_at"])
    op.create_table(
        "relay_attempts",
        sa.Column("id", _BIG_ID, primary_key=True, autoincrement=True),
        sa.Column("destination_no", sa.BigInteger, nullable=False),
        sa.Column("event", sa.BigInteger, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )
    op.create_index("ix_relay_attempts_event", "relay_attempts", ["event"])
    op.create_index("ix_relay_attempts_at", "relay_attempts", ["at"])
    op.create_table(
        "relay_dead_letters",
        _key("destination_no"),
        _key("event"),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )
    op.create_index("ix_relay_dead_letters_at", "relay_dead_letters", ["at"])
    op.create_table(
        "relay_quarantine",
        sa.Column("id", _BIG_ID, primary_key=True, autoincrement=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("event_id", "digest", name="uq_relay_quarantine_event_id_digest"),
    )
