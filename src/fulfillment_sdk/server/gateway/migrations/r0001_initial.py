"""The gateway's first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create organisations with their e-mails, codes, tokens, reservations and case ownership."""
    op.create_table(
        "gateway_organizations",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="gateway_organizations_pk"),
        sa.UniqueConstraint("name_key", name="gateway_organizations_name_key"),
    )
    op.create_table(
        "gateway_emails",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("email", sa.LargeBinary, nullable=False),
        sa.Column("added_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="gateway_emails_pk"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["gateway_organizations.id"], name="gateway_emails_organization"
        ),
    )
    op.create_index(
        "gateway_emails_by_organization", "gateway_emails", ["organization_id", "added_at"]
    )
    op.create_table(
        "gateway_codes",
        sa.Column("pair", sa.Text, nullable=False),
        sa.Column("code", sa.LargeBinary, nullable=False),
        sa.Column("issued_at", sa.Double, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("pair", name="gateway_codes_pk"),
    )
    op.create_table(
        "gateway_mails",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("sent_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="gateway_mails_pk"),
    )
    op.create_index("gateway_mails_by_email", "gateway_mails", ["email", "sent_at"])
    op.create_index("gateway_mails_by_address", "gateway_mails", ["address", "sent_at"])
    op.create_index("gateway_mails_by_time", "gateway_mails", ["sent_at"])
    op.create_table(
        "gateway_tokens",
        sa.Column("jti", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("email_id", sa.Text, nullable=True),
        sa.Column("issued_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("revoked_at", sa.Double, nullable=True),
        sa.PrimaryKeyConstraint("jti", name="gateway_tokens_pk"),
    )
    op.create_index(
        "gateway_tokens_by_organization", "gateway_tokens", ["organization_id", "issued_at"]
    )
    op.create_index("gateway_tokens_by_expiry", "gateway_tokens", ["expires_at"])
    op.create_table(
        "gateway_reservations",
        sa.Column("intake_id", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("held_until", sa.Double, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=True),
        sa.PrimaryKeyConstraint("intake_id", name="gateway_reservations_pk"),
    )
    op.create_index("gateway_reservations_by_time", "gateway_reservations", ["created_at"])
    op.create_table(
        "gateway_keys",
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("intake_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "key", name="gateway_keys_pk"),
        sa.ForeignKeyConstraint(
            ["intake_id"], ["gateway_reservations.intake_id"], name="gateway_keys_reservation"
        ),
    )
    op.create_index("gateway_keys_by_reservation", "gateway_keys", ["intake_id"])
    op.create_table(
        "gateway_cases",
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("reference_number", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="gateway_cases_pk"),
    )
    op.create_index(
        "gateway_cases_by_organization", "gateway_cases", ["organization_id", "created_at"]
    )
