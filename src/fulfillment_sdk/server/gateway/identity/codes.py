"""One-time codes: when one is right, and the rows they are kept in (contract, section 1)."""

from __future__ import annotations

import hmac
import math
from typing import Literal

import sqlalchemy as sa
from attrs import frozen

from fulfillment_sdk.relay.tables.upsert import insert_for
from fulfillment_sdk.server.gateway.schema import codes

LIFETIME = 600.0
"""Seconds in which a code works: at 9:59 it does, at 10:00 it no longer does."""

MOST_TRIES = 5
"""Wrong tries after which every further one is refused until a new code is asked for."""

KEPT = 86_400.0
"""Seconds for which an expired code is remembered, so that it is called expired and not unknown."""

Verdict = Literal["none", "exhausted", "expired", "wrong", "right"]


@frozen
class PendingCode:
    """A code that was asked for: its keyed hash, when (epoch seconds), and the wrong tries."""

    code: bytes
    issued_at: float
    tries: int

    @property
    def expires_at(self) -> float:
        """The first moment at which the code no longer works, in epoch seconds."""
        return self.issued_at + LIFETIME


def judge(pending: PendingCode | None, offered: bytes, now: float) -> Verdict:
    """Say what an offered code is worth; the hashes are compared in constant time.

    ``offered`` is the keyed hash of what the caller typed, ``now`` in epoch seconds. Too many
    tries outweigh expiry, and both outweigh a right code. Contract, section 1.
    """
    if pending is None:
        return "none"
    if pending.tries >= MOST_TRIES:
        return "exhausted"
    if now >= pending.expires_at:
        return "expired"
    return "right" if hmac.compare_digest(pending.code, offered) else "wrong"


def retry_after(pending: PendingCode, now: float) -> int:
    """Return the seconds after which it is no use any more to wait with an exhausted code."""
    return max(1, math.ceil(pending.expires_at - now))


def issue(connection: sa.Connection, pair: str, code: bytes, now: float) -> None:
    """Keep the hash of a new code for a pair; an older one is void from here on."""
    values = {"code": code, "issued_at": now, "tries": 0}
    connection.execute(
        insert_for(connection, codes)
        .values(pair=pair, **values)
        .on_conflict_do_update(index_elements=["pair"], set_=values)
    )


def find(connection: sa.Connection, pair: str) -> PendingCode | None:
    """Return the code that is pending for a pair, locked where the database can."""
    row = connection.execute(
        sa.select(codes.c.code, codes.c.issued_at, codes.c.tries)
        .where(codes.c.pair == pair)
        .with_for_update()
    ).one_or_none()
    return None if row is None else PendingCode(bytes(row.code), row.issued_at, row.tries)


def count_try(connection: sa.Connection, pair: str) -> None:
    """Count a wrong try against the pair's code."""
    connection.execute(codes.update().where(codes.c.pair == pair).values(tries=codes.c.tries + 1))


def use_up(connection: sa.Connection, pair: str) -> None:
    """Remove a pair's code: it is no longer pending."""
    connection.execute(codes.delete().where(codes.c.pair == pair))


def withdraw(connection: sa.Connection, pair: str, code: bytes) -> None:
    """Remove a code whose mail was never sent, unless a newer one has taken its place."""
    connection.execute(codes.delete().where(codes.c.pair == pair, codes.c.code == code))
