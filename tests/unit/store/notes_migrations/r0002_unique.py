"""No two notes say the same."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_index("uq_notes_notes_text", "notes_notes", ["text"], unique=True)
