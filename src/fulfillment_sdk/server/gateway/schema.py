"""The gateway's tables; the revisions of ``migrations`` create the same ones by hand."""

from __future__ import annotations

import sqlalchemy as sa

from fulfillment_sdk.server.coordination.leases import Leases, lease_table
from fulfillment_sdk.store import Schema

metadata = sa.MetaData()

organizations = sa.Table(
    "gateway_organizations",
    metadata,
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("changed_at", sa.Double, nullable=False),
    sa.PrimaryKeyConstraint("id", name="gateway_organizations_pk"),
    sa.UniqueConstraint("name_key", name="gateway_organizations_name_key"),
)
"""``state`` is ``pending``, ``active`` or ``deactivated``."""

emails = sa.Table(
    "gateway_emails",
    metadata,
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("organization_id", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("email", sa.LargeBinary, nullable=False),
    sa.Column("added_at", sa.Double, nullable=False),
    sa.Column("digest", sa.Text, nullable=True),
    sa.PrimaryKeyConstraint("id", name="gateway_emails_pk"),
    sa.ForeignKeyConstraint(
        ["organization_id"], ["gateway_organizations.id"], name="gateway_emails_organization"
    ),
    sa.Index("gateway_emails_by_organization", "organization_id", "added_at"),
    sa.Index("gateway_emails_by_digest", "organization_id", "digest"),
)
"""``email`` is sealed; it is found by ``digest``, a keyed hash, so that an organisation with many
addresses answers no slower than one with none. Rows of before revision 2 have no digest."""

codes = sa.Table(
    "gateway_codes",
    metadata,
    sa.Column("pair", sa.Text, nullable=False),
    sa.Column("code", sa.LargeBinary, nullable=False),
    sa.Column("issued_at", sa.Double, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("pair", name="gateway_codes_pk"),
)
"""One row for a pair of e-mail and organisation, both columns as keyed hashes: a newer code
takes the row over, a used one removes it."""

mails = sa.Table(
    "gateway_mails",
    metadata,
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("sent_at", sa.Double, nullable=False),
    sa.PrimaryKeyConstraint("id", name="gateway_mails_pk"),
    sa.Index("gateway_mails_by_email", "email", "sent_at"),
    sa.Index("gateway_mails_by_address", "address", "sent_at"),
    sa.Index("gateway_mails_by_time", "sent_at"),
)
"""Counts mails for the limits, by keyed hashes of the e-mail and the caller's address."""

tokens = sa.Table(
    "gateway_tokens",
    metadata,
    sa.Column("jti", sa.Text, nullable=False),
    sa.Column("organization_id", sa.Text, nullable=False),
    sa.Column("email_id", sa.Text, nullable=True),
    sa.Column("issued_at", sa.Double, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False),
    sa.Column("revoked_at", sa.Double, nullable=True),
    sa.PrimaryKeyConstraint("jti", name="gateway_tokens_pk"),
    sa.Index("gateway_tokens_by_organization", "organization_id", "issued_at"),
    sa.Index("gateway_tokens_by_expiry", "expires_at"),
)
"""What was issued, to whom, and what was revoked; the tokens themselves are not kept."""

reservations = sa.Table(
    "gateway_reservations",
    metadata,
    sa.Column("intake_id", sa.Text, nullable=False),
    sa.Column("organization_id", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("held_until", sa.Double, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("answer", sa.LargeBinary, nullable=True),
    sa.PrimaryKeyConstraint("intake_id", name="gateway_reservations_pk"),
    sa.Index("gateway_reservations_by_time", "created_at"),
)
"""``answer`` is the recorded 201, sealed; without one the case is being created or was left.

``created_at`` is when the keys were reserved, and once there is an answer, when it was recorded.
"""

keys = sa.Table(
    "gateway_keys",
    metadata,
    sa.Column("organization_id", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("intake_id", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("organization_id", "key", name="gateway_keys_pk"),
    sa.ForeignKeyConstraint(
        ["intake_id"], ["gateway_reservations.intake_id"], name="gateway_keys_reservation"
    ),
    sa.Index("gateway_keys_by_reservation", "intake_id"),
)
"""Which idempotency keys lead to a reservation, as digests."""

cases = sa.Table(
    "gateway_cases",
    metadata,
    sa.Column("case_id", sa.Text, nullable=False),
    sa.Column("organization_id", sa.Text, nullable=False),
    sa.Column("reference_number", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.PrimaryKeyConstraint("case_id", name="gateway_cases_pk"),
    sa.Index("gateway_cases_by_organization", "organization_id", "created_at"),
)
"""Whose case it is."""

LEASES = Leases(lease_table(metadata, "gateway"))
"""Which gateways are there, and what only one of them does."""

SCHEMA = Schema("gateway", metadata, "fulfillment_sdk.server.gateway.migrations")
