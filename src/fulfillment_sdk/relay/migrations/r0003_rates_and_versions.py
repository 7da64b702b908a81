"""Rates, versions; whose tries a lane counts; what retention looks for; a vacuum that keeps up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# Lanes move with every claim, deliveries go with every settlement: by the defaults a server would
# first clean up after a fifth of a large table has died, and claims would wade through the rest.
_BUSY = (
    "autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, "
    "autovacuum_vacuum_insert_scale_factor = 0.05, "
    "autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0"
)


def upgrade() -> None:
    """Add the columns and the index."""
    op.add_column("relay_lanes", sa.Column("tried", sa.BigInteger))
    op.add_column("relay_destinations", sa.Column("rate", sa.Double))
    op.add_column(
        "relay_destinations",
        sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
    )
    op.create_index("ix_relay_events_accepted_at", "relay_events", ["accepted_at"])
    if op.get_context().dialect.name == "postgresql":
        for table in ("relay_lanes", "relay_deliveries"):
            op.execute(f"ALTER TABLE {table} SET ({_BUSY})")
