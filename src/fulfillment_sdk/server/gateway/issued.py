"""Which tokens were issued and which are revoked, as rows."""

from __future__ import annotations

import sqlalchemy as sa

from fulfillment_sdk.server.gateway.schema import tokens
from fulfillment_sdk.server.gateway.tokens import Claims


def record(connection: sa.Connection, claims: Claims, *, email_id: str | None) -> None:
    """Note a token that is being issued, and for which of the organisation's addresses."""
    connection.execute(
        tokens.insert().values(
            jti=claims.jti,
            organization_id=claims.organization_id,
            email_id=email_id,
            issued_at=float(claims.issued_at),
            expires_at=float(claims.expires_at),
            revoked_at=None,
        )
    )


def is_revoked(connection: sa.Connection, jti: str) -> bool:
    """Say whether a token has been revoked."""
    query = sa.select(tokens.c.revoked_at).where(tokens.c.jti == jti)
    return connection.execute(query).scalar_one_or_none() is not None


def email_id(connection: sa.Connection, jti: str) -> str | None:
    """Return the id of the address that a token was issued to, where it is known."""
    query = sa.select(tokens.c.email_id).where(tokens.c.jti == jti)
    return connection.execute(query).scalar_one_or_none()


def revoke(connection: sa.Connection, claims: Claims, *, now: float) -> None:
    """Revoke one token; one that is in no row yet (restored from a backup) gets one."""
    changed = connection.execute(
        tokens.update()
        .where(tokens.c.jti == claims.jti, tokens.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    if not changed.rowcount and not is_revoked(connection, claims.jti):
        record(connection, claims, email_id=None)
        revoke(connection, claims, now=now)


def revoke_email(connection: sa.Connection, email: str, *, now: float) -> None:
    """Revoke every token that was issued to the address with the id ``email``."""
    connection.execute(
        tokens.update()
        .where(tokens.c.email_id == email, tokens.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
