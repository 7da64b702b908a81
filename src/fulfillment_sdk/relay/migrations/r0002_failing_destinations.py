"""Since when, and how often, a destination has failed without a success."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("relay_destinations", sa.Column("failing_since", sa.Double))
    op.add_column(
        "relay_destinations",
        sa.Column("failed_attempts", sa.Integer, nullable=False, server_default="0"),
    )
