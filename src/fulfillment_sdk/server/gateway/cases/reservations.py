"""Idempotency of case creation: who may call the portal, who waits, what is answered again.

Contract, section 2. A reservation is made and committed before the portal is called; only a 201
is recorded in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import sqlalchemy as sa
from attrs import field, frozen

from fulfillment_sdk.relay.tables.upsert import insert_for
from fulfillment_sdk.server.gateway.schema import cases, keys, reservations
from fulfillment_sdk.server.gateway.upstream import IntakeAnswer
from fulfillment_sdk.store import Sealer
from fulfillment_sdk.store.prepared import Prepared

LEASE = 15.0
"""Seconds after which a reservation that a crash left is taken over."""

KEPT = 400 * 86_400.0
"""Seconds for which a recorded 201 answers its keys."""

WAITS = (0.02, 0.03, 0.05, 0.1, 0.2, *([0.4] * 24))
"""Pauses of a second request in flight: ten seconds in all."""


@frozen
class Record:
    """A reservation as it stands; ``answer`` is the recorded 201, if there is one."""

    intake_id: str
    digest: str
    held_until: float
    answer: bytes | None = field(default=None, repr=False)


@frozen
class Claim:
    """What a request for a case is to do.

    - ``"go"``: call the portal under ``intake_id``, as ``holder``.
    - ``"replay"``: answer ``answer`` again.
    - ``"wait"``: another request is at it.
    - ``"conflict"``: 409.
    """

    kind: Literal["go", "replay", "wait", "conflict"]
    intake_id: str = ""
    holder: str = ""
    answer: bytes = field(default=b"", repr=False)


def key_digests(idempotency_key: str, src_uid: str) -> tuple[str, ...]:
    """Return what the two keys are looked up by; an empty key has none.

    Hashed: keys have any length, and a ``src_uid`` may say who took the call.
    """
    return tuple(
        hashlib.sha256(f"{kind}:{value}".encode()).hexdigest()
        for kind, value in (("key", idempotency_key), ("uid", src_uid))
        if value
    )


def decide(
    found: Sequence[Record], digest: str, now: float
) -> Literal["new", "take_over", "replay", "wait", "conflict"]:
    """Decide from the records that the keys lead to, each once (contract, section 2)."""
    if not found:
        return "new"
    if len(found) > 1 or found[0].digest != digest:
        return "conflict"
    if found[0].answer is not None:
        return "replay"
    # One that is held for longer than a lease comes from before the clock was set back.
    return "wait" if 0 < found[0].held_until - now <= LEASE else "take_over"


def claim(
    connection: sa.Connection,
    sealer: Sealer,
    *,
    organization_id: str,
    key_digests: Sequence[str],
    digest: str,
    intake_id: str,
    holder: str,
    now: float,
) -> Claim:
    """Look both keys up, and reserve under ``intake_id`` where neither is known.

    A key that is new leads to the record of the one that is known. Runs in a transaction; raises
    ``sqlalchemy.exc.IntegrityError`` where another process reserved the same key at this moment.
    """
    found, known = _look_up(connection, sealer, organization_id, key_digests)
    decision = decide(found, digest, now)
    if decision == "conflict":
        return Claim("conflict")
    if decision == "new":
        _RESERVE.run(
            connection,
            intake_id=intake_id,
            organization_id=organization_id,
            digest=digest,
            holder=holder,
            held_until=now + LEASE,
            created_at=now,
            answer=None,
        )
    else:
        intake_id = found[0].intake_id
    for key in key_digests:
        if key not in known:
            _LEAD.run(connection, organization_id=organization_id, key=key, intake_id=intake_id)
    if decision == "replay":
        return Claim("replay", intake_id, answer=found[0].answer or b"")
    if decision == "wait":
        return Claim("wait", intake_id)
    if decision == "take_over":
        _mine(connection, intake_id, holder=holder, until=now + LEASE)
    return Claim("go", intake_id, holder)


def record(
    connection: sa.Connection,
    sealer: Sealer,
    *,
    organization_id: str,
    intake_id: str,
    answer: IntakeAnswer,
    now: float,
) -> None:
    """Record a 201 under its reservation, and whose case it is; from now on it is kept.

    Whoever was late records the same: the portal answers one intake id alike.
    """
    _RECORD.run(
        connection,
        of_intake=intake_id,
        answer=sealer.seal(answer.body, _context(intake_id)),
        held_until=now,
        created_at=now,
    )
    _OWN.run(
        connection,
        case_id=answer.case_id,
        organization_id=organization_id,
        reference_number=answer.reference_number,
        created_at=now,
    )


def drop(connection: sa.Connection, *, intake_id: str, holder: str) -> None:
    """Forget a reservation whose case the portal refused: the keys may be used anew."""
    # Locked in the order of `_look_up`; from here on no further key can come to it.
    connection.execute(
        sa.select(keys.c.key).where(keys.c.intake_id == intake_id).with_for_update()
    ).all()
    held = sa.select(reservations.c.intake_id).where(
        reservations.c.intake_id == intake_id,
        reservations.c.holder == holder,
        reservations.c.answer.is_(None),
    )
    if connection.execute(held.with_for_update()).one_or_none() is not None:
        connection.execute(keys.delete().where(keys.c.intake_id == intake_id))
        connection.execute(reservations.delete().where(reservations.c.intake_id == intake_id))


def let_go(connection: sa.Connection, *, intake_id: str, holder: str) -> None:
    """Leave a reservation whose outcome is unknown to whoever repeats the request."""
    connection.execute(
        reservations.update()
        .where(reservations.c.intake_id == intake_id, reservations.c.holder == holder)
        .values(held_until=0.0)
    )


def _look_up(
    connection: sa.Connection, sealer: Sealer, organization_id: str, key_digests: Sequence[str]
) -> tuple[list[Record], frozenset[str]]:
    """The records that the keys lead to, each once, and which of the keys are known."""
    if not key_digests:
        return [], frozenset()
    # There are two kinds of keys; one that is not given is looked up as the other.
    rows = _LOOK_UP.run(
        connection, owner=organization_id, one=key_digests[0], other=key_digests[-1]
    )
    found = {
        intake_id: Record(
            intake_id,
            digest,
            held_until,
            None if answer is None else sealer.open(bytes(answer), _context(intake_id)),
        )
        for _, intake_id, digest, held_until, answer in rows
    }
    return list(found.values()), frozenset(key for key, *_ in rows)


def _mine(connection: sa.Connection, intake_id: str, *, holder: str, until: float) -> None:
    connection.execute(
        reservations.update()
        .where(reservations.c.intake_id == intake_id)
        .values(holder=holder, held_until=until)
    )


def _context(intake_id: str) -> str:
    return f"gateway_reservations.answer:{intake_id}"


_RESERVE = Prepared(lambda _: reservations.insert(), columns=reservations.c.keys())
_LEAD = Prepared(lambda _: keys.insert(), columns=keys.c.keys())
_RECORD = Prepared(
    lambda _: reservations.update().where(
        reservations.c.intake_id == sa.bindparam("of_intake"), reservations.c.answer.is_(None)
    ),
    columns=("answer", "held_until", "created_at"),
)
_OWN = Prepared(
    lambda connection: insert_for(connection, cases).on_conflict_do_nothing(),
    columns=cases.c.keys(),
)
_LOOK_UP = Prepared(
    lambda _: (
        sa.select(
            keys.c.key,
            reservations.c.intake_id,
            reservations.c.digest,
            reservations.c.held_until,
            reservations.c.answer,
        )
        .join(reservations, reservations.c.intake_id == keys.c.intake_id)
        .where(
            keys.c.organization_id == sa.bindparam("owner"),
            keys.c.key.in_(
                [sa.bindparam("one", type_=sa.Text), sa.bindparam("other", type_=sa.Text)]
            ),
        )
        .with_for_update()
    )
)
