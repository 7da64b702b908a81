"""How often in a row whoever had a lane ended without a word about it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_IN_DOUBT = sa.text("lost > 1")


def upgrade() -> None:
    """Add the column, and the index of those in doubt: there is hardly ever one."""
    op.add_column("relay_lanes", sa.Column("lost", sa.Integer, nullable=False, server_default="0"))
    op.create_index(
        "ix_relay_lanes_in_doubt",
        "relay_lanes",
        ["destination_no"],
        sqlite_where=_IN_DOUBT,
        postgresql_where=_IN_DOUBT,
    )
