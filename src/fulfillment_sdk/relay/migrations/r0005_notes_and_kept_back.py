"""What the host noted about an event, carried beside its bytes; which events it keeps back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("relay_events", sa.Column("notes", sa.Text))
    op.add_column("relay_events", sa.Column("kept_back", sa.BigInteger))
