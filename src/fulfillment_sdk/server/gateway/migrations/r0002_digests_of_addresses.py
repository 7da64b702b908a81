"""A keyed hash by which an organisation's address is found without opening them all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column and its index; the keys are not at hand here, so older rows stay without."""
    op.add_column("gateway_emails", sa.Column("digest", sa.Text))
    op.create_index("gateway_emails_by_digest", "gateway_emails", ["organization_id", "digest"])
