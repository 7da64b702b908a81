"""Cases know their category's code: notifications say it, so that partners can choose by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; older cases get theirs with their next step, when their request is opened."""
    op.add_column("portal_cases", sa.Column("category_id", sa.Text(), nullable=True))
