"""The relay's tables. What is pending lives in `lanes` and `deliveries`, and nowhere else."""

from __future__ import annotations

import sqlalchemy as sa

from fulfillment_sdk.store.migrations import Schema

METADATA = sa.MetaData()

# SQLite counts rows in a column of exactly this type only.
BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")

events = sa.Table(
    "relay_events",
    METADATA,
    sa.Column("id", BIG_ID, primary_key=True, autoincrement=True),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("lane", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("accepted_at", sa.Double, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("feed", sa.BigInteger),  # the position in its owner's feed
    sa.Column("notes", sa.Text),  # JSON; NULL for none
    sa.Column("kept_back", sa.BigInteger),  # 1 for what the host has not passed on; else NULL
    sa.UniqueConstraint("event_id", name="uq_relay_events_event_id"),
    sa.Index("ix_relay_events_lane_sequence", "lane", "sequence"),
    sa.Index("ix_relay_events_accepted_at", "accepted_at"),
    sa.Index(
        "ix_relay_events_owner_feed",
        "owner",
        "feed",
        unique=True,
        sqlite_where=sa.text("feed IS NOT NULL"),
        postgresql_where=sa.text("feed IS NOT NULL"),
    ),
    sa.Index(
        "ix_relay_events_owner_accepted_at",
        "owner",
        "accepted_at",
        sqlite_where=sa.text("owner <> ''"),
        postgresql_where=sa.text("owner <> ''"),
    ),
)

# A query uses an index that has a condition only where it has the same one, in these words: no
# other is led astray by it.
OWNED = events.c.owner != sa.literal_column("''")

# Whoever gives an owner's events their positions holds the owner's row until the commit.
feeds = sa.Table(
    "relay_feeds",
    METADATA,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

destinations = sa.Table(
    "relay_destinations",
    METADATA,
    sa.Column("no", BIG_ID, primary_key=True, autoincrement=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("sink", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("ordering", sa.Text, nullable=False),
    sa.Column("types", sa.JSON, nullable=False),
    sa.Column("policy", sa.JSON, nullable=False),
    sa.Column("settings", sa.LargeBinary, nullable=False),
    sa.Column("concurrency", sa.Integer, nullable=False),
    sa.Column("timeout", sa.Double, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("disabled_why", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("failing_since", sa.Double),
    sa.Column("failed_attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("rate", sa.Double),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("only", sa.JSON, nullable=False, server_default="{}"),
    sa.UniqueConstraint("name", name="uq_relay_destinations_name"),
    sa.Index("ix_relay_destinations_owner", "owner"),
    sqlite_autoincrement=True,  # a removed destination's number must never come back
)

# Inserted and deleted, never updated: the table stays as small as what is pending.
deliveries = sa.Table(
    "relay_deliveries",
    METADATA,
    sa.Column("destination_no", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("lane", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("event", sa.BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# A row exists only while something is pending, and counts it. Claiming moves `due_at` past the
# lease, so an expired lease is simply due.
lanes = sa.Table(
    "relay_lanes",
    METADATA,
    sa.Column("destination_no", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("lane", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("pending", sa.BigInteger, nullable=False),
    sa.Column("due_at", sa.Double, nullable=False),
    sa.Column("lease", sa.Text),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("tried", sa.BigInteger),  # the event that `tries` and `why` are of
    sa.Column("lost", sa.Integer, nullable=False, server_default="0"),  # see `doubt`
    sa.Index("ix_relay_lanes_due", "destination_no", "due_at"),
    sa.Index(
        "ix_relay_lanes_in_doubt",
        "destination_no",
        sqlite_where=sa.text("lost > 1"),
        postgresql_where=sa.text("lost > 1"),
    ),
    sqlite_with_rowid=False,
)

attempts = sa.Table(
    "relay_attempts",
    METADATA,
    sa.Column("id", BIG_ID, primary_key=True, autoincrement=True),
    sa.Column("destination_no", sa.BigInteger, nullable=False),
    sa.Column("event", sa.BigInteger, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Index("ix_relay_attempts_event", "event"),
    sa.Index("ix_relay_attempts_at", "at"),
    sa.Index(
        "ix_relay_attempts_arrived",
        "destination_no",
        "at",
        sqlite_where=sa.text("outcome = 'delivered'"),
        postgresql_where=sa.text("outcome = 'delivered'"),
    ),
)

ARRIVED = attempts.c.outcome == sa.literal_column("'delivered'")  # as for `OWNED`

dead_letters = sa.Table(
    "relay_dead_letters",
    METADATA,
    sa.Column("destination_no", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("event", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Index("ix_relay_dead_letters_at", "at"),
)

quarantine = sa.Table(
    "relay_quarantine",
    METADATA,
    sa.Column("id", BIG_ID, primary_key=True, autoincrement=True),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("event_id", "digest", name="uq_relay_quarantine_event_id_digest"),
)

SCHEMA = Schema("relay", METADATA, "fulfillment_sdk.relay.migrations")
