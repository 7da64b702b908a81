"""Named staff tokens: who may come in, and in which role."""

from __future__ import annotations

from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.server.portal.desk import Desk, next_number, token_hash
from fulfillment_sdk.server.portal.schema import STAFF

ADMIN = "admin"
ROLES = (ADMIN, "ops", "engine", "worker", "qc", "finance", "system")
"""What a staff token can be: an admin, or one of the actors that staff or their programs are."""


@attrs.frozen(kw_only=True)
class Member:
    """Who is calling: ``id`` is written into the history, ``role`` says what is allowed."""

    id: str
    role: str

    def __attrs_post_init__(self) -> None:
        if self.role not in ROLES:
            raise ValueError("a staff member's role must be one of staff.ROLES")


FIRST_ADMIN = Member(id=ADMIN, role=ADMIN)
"""The holder of ``FULFILLMENT_STAFF_TOKEN`` (contract, section 7)."""


@attrs.frozen(kw_only=True)
class Entry:
    """A named token as it is listed: the token itself is shown once and kept as a hash."""

    id: str
    number: int
    name: str = attrs.field(repr=False)
    role: str
    created_at: float
    revoked_at: float | None = None


def add(desk: Desk, connection: sa.Connection, *, name: str, role: str) -> tuple[Entry, str]:
    """Enter a staff member and return the entry with the token, which is not kept."""
    token = desk.tokens()
    entry = Entry(
        id=desk.ids("stf"),
        number=next_number(connection, "staff"),
        name=name,
        role=role,
        created_at=desk.clock(),
    )
    values = attrs.asdict(entry)
    values["name"] = desk.seal(name, _context(entry.id))
    connection.execute(sa.insert(STAFF).values(**values, token_hash=token_hash(token)))
    return entry, token


def by_token(connection: sa.Connection, token: str) -> Member | None:
    """Return who holds a token, ``None`` where nobody does (any more)."""
    statement = sa.select(STAFF.c.id, STAFF.c.role).where(
        STAFF.c.token_hash == token_hash(token), STAFF.c.revoked_at.is_(None)
    )
    row = connection.execute(statement).one_or_none()
    return Member(id=row.id, role=row.role) if row is not None else None


def page(desk: Desk, connection: sa.Connection, *, after: int | None, limit: int) -> list[Entry]:
    """Return at most ``limit`` entries in the order they were made, after the number ``after``."""
    statement = sa.select(*_COLUMNS).order_by(STAFF.c.number).limit(limit)
    if after is not None:
        statement = statement.where(STAFF.c.number > after)
    return [_entry(desk, row) for row in connection.execute(statement)]


def revoke(desk: Desk, connection: sa.Connection, staff_id: str) -> Entry | None:
    """Stop a token at once; ``None`` where there is none of this id."""
    statement = sa.select(*_COLUMNS).where(STAFF.c.id == staff_id).with_for_update()
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    entry = _entry(desk, row)
    if entry.revoked_at is not None:
        return entry
    now = desk.clock()
    connection.execute(sa.update(STAFF).where(STAFF.c.id == staff_id).values(revoked_at=now))
    return attrs.evolve(entry, revoked_at=now)


_COLUMNS = [STAFF.c[field.name] for field in attrs.fields(Entry)]


def _entry(desk: Desk, row: sa.Row[Any]) -> Entry:
    values: dict[str, Any] = dict(row._mapping)
    values["name"] = desk.unseal(values["name"], _context(values["id"]))
    return Entry(**values)


def _context(staff_id: str) -> str:
    return f"portal_staff.name:{staff_id}"
