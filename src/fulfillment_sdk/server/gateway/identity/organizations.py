"""Organisations and the e-mail addresses that may act for them, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import sqlalchemy as sa
from attrs import field, frozen

from fulfillment_sdk.server.gateway.schema import emails, organizations
from fulfillment_sdk.store import Sealer
from fulfillment_sdk.store.prepared import Prepared

State = Literal["pending", "active", "deactivated"]

DETAILS: dict[str, str] = {
    "pending": "Organization is awaiting approval",
    "deactivated": "Organization access has been revoked",
}
"""What the 403 of an organisation that is not active adds (contract, sections 1 and 2)."""


@frozen
class Organization:
    """One organisation; times are epoch seconds."""

    id: str
    name: str
    name_key: str
    state: str
    created_at: float
    changed_at: float


@frozen
class Email:
    """An address that may act for an organisation: its ``owner`` or a ``member`` it added."""

    id: str
    organization_id: str
    role: str
    email: str = field(repr=False)
    added_at: float


_COLUMNS = (
    organizations.c.id,
    organizations.c.name,
    organizations.c.name_key,
    organizations.c.state,
    organizations.c.created_at,
    organizations.c.changed_at,
)


def find(connection: sa.Connection, key: str) -> Organization | None:
    """Return the organisation whose normalised name is ``key``."""
    return _one(connection, sa.select(*_COLUMNS).where(organizations.c.name_key == key))


def get(connection: sa.Connection, organization_id: str) -> Organization | None:
    """Return the organisation with this id."""
    rows = _GET.run(connection, organization_id=organization_id)
    return Organization(*rows[0]) if rows else None


_GET = Prepared(
    lambda _: sa.select(*_COLUMNS).where(organizations.c.id == sa.bindparam("organization_id"))
)


def lock(connection: sa.Connection, organization_id: str) -> Organization | None:
    """Return the organisation as ``get`` does, and keep others from changing it meanwhile."""
    query = sa.select(*_COLUMNS).where(organizations.c.id == organization_id)
    return _one(connection, query.with_for_update())


def page(
    connection: sa.Connection, *, state: str | None, after: str | None, limit: int
) -> Sequence[Organization]:
    """Return up to ``limit`` organisations in the order of their ids, those after ``after``."""
    query = sa.select(*_COLUMNS).order_by(organizations.c.id).limit(limit)
    if state is not None:
        query = query.where(organizations.c.state == state)
    if after is not None:
        query = query.where(organizations.c.id > after)
    return [Organization(*row) for row in connection.execute(query)]


def create(connection: sa.Connection, organization: Organization) -> bool:
    """Insert an organisation; ``False`` where somebody else has taken the name meanwhile."""
    savepoint = connection.begin_nested()
    try:
        connection.execute(
            organizations.insert().values(
                id=organization.id,
                name=organization.name,
                name_key=organization.name_key,
                state=organization.state,
                created_at=organization.created_at,
                changed_at=organization.changed_at,
            )
        )
    except sa.exc.IntegrityError:
        savepoint.rollback()
        return False
    savepoint.commit()
    return True


def set_state(connection: sa.Connection, organization_id: str, state: State, *, now: float) -> None:
    """Move an organisation to another state; its tokens follow at once."""
    connection.execute(
        organizations.update()
        .where(organizations.c.id == organization_id, organizations.c.state != state)
        .values(state=state, changed_at=now)
    )


def emails_of(connection: sa.Connection, organization_id: str, sealer: Sealer) -> list[Email]:
    """Return an organisation's addresses: the owner's, then the members', oldest first."""
    return _opened(connection, emails.c.organization_id == organization_id, sealer)


def find_email(
    connection: sa.Connection,
    organization_id: str,
    email: str,
    *,
    digests: Sequence[str],
    sealer: Sealer,
    keep: bool = False,
) -> Email | None:
    """Return the organisation's address that is ``email``, in a time that tells nothing.

    ``digests`` are its keyed hashes, under each key with which it may have been added. What was
    added before there were digests is opened and compared. With ``keep`` nobody removes it before
    the transaction ends.
    """
    likely = emails.c.digest.in_(digests) | emails.c.digest.is_(None)
    mine = (emails.c.organization_id == organization_id) & likely
    found = _opened(connection, mine, sealer, keep=keep)
    return next((one for one in found if one.email == email), None)


def add_email(connection: sa.Connection, email: Email, sealer: Sealer, *, digest: str) -> None:
    """Insert an address, sealed, to be found by ``digest``.

    The caller has looked that it is not there yet.
    """
    connection.execute(
        emails.insert().values(
            id=email.id,
            organization_id=email.organization_id,
            role=email.role,
            email=sealer.seal(email.email.encode(), sealed_for(email.id)),
            added_at=email.added_at,
            digest=digest,
        )
    )


def oldest_sealed(connection: sa.Connection, *, limit: int) -> list[tuple[str, bytes]]:
    """Return ids and sealed texts of the oldest addresses of all organisations."""
    query = sa.select(emails.c.id, emails.c.email).order_by(emails.c.added_at, emails.c.id)
    return [(row.id, bytes(row.email)) for row in connection.execute(query.limit(limit))]


def sealed_for(email_id: str) -> str:
    """Return the context that an address is sealed for."""
    return f"gateway_emails.email:{email_id}"


def remove_email(connection: sa.Connection, email_id: str) -> None:
    """Delete an address."""
    connection.execute(emails.delete().where(emails.c.id == email_id))


def _opened(
    connection: sa.Connection,
    condition: sa.ColumnElement[bool],
    sealer: Sealer,
    *,
    keep: bool = False,
) -> list[Email]:
    query = (
        sa.select(
            emails.c.id,
            emails.c.organization_id,
            emails.c.role,
            emails.c.email,
            emails.c.added_at,
        )
        .where(condition)
        .order_by(emails.c.role.desc(), emails.c.added_at, emails.c.id)
    )
    if keep:
        query = query.with_for_update(read=True, key_share=True)
    rows = connection.execute(query)
    return [
        Email(
            row.id,
            row.organization_id,
            row.role,
            sealer.open(bytes(row.email), sealed_for(row.id)).decode(),
            row.added_at,
        )
        for row in rows
    ]


def _one(
    connection: sa.Connection, query: sa.Select[str, str, str, str, float, float]
) -> Organization | None:
    row = connection.execute(query).one_or_none()
    return None if row is None else Organization(*row)
