"""What happened to a case: one row for each change of its status."""

from __future__ import annotations

from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.schema import HISTORY
from fulfillment_sdk.store.prepared import Prepared


@attrs.frozen(kw_only=True)
class Change:
    """One change of a case's status (contract, section 3).

    ``comment`` is for the portal's staff alone: no notification has it.
    """

    id: str
    case_id: str
    sequence: int
    previous_status: str | None
    new_status: str
    actor: str
    reason: str
    done_by: str
    worker_id: str | None
    comment: str | None = attrs.field(default=None, repr=False)
    at: float


def record(desk: Desk, connection: sa.Connection, change: Change) -> None:
    """Write one change, its comment sealed."""
    values = attrs.asdict(change)
    if change.comment is not None:
        values["comment"] = desk.seal(change.comment, _context(change.id))
    _INSERT.run(connection, **values)


_INSERT = Prepared(lambda _: sa.insert(HISTORY), columns=HISTORY.c.keys())


def of_case(desk: Desk, connection: sa.Connection, case_id: str) -> list[Change]:
    """Return all changes of a case, in order."""
    statement = sa.select(HISTORY).where(HISTORY.c.case_id == case_id)
    rows = connection.execute(statement.order_by(HISTORY.c.sequence))
    return [_change(desk, row) for row in rows]


def _change(desk: Desk, row: sa.Row[Any]) -> Change:
    values: dict[str, Any] = dict(row._mapping)
    if values["comment"] is not None:
        values["comment"] = desk.unseal(values["comment"], _context(values["id"]))
    return Change(**values)


def _context(change_id: str) -> str:
    return f"portal_history.comment:{change_id}"
