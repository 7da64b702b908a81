"""Announcements: a transaction says "look again" to whoever listens on the same database.

On PostgreSQL that is one NOTIFY a transaction, however many asked: at each it takes a lock that all
commits of the server share. SQLite has a number in its file that nobody else uses.
"""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa

from fulfillment_sdk.store.session import PATIENT_COMMIT

_ASKED = "fulfillment_announce"

# Channels belong to a database; relays in several schemas of it don't wake each other.
CHANNEL = "SELECT 'fulfillment_' || hashtext(coalesce(current_schema(), ''))"
_NOTIFY = f"SELECT pg_notify(({CHANNEL}), ''), {PATIENT_COMMIT}"


def ask(connection: sa.Connection) -> None:
    """Have the transaction at hand announced when it commits."""
    connection.info[_ASKED] = True


def asked(connection: sa.Connection) -> bool:
    """Tell whether the transaction at hand will be announced."""
    return _ASKED in connection.info


def forget(connection: sa.Connection) -> None:
    """Have it announced no more."""
    connection.info.pop(_ASKED, None)


def announce_in(connection: sa.Connection, cursor: Any) -> None:
    """Announce the transaction at hand, as its last statement, if anybody asked for it."""
    if not connection.info.pop(_ASKED, False):
        return
    if connection.dialect.name == "sqlite":
        cursor.execute(f"PRAGMA user_version={secrets.randbits(31)}")
    else:
        cursor.execute(_NOTIFY)
