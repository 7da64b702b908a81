"""The people who do the field work, and who of them has the least to do."""

from __future__ import annotations

from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.server.coordination import locks
from fulfillment_sdk.server.portal.desk import Desk, next_number
from fulfillment_sdk.server.portal.schema import CASES, WORKERS
from fulfillment_sdk.store.prepared import Prepared

IN_HAND = ("allocated", "in_progress", "qc_rework")
"""The statuses in which a case is its worker's to do; they make up a worker's load."""


@attrs.frozen(kw_only=True)
class Worker:
    """A worker, with the number of cases in hand. Who it is shows in no ``repr``."""

    id: str
    number: int
    name: str = attrs.field(repr=False)
    email: str | None = attrs.field(default=None, repr=False)
    phone: str | None = attrs.field(default=None, repr=False)
    location: str | None = attrs.field(default=None, repr=False)
    created_at: float
    load: int = 0


def add(
    desk: Desk,
    connection: sa.Connection,
    *,
    name: str,
    email: str | None,
    phone: str | None,
    location: str | None,
) -> Worker:
    """Enter a worker; name and contact data are sealed."""
    worker = Worker(
        id=desk.ids("wrk"),
        number=next_number(connection, "workers"),
        name=name,
        email=email,
        phone=phone,
        location=location,
        created_at=desk.clock(),
    )
    details = {"name": name, "email": email, "phone": phone, "location": location}
    connection.execute(
        sa.insert(WORKERS).values(
            id=worker.id,
            number=worker.number,
            details=desk.seal(details, _context(worker.id)),
            created_at=worker.created_at,
        )
    )
    return worker


def find(desk: Desk, connection: sa.Connection, worker_id: str) -> Worker | None:
    """Return a worker, ``None`` where there is none of this id."""
    row = connection.execute(_loaded().where(WORKERS.c.id == worker_id)).one_or_none()
    return _worker(desk, row) if row is not None else None


def exists(connection: sa.Connection, worker_id: str) -> bool:
    """Tell whether there is a worker of this id."""
    return bool(_EXISTS.run(connection, worker_id=worker_id))


_EXISTS = Prepared(
    lambda _: sa.select(WORKERS.c.id).where(WORKERS.c.id == sa.bindparam("worker_id"))
)


def page(desk: Desk, connection: sa.Connection, *, after: int | None, limit: int) -> list[Worker]:
    """Return at most ``limit`` workers, the first entered first, after the number ``after``."""
    statement = _loaded().order_by(WORKERS.c.number).limit(limit)
    if after is not None:
        statement = statement.where(WORKERS.c.number > after)
    return [_worker(desk, row) for row in connection.execute(statement)]


def least_loaded(connection: sa.Connection) -> str | None:
    """Return the id of the worker with the fewest cases in hand, of equals the first entered.

    Whoever else wants one waits until this transaction has ended, and then counts its case too.
    """
    locks.hold(connection, "portal allocation")
    statement = sa.select(WORKERS.c.id).order_by(_load(), WORKERS.c.number).limit(1)
    return connection.execute(statement).scalar()


def _load() -> sa.ScalarSelect[int]:
    in_hand = sa.and_(CASES.c.worker_id == WORKERS.c.id, CASES.c.status.in_(IN_HAND))
    return sa.select(sa.func.count()).select_from(CASES).where(in_hand).scalar_subquery()


def _loaded() -> sa.Select[Any]:
    return sa.select(
        WORKERS.c.id,
        WORKERS.c.number,
        WORKERS.c.details,
        WORKERS.c.created_at,
        _load().label("load"),
    )


def _worker(desk: Desk, row: sa.Row[Any]) -> Worker:
    values: dict[str, Any] = dict(row._mapping)
    details = desk.unseal(values.pop("details"), _context(values["id"]))
    assert isinstance(details, dict)
    return Worker(**values, **details)


def _context(worker_id: str) -> str:
    return f"portal_workers.details:{worker_id}"
