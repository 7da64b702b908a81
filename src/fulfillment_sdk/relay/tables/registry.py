"""Destinations as rows: declared by a host, or put in and taken out at run time.

All functions take a connection, so that they join the caller's transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.errors import ConfigurationError, StoreError
from fulfillment_sdk.relay.schema import dead_letters, deliveries, destinations, lanes
from fulfillment_sdk.relay.tables.destination_rows import (
    read,
    read_only,
    values_of,
)
from fulfillment_sdk.relay.tables.rows import Query
from fulfillment_sdk.relay.tables.upsert import insert_for
from fulfillment_sdk.relay.tables.words import one_word
from fulfillment_sdk.relay.values import BY_DECLARATION, Destination
from fulfillment_sdk.store.sealing import Sealer

UNREADABLE = "its stored settings can't be opened: look for the storage key"

NO_FAILURES: Mapping[str, object] = {"failing_since": None, "failed_attempts": 0}

_CHANGED: Mapping[str, Any] = {"version": destinations.c.version + 1}


_FIRST = frozenset({"name", "created_at"})  # what a change leaves as it was

log = logging.getLogger("fulfillment_sdk.relay")


@attrs.frozen
class Registered:
    """A destination with the number that the other tables know it by.

    `version` is counted up by each change; what counts failures is none. `settings` are the
    destination's as sinks see them: what one of them did to them would be in its next delivery.
    """

    no: int
    destination: Destination
    version: int = 0
    settings: Mapping[str, object] = attrs.field(init=False, eq=False, repr=False)

    @settings.default
    def _of_destination(self) -> Mapping[str, object]:
        return read_only(self.destination.settings)


def put(
    connection: sa.Connection, sealer: Sealer, destination: Destination, *, now: float
) -> Registered:
    """Insert the destination, or change the one of that name; what is pending for it stays.

    One that was disabled and is enabled again begins without failures.
    """
    return _upsert(connection, sealer, destination, now, {})


def declare(
    connection: sa.Connection, sealer: Sealer, destination: Destination, *, now: float
) -> Registered:
    """Put in what a host declares at start; one that somebody else disabled stays disabled.

    One that its host itself had declared off goes on once it is declared on.
    """
    ours = sa.or_(destinations.c.enabled, destinations.c.disabled_why == BY_DECLARATION)
    kept = {
        "enabled": sa.and_(ours, sa.literal(destination.enabled)),
        "disabled_why": sa.case(
            (ours, destination.disabled_why), else_=destinations.c.disabled_why
        ),
    }
    return _upsert(connection, sealer, destination, now, kept)


def declare_new(
    connection: sa.Connection, sealer: Sealer, destination: Destination, *, now: float
) -> None:
    """Put in a destination that is not there yet; one of that name stays as somebody declared it.

    For who delivers what another host accepts, and does not know what that one asked for.
    """
    insert = insert_for(connection, destinations).on_conflict_do_nothing()
    connection.execute(insert.values(values_of(sealer, destination, now)))


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


def get(
    connection: sa.Connection, sealer: Sealer, name: str, *, for_update: bool = False
) -> Registered | None:
    """Return the destination of that name; on a server held, if asked, until the commit.

    Whoever accepts events for it meanwhile doesn't wait.
    """
    query = sa.select(destinations).where(destinations.c.name == name)
    if for_update:
        query = query.with_for_update(key_share=True)
    row = connection.execute(query).one_or_none()
    return None if row is None else _registered(sealer, row)


def of_owner(
    connection: sa.Connection, sealer: Sealer, owner: str | None = None
) -> list[Registered]:
    """Return the destinations of one owner, or all, oldest first."""
    query = sa.select(destinations).order_by(destinations.c.no)
    if owner is not None:
        query = query.where(destinations.c.owner == owner)
    return [_registered(sealer, row) for row in connection.execute(query)]


def by_number(
    connection: sa.Connection,
    sealer: Sealer,
    numbers: Sequence[int],
    known: Mapping[int, Registered] = MappingProxyType({}),
) -> dict[int, Registered]:
    """Return the destinations with these numbers; one that can't be read is named and left out.

    Args:
        connection: of the caller's transaction.
        sealer: opens their settings.
        numbers: of the destinations.
        known: what an earlier call returned: what has not changed since is not read again.
    """
    found: dict[int, Registered] = {}
    changed: list[int] = []
    for no, version in _VERSIONS.run(connection, [(no,) for no in numbers]):
        before = known.get(no)
        if before is not None and before.version == version:
            found[no] = before
        else:
            changed.append(no)
    if not changed:
        return found
    for row in connection.execute(sa.select(destinations).where(destinations.c.no.in_(changed))):
        try:
            found[row.no] = _registered(sealer, row)
        except (StoreError, ValueError, TypeError) as error:
            why = UNREADABLE if isinstance(error, StoreError) else type(error).__name__
            log.error("destination %s can't be read, its events wait: %s", one_word(row.name), why)
    return found


_VERSIONS = Query(
    {"no": "int8"},
    """
    SELECT d.no, d.version FROM given CROSS JOIN relay_destinations AS d WHERE d.no = given.no
    """,
)


def disable(connection: sa.Connection, no: int, why: str, *, version: int | None = None) -> bool:
    """Send this destination nothing any more, and keep what is pending for it.

    Args:
        connection: of the caller's transaction.
        no: the destination's number.
        why: the cause.
        version: of the destination that this is about, if somebody may have changed it since:
            then it stays as it is.

    Returns:
        whether that was done.
    """
    change = sa.update(destinations).where(destinations.c.no == no)
    if version is not None:
        change = change.where(destinations.c.version == version)
    done = connection.execute(change.values(enabled=False, disabled_why=why, **_CHANGED))
    return done.rowcount > 0


def disable_owner(connection: sa.Connection, owner: str, why: str) -> None:
    """Send nothing to an owner's destinations, and keep what is pending for them."""
    connection.execute(
        sa.update(destinations)
        .where(destinations.c.owner == owner, destinations.c.enabled)
        .values(enabled=False, disabled_why=why, **_CHANGED)
    )


