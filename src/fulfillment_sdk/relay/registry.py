"""Destinations as rows: declared by a host, or put in and taken out at run time.

All functions take a connection, so that they join the caller's transaction.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.relay.policy import RetryPolicy, given_up
from fulfillment_sdk.relay.schema import dead_letters, deliveries, destinations, lanes
from fulfillment_sdk.relay.values import Destination, Event
from fulfillment_sdk.store.sealing import Sealer

_NO_FAILURES: Mapping[str, object] = {"failing_since": None, "failed_attempts": 0}


log = logging.getLogger("fulfillment_sdk.relay")


@attrs.frozen
class Registered:
    """A destination with the number that the other tables know it by."""

    no: int
    destination: Destination
    failing_since: float | None = None
    failed_attempts: int = 0


def put(
    connection: sa.Connection, sealer: Sealer, destination: Destination, *, now: float
) -> Registered:
    """Insert the destination, or change the one of that name; what is pending for it stays.

    One that was disabled and is enabled again begins without failures.
    """
    columns = {
        "sink": destination.sink,
        "owner": destination.owner,
        "ordering": destination.ordering,
        "types": list(destination.types),
        "policy": attrs.asdict(destination.policy),
        "settings": sealer.seal(
            json.dumps(dict(destination.settings)).encode(), _context(destination.name)
        ),
        "concurrency": destination.concurrency,
        "timeout": destination.timeout,
        "enabled": destination.enabled,
        "disabled_why": destination.disabled_why,
    }
    existing = connection.execute(
        sa.select(destinations.c.no, destinations.c.created_at, destinations.c.enabled).where(
            destinations.c.name == destination.name
        )
    ).one_or_none()
    if existing is None:
        created_at = now if destination.created_at is None else destination.created_at
        no = connection.execute(
            sa.insert(destinations)
            .values(name=destination.name, created_at=created_at, **columns)
            .returning(destinations.c.no)
        ).scalar_one()
    else:
        no, created_at, was_enabled = existing
        if destination.enabled and not was_enabled:
            columns |= _NO_FAILURES
        connection.execute(sa.update(destinations).where(destinations.c.no == no).values(**columns))
    return Registered(no, attrs.evolve(destination, created_at=created_at))


def declare(
    connection: sa.Connection, sealer: Sealer, destination: Destination, *, now: float
) -> Registered:
    """Put in what a host declares at start; one that was disabled meanwhile stays disabled."""
    existing = get(connection, sealer, destination.name)
    if existing is not None and not existing.destination.enabled:
        destination = attrs.evolve(
            destination, enabled=False, disabled_why=existing.destination.disabled_why
        )
    return put(connection, sealer, destination, now=now)


def remove(connection: sa.Connection, name: str) -> bool:
    """Take a destination out, with what is pending for it; tell whether there was one."""
    no = connection.execute(
        sa.delete(destinations).where(destinations.c.name == name).returning(destinations.c.no)
    ).scalar_one_or_none()
    if no is None:
        return False
    for table in (lanes, deliveries, dead_letters):
        connection.execute(sa.delete(table).where(table.c.destination_no == no))
    return True


def get(connection: sa.Connection, sealer: Sealer, name: str) -> Registered | None:
    """Return the destination of that name."""
    row = connection.execute(
        sa.select(destinations).where(destinations.c.name == name)
    ).one_or_none()
    return None if row is None else _read(sealer, row)


def of_owner(
    connection: sa.Connection, sealer: Sealer, owner: str | None = None
) -> list[Registered]:
    """Return the destinations of one owner, or all, oldest first."""
    query = sa.select(destinations).order_by(destinations.c.no)
    if owner is not None:
        query = query.where(destinations.c.owner == owner)
    return [_read(sealer, row) for row in connection.execute(query)]


def by_number(
    connection: sa.Connection, sealer: Sealer, numbers: Sequence[int]
) -> dict[int, Registered]:
    """Return the destinations with these numbers; one that can't be read is named and left out."""
    found: dict[int, Registered] = {}
    query = sa.select(destinations).where(destinations.c.no.in_(numbers))
    for row in connection.execute(query):
        try:
            found[row.no] = _read(sealer, row)
        except (StoreError, ValueError, TypeError) as error:
            why = error.message if isinstance(error, StoreError) else type(error).__name__
            log.error("destination %s can't be read, its events wait: %s", row.name, why)
    return found


