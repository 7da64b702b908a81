"""The table in which the processes of a receiver add up their counts."""

from __future__ import annotations

import sqlalchemy as sa

from fulfillment_sdk.store import Schema

METADATA = sa.MetaData()

# Each process has rows of its own: who adds to them waits for nobody.
uses = sa.Table(
    "receiver_secrets_uses",
    METADATA,
    sa.Column("fingerprint", sa.Text, primary_key=True),
    sa.Column("process", sa.Text, primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("last_at", sa.Double, nullable=False),
    sqlite_with_rowid=False,
)

SCHEMA = Schema("receiver_secrets", METADATA, "fulfillment_sdk.receiver.secrets.migrations")