def enable_owner(connection: sa.Connection, owner: str, why: str) -> None:
    """Go on with those of an owner's destinations that were disabled for this cause."""
    connection.execute(
        sa.update(destinations)
        .where(destinations.c.owner == owner, destinations.c.disabled_why == why)
        .values(enabled=True, disabled_why="", **_CHANGED, **NO_FAILURES)
    )


def _upsert(
    connection: sa.Connection,
    sealer: Sealer,
    destination: Destination,
    now: float,
    kept: Mapping[str, Any],
) -> Registered:
    # One statement: workers that start together declare the same destinations.
    values = values_of(sealer, destination, now)
    changes = {name: value for name, value in values.items() if name not in _FIRST} | dict(kept)
    begins_anew = sa.and_(sa.not_(destinations.c.enabled), changes["enabled"])
    for name, value in NO_FAILURES.items():
        changes[name] = sa.case((begins_anew, value), else_=destinations.c[name])
    row = connection.execute(
        insert_for(connection, destinations)
        .values(values)
        .on_conflict_do_update(
            index_elements=["name"],
            set_={**changes, **_CHANGED},
            where=destinations.c.owner == destination.owner,
        )
        .returning(
            destinations.c.no,
            destinations.c.version,
            destinations.c.created_at,
            destinations.c.enabled,
            destinations.c.disabled_why,
        )
    ).one_or_none()
    if row is None:
        # What is pending for it is the old owner's, and is looked for under that name.
        raise ConfigurationError(
            f"Destination {destination.name!r} belongs to another owner",
            remedy="Remove it, or call the new one something else.",
        )
    as_kept = attrs.evolve(
        destination,
        created_at=row.created_at,
        enabled=row.enabled,
        disabled_why=row.disabled_why,
    )
    return Registered(row.no, as_kept, row.version)


def _registered(sealer: Sealer, row: sa.Row[*tuple[Any, ...]]) -> Registered:
    return Registered(row.no, read(sealer, row), row.version)
