"""What holds for every connection to a PostgreSQL server, whatever its administrator has set."""

from __future__ import annotations

import select
from typing import Any

import sqlalchemy as sa

from fulfillment_sdk.errors import ConfigurationError

# A host that vanished is noticed after half a minute, where the system's default is two hours.
KEEPALIVES: dict[str, Any] = {
    "application_name": "fulfillment-sdk",
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}

# A process that was stopped in the middle of a transaction holds its locks no longer than the last
# of these. Who meets a lock for longer than the first is to get out of the others' way.
_LIMITS = {
    "lock_timeout": "250ms",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "15s",
}

# Nothing is acknowledged before it is on disk; what is stricter than `on` is left as it is.
_SETTLE = """
SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')
                  WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)
""" + "".join(f", set_config('{name}', '{limit}', false)" for name, limit in _LIMITS.items())

# What a commit itself may have to wait for is no one caller's doing: all commits of the server that
# announce something go one after the other.
PATIENT_COMMIT = "set_config('lock_timeout', '5s', true)"

# For one transaction: migrations take as long as they take.
NO_LIMITS = "SELECT " + ", ".join(f"set_config('{name}', '0', true)" for name in _LIMITS)


def settle_in(connection: Any, _record: object = None) -> None:
    """Set up a fresh connection of the driver's.

    Raises:
        ConfigurationError: the server doesn't let us wait for the disk.
    """
    was, connection.autocommit = connection.autocommit, True
    (synchronous, *_limits) = connection.execute(_SETTLE).fetchone()
    connection.autocommit = was
    if synchronous not in ("on", "remote_apply"):
        raise ConfigurationError(
            "The server acknowledges commits that are not on its disk",
            remedy="Let its role set synchronous_commit to on.",
        )


def refuse_if_gone(connection: Any, _record: object, _proxy: object) -> None:
    """Have the pool connect anew where the server has hung up since the connection's last use.

    Nobody has asked it anything: what is there to be read is its farewell. A look, where a ping
    would be a round trip before each transaction.
    """
    if not connection.closed:
        ready = select.poll()
        ready.register(connection.fileno(), select.POLLIN)
        if not ready.poll(0):
            return
    raise sa.exc.DisconnectionError
