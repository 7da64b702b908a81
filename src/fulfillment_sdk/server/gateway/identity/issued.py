"""Which tokens were issued and which are revoked, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import sqlalchemy as sa
from attrs import frozen

from fulfillment_sdk.relay.tables.upsert import insert_for
from fulfillment_sdk.server.gateway.identity.tokens import Claims
from fulfillment_sdk.server.gateway.schema import tokens
from fulfillment_sdk.store.prepared import Prepared

State = Literal["active", "revoked", "expired"]
STATES: tuple[State, ...] = ("active", "revoked", "expired")


@frozen
class Issued:
    """One token that was issued, without the token; times are epoch seconds."""

    jti: str
    organization_id: str
    email_id: str | None
    issued_at: float
    expires_at: float
    revoked_at: float | None

    def state(self, now: float) -> State:
        """Say what became of it; one that was revoked stays so when it expires."""
        if self.revoked_at is not None:
            return "revoked"
        return "active" if now < self.expires_at else "expired"


_COLUMNS = (
    tokens.c.jti,
    tokens.c.organization_id,
    tokens.c.email_id,
    tokens.c.issued_at,
    tokens.c.expires_at,
    tokens.c.revoked_at,
)


def record(connection: sa.Connection, claims: Claims, *, email_id: str | None) -> None:
    """Note a token that is being issued, and for which of the organisation's addresses."""
    connection.execute(tokens.insert().values(_row(claims, email_id=email_id)))


def is_revoked(connection: sa.Connection, jti: str) -> bool:
    """Say whether a token has been revoked."""
    return any(revoked_at is not None for (revoked_at,) in _REVOKED.run(connection, jti=jti))


_REVOKED = Prepared(
    lambda _: sa.select(tokens.c.revoked_at).where(tokens.c.jti == sa.bindparam("jti"))
)


def email_id(connection: sa.Connection, jti: str) -> str | None:
    """Return the id of the address that a token was issued to, where it is known."""
    query = sa.select(tokens.c.email_id).where(tokens.c.jti == jti)
    return connection.execute(query).scalar_one_or_none()


def revoke(connection: sa.Connection, claims: Claims, *, now: float) -> None:
    """Revoke one token; one that is in no row yet (restored from a backup) gets one."""
    row = _row(claims, email_id=None)
    connection.execute(
        insert_for(connection, tokens)
        .values({**row, "revoked_at": now})
        .on_conflict_do_update(
            index_elements=["jti"],
            set_={"revoked_at": now},
            where=tokens.c.revoked_at.is_(None),
        )
    )


def revoke_email(connection: sa.Connection, email: str, *, now: float) -> None:
    """Revoke every token that was issued to the address with the id ``email``."""
    connection.execute(
        tokens.update()
        .where(tokens.c.email_id == email, tokens.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def get(connection: sa.Connection, jti: str) -> Issued | None:
    """Return the token with this ``jti``."""
    row = connection.execute(sa.select(*_COLUMNS).where(tokens.c.jti == jti)).one_or_none()
    return None if row is None else Issued(*row)


def page(
    connection: sa.Connection,
    *,
    organization_id: str | None,
    state: State | None,
    now: float,
    after: str | None,
    limit: int,
) -> Sequence[Issued]:
    """Return up to ``limit`` tokens in the order of their ids, those after ``after``."""
    query = sa.select(*_COLUMNS).order_by(tokens.c.jti).limit(limit)
    if organization_id is not None:
        query = query.where(tokens.c.organization_id == organization_id)
    if state is not None:
        query = query.where(_in_state(state, now))
    if after is not None:
        query = query.where(tokens.c.jti > after)
    return [Issued(*row) for row in connection.execute(query)]


def revoke_one(connection: sa.Connection, jti: str, *, now: float) -> None:
    """Revoke the token with this ``jti``; one that is revoked already stays as it is."""
    connection.execute(
        tokens.update()
        .where(tokens.c.jti == jti, tokens.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def revoke_all(connection: sa.Connection, organization_id: str, *, now: float) -> int:
    """Revoke an organisation's active tokens; returns how many there were."""
    return connection.execute(
        tokens.update()
        .where(tokens.c.organization_id == organization_id, _in_state("active", now))
        .values(revoked_at=now)
    ).rowcount


def _in_state(state: State, now: float) -> sa.ColumnElement[bool]:
    revoked, expired = tokens.c.revoked_at.is_not(None), tokens.c.expires_at <= now
    match state:
        case "revoked":
            return revoked
        case "expired":
            return ~revoked & expired
        case "active":
            return ~revoked & ~expired


def _row(claims: Claims, *, email_id: str | None) -> dict[str, object]:
    return {
        "jti": claims.jti,
        "organization_id": claims.organization_id,
        "email_id": email_id,
        "issued_at": float(claims.issued_at),
        "expires_at": float(claims.expires_at),
        "revoked_at": None,
    }