def disable(connection: sa.Connection, no: int, why: str) -> None:
    """Send this destination nothing any more, and keep what is pending for it."""
    connection.execute(
        sa.update(destinations)
        .where(destinations.c.no == no)
        .values(enabled=False, disabled_why=why)
    )


def tally(
    connection: sa.Connection, registered: Registered, *, delivered: bool, failed: int, now: float
) -> str | None:
    """Note a lane's successes and the failures after them.

    Where these are enough for the destination's policy it is disabled, and the cause returned.
    """
    if delivered and registered.failing_since is not None:
        connection.execute(
            sa.update(destinations).where(destinations.c.no == registered.no).values(**_NO_FAILURES)
        )
    if not failed:
        return None
    row = connection.execute(
        sa.update(destinations)
        .where(destinations.c.no == registered.no, destinations.c.enabled)
        .values(
            failing_since=sa.func.coalesce(destinations.c.failing_since, now),
            failed_attempts=destinations.c.failed_attempts + failed,
        )
        .returning(destinations.c.failing_since, destinations.c.failed_attempts)
    ).one_or_none()
    policy = registered.destination.policy
    if row is None or not given_up(
        policy, failing_since=row.failing_since, attempts=row.failed_attempts, now=now
    ):
        return None
    days = (now - row.failing_since) / 86_400
    why = f"no success in {days:.1f} days and {row.failed_attempts} attempts"
    disable(connection, registered.no, why)
    return why


def disable_owner(connection: sa.Connection, owner: str, why: str) -> None:
    """Send nothing to an owner's destinations, and keep what is pending for them."""
    connection.execute(
        sa.update(destinations)
        .where(destinations.c.owner == owner, destinations.c.enabled)
        .values(enabled=False, disabled_why=why)
    )


def enable_owner(connection: sa.Connection, owner: str, why: str) -> None:
    """Go on with those of an owner's destinations that were disabled for this cause."""
    connection.execute(
        sa.update(destinations)
        .where(destinations.c.owner == owner, destinations.c.disabled_why == why)
        .values(enabled=True, disabled_why="", **_NO_FAILURES)
    )


@attrs.frozen
class Route:
    """Where an event goes, as far as accepting it needs to know."""

    no: int
    ordering: str
    first_delay: float


def routes(connection: sa.Connection, event: Event) -> list[Route]:
    """Return the routes of the destinations that want `event`, in order of their numbers."""
    columns = destinations.c
    rows = connection.execute(
        sa.select(columns.no, columns.ordering, columns.types, columns.policy)
        .where(columns.owner.in_({"", event.owner}))
        .order_by(columns.no)
    )
    return [
        Route(no, ordering, float(policy["schedule"][0]))
        for no, ordering, types, policy in rows
        if not types or event.type in types
    ]


def _context(name: str) -> str:
    return f"relay_destinations.settings:{name}"


def _read(sealer: Sealer, row: sa.Row[Any]) -> Registered:
    destination = Destination(
        row.name,
        row.sink,
        ordering=row.ordering,
        settings=json.loads(sealer.open(row.settings, _context(row.name))),
        types=row.types,
        owner=row.owner,
        policy=RetryPolicy(**row.policy),
        concurrency=row.concurrency,
        timeout=row.timeout,
        enabled=row.enabled,
        disabled_why=row.disabled_why,
        created_at=row.created_at,
    )
    return Registered(row.no, destination, row.failing_since, row.failed_attempts)
