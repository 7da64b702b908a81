"""Files: what partners attach and staff submit, in sealed pieces; and partners' lists of cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables of files and the indexes."""
    _files()
    _chunks()
    _partners_lists()


def _files() -> None:
    op.create_table(
        "portal_files",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("work_round", sa.BigInteger(), nullable=True),
        sa.Column("submission_id", sa.Text(), nullable=True),
        sa.Column("details", sa.LargeBinary(), nullable=True),
        sa.Column("content_type", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("stored_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["case_id"], ["portal_cases.id"], name="fk_portal_files_case_id"),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["portal_submissions.id"], name="fk_portal_files_submission_id"
        ),
    )
    op.create_index("ix_portal_files_case_id", "portal_files", ["case_id", "created_at"])
    op.create_index(
        "ix_portal_files_organization_id", "portal_files", ["organization_id", "case_id"]
    )
    op.create_index("ix_portal_files_submission_id", "portal_files", ["submission_id"])
    op.create_index("ix_portal_files_stored_at", "portal_files", ["stored_at", "created_at"])


def _chunks() -> None:
    op.create_table(
        "portal_file_chunks",
        sa.Column("file_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("file_id", "number"),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["portal_files.id"],
            name="fk_portal_file_chunks_file_id",
            ondelete="CASCADE",
        ),
    )


def _partners_lists() -> None:
    # The keys are not at hand here: older cases stay without, and their requests are opened.
    op.add_column("portal_cases", sa.Column("src_uid", sa.LargeBinary(), nullable=True))
    op.create_index(
        "ix_portal_cases_organization_id", "portal_cases", ["organization_id", "number"]
    )
    op.create_index(
        "ix_portal_cases_organization_id_status",
        "portal_cases",
        ["organization_id", "status", "number"],
    )
