"""What all processes have counted, in the database that they share.

A secret is known there by a fingerprint, from which it can't be found out: it has 24 random bytes.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

import sqlalchemy as sa

from fulfillment_sdk.receiver.secrets.schema import uses
from fulfillment_sdk.receiver.secrets.uses import Count, Counts, SecretUse, in_order
from fulfillment_sdk.relay.tables.upsert import insert_for

QUIET_SECONDS = 3600.0
"""A row that nobody has added to for so long is taken over by another process: most likely the one
that it was of has ended. (If not, it begins a new one.)"""

_AT_ONCE = 500


def fingerprint(secret: str) -> str:
    """Return the word by which a secret is known in the database."""
    text = secret.rstrip("=").encode()
    return hmac.new(text, b"which secret of a receiver", "sha256").hexdigest()[:16]


def add(connection: sa.Connection, process: str, counted: Counts) -> None:
    """Add what a process has counted."""
    for known_as, one in counted.items():
        row = insert_for(connection, uses).values(
            fingerprint=known_as, process=process, count=one.count, last_at=one.last_at
        )
        later = sa.case(
            (row.excluded.last_at > uses.c.last_at, row.excluded.last_at), else_=uses.c.last_at
        )
        connection.execute(
            row.on_conflict_do_update(
                index_elements=[uses.c.fingerprint, uses.c.process],
                set_={"count": uses.c["count"] + row.excluded.count, "last_at": later},
            )
        )


def take_over(connection: sa.Connection, process: str, *, now: float) -> None:
    """Make the rows of processes that have long been quiet this one's own."""
    quiet = connection.execute(
        sa.select(uses.c.fingerprint, uses.c.process, uses.c["count"], uses.c.last_at)
        .where(uses.c.last_at < now - QUIET_SECONDS, uses.c.process != process)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)  # two that do so at once share what there is
    ).all()
    for known_as, other, count, last_at in quiet:
        connection.execute(
            sa.delete(uses).where(uses.c.fingerprint == known_as, uses.c.process == other)
        )
        add(connection, process, {known_as: Count(count, last_at)})


def total(connection: sa.Connection, fingerprints: Sequence[str]) -> Sequence[SecretUse]:
    """Return what all processes have counted for these secrets, in their order."""
    rows = connection.execute(
        sa.select(uses.c.fingerprint, sa.func.sum(uses.c["count"]), sa.func.max(uses.c.last_at))
        .where(uses.c.fingerprint.in_(fingerprints))
        .group_by(uses.c.fingerprint)
    )
    found = {known_as: Count(int(count), float(last_at)) for known_as, count, last_at in rows}
    return in_order(found, fingerprints)
