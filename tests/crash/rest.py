"""What a database holds while nobody is at work on it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import sqlalchemy as sa

from fulfillment_sdk.relay.schema import attempts, deliveries, destinations, events, lanes

PATIENCE = 20.0
LONG_AGO = 3600.0

Key = tuple[str, str]  # (destination, event id)


@attrs.frozen
class Rest:
    """A database at rest.

    Args:
        events: the ids of what is stored.
        pending: what is yet to be delivered.
        settled: how often each delivery is recorded as delivered.
        counted: what each lane says is pending in it.
        there: what is.
        leased: how many lanes were claimed.
    """

    events: frozenset[str]
    pending: frozenset[Key]
    settled: Counter[Key]
    counted: dict[tuple[int, int], int]
    there: dict[tuple[int, int], int]
    leased: int

    @classmethod
    def of(cls, url: str) -> Rest:
        """Read a database."""
        with _connected(url) as connection:
            named = {row.id: row.event_id for row in connection.execute(_EVENTS)}
            names = {row.no: row.name for row in connection.execute(_DESTINATIONS)}
            lined = connection.execute(_DELIVERIES).all()
            laned = connection.execute(_LANES).all()
            tried = connection.execute(_DELIVERED).all()
        return cls(
            events=frozenset(named.values()),
            pending=frozenset((names[row.destination_no], named[row.event]) for row in lined),
            settled=Counter((names[row.destination_no], named[row.event]) for row in tried),
            counted={(row.destination_no, row.lane): row.pending for row in laned},
            there=dict(Counter((row.destination_no, row.lane) for row in lined)),
            leased=sum(row.lease is not None for row in laned),
        )


def is_pending(url: str, key: Key) -> bool:
    """Tell whether a delivery is not settled yet; others may be at work meanwhile."""
    name, event_id = key
    with _connected(url) as connection:
        found = connection.execute(
            sa.select(deliveries.c.event)
            .join(events, events.c.id == deliveries.c.event)
            .join(destinations, destinations.c.no == deliveries.c.destination_no)
            .where(destinations.c.name == name, events.c.event_id == event_id)
        ).first()
    return found is not None


def await_rest(url: str) -> None:
    """Wait until a server has noticed that those who were killed are gone.

    What they had asked for last may still be carried out.
    """
    deadline = time.monotonic() + PATIENCE
    with _connected(url) as connection:
        if connection.dialect.name == "sqlite":
            return
        while others := connection.exec_driver_sql(_OTHERS).scalar_one():
            assert time.monotonic() < deadline, f"{others} are still connected"
            time.sleep(0.01)


def let_leases_pass(url: str) -> None:
    """Make it later, for whoever waits for what the dead had claimed."""
    with _connected(url) as connection, connection.begin():
        connection.execute(
            sa.update(lanes)
            .where(lanes.c.lease.is_not(None))
            .values(due_at=lanes.c.due_at - LONG_AGO)
        )


@contextmanager
def _connected(url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")
    finally:
        engine.dispose()


_EVENTS = sa.select(events.c.id, events.c.event_id)
_DESTINATIONS = sa.select(destinations.c.no, destinations.c.name)
_DELIVERIES = sa.select(deliveries.c.destination_no, deliveries.c.lane, deliveries.c.event)
_LANES = sa.select(lanes.c.destination_no, lanes.c.lane, lanes.c.pending, lanes.c.lease)
_DELIVERED = sa.select(attempts.c.destination_no, attempts.c.event).where(
    attempts.c.outcome == "delivered"
)
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
