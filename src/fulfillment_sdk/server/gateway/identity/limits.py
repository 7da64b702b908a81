"""How often somebody may ask for a code: mails counted in the store (contract, section 1)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import sqlalchemy as sa

from fulfillment_sdk.server.gateway.schema import mails

HOUR = 3600.0
"""The period of the limits on codes, in seconds."""


def seconds_to_wait(times: Sequence[float], most: int, now: float) -> int | None:
    """Say whether one more is within the limit: ``None``, or the whole seconds to wait.

    ``times`` are the epoch seconds of what was counted in the last hour, in any order.
    """
    if len(times) < most:
        return None
    if most < 1:
        return math.ceil(HOUR)
    # So many have to leave the hour until there is room for one more.
    leaves_last = sorted(times)[len(times) - most]
    return max(1, math.ceil(leaves_last + HOUR - now))


def count_mail(
    connection: sa.Connection,
    *,
    mail_id: str,
    email: str,
    address: str,
    limits: tuple[int, int],
    now: float,
) -> int | None:
    """Count one mail against an e-mail and a caller's address, both given as digests.

    ``limits`` are the most per e-mail and per address in an hour (contract, section 1). Returns
    ``None`` where it was counted, else the whole seconds to wait, and nothing was counted.
    """
    waits = [
        wait
        for column, value, most in (
            (mails.c.email, email, limits[0]),
            (mails.c.address, address, limits[1]),
        )
        if (wait := seconds_to_wait(_recent(connection, column, value, now), most, now)) is not None
    ]
    if waits:
        return max(waits)
    connection.execute(mails.insert().values(id=mail_id, email=email, address=address, sent_at=now))
    return None


def forget_mail(connection: sa.Connection, mail_id: str) -> None:
    """Take back a mail that could not be sent."""
    connection.execute(mails.delete().where(mails.c.id == mail_id))


def _recent(
    connection: sa.Connection, column: sa.Column[str], value: str, now: float
) -> Sequence[float]:
    query = sa.select(mails.c.sent_at).where(
        column == value,
        mails.c.sent_at > now - HOUR,
        # What a clock that was far ahead has noted must not count until it is right.
        mails.c.sent_at <= now + HOUR,
    )
    return connection.execute(query).scalars().all()
