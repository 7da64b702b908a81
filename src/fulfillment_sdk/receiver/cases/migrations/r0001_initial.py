"""Cases, their history, and what waits for earlier events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


_BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "receiver_cases",
        sa.Column("case_id", sa.Text, primary_key=True),
        sa.Column("status", sa.Text),
        sa.Column("next", sa.BigInteger, nullable=False),
        sa.Column("holes", sa.Text, nullable=False),
        sa.Column("held", sa.BigInteger, nullable=False),
        sa.Column("told", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "receiver_history",
        sa.Column("event", _BIG_ID, primary_key=True, autoincrement=False),
        sa.Column("previous_status", sa.Text),
        sa.Column("status", sa.Text),
        sa.Column("transition_id", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("anomaly", sa.Text),
        sa.Column("decided_at", sa.Double),
        sa.Column("alike", sa.BigInteger),
    )
    op.create_index(
        "ix_receiver_history_alike",
        "receiver_history",
        ["alike"],
        sqlite_where=sa.text("alike IS NOT NULL"),
        postgresql_where=sa.text("alike IS NOT NULL"),
    )
    op.create_table(
        "receiver_held",
        sa.Column("event", _BIG_ID, primary_key=True, autoincrement=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
        sa.UniqueConstraint("event_id", name="uq_receiver_held_event_id"),
    )
    op.create_index("ix_receiver_held_case_id", "receiver_held", ["case_id"])
    op.create_index("ix_receiver_held_until", "receiver_held", ["until"])
    if op.get_context().dialect.name == "postgresql":
        # A case's row moves with each of its events: with room beside it, it stays on its page.
        op.execute("ALTER TABLE receiver_cases SET (fillfactor = 70)")
