"""Cases as rows: found, locked, listed and first written."""

from __future__ import annotations

from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.schema import CASES


@attrs.frozen(kw_only=True)
class Case:
    """What a case's row says in the clear; the partner's request stays sealed (``request_of``).

    ``status`` is ``None`` only while the case is being created. Times are epoch seconds.
    """

    id: str
    number: int
    reference_number: str
    organization_id: str
    status: CaseStatus | None
    assigned_to: str
    worker_id: str | None
    sequence: int
    work_round: int
    outcome: str | None
    request_size: int
    created_at: float
    updated_at: float
    completed_at: float | None
    tat_due_at: float | None
    due_at: float | None


_COLUMNS = [CASES.c[field.name] for field in attrs.fields(Case)]


def find(connection: sa.Connection, case_id: str) -> Case | None:
    """Return a case, ``None`` where there is none of this id."""
    row = connection.execute(sa.select(*_COLUMNS).where(CASES.c.id == case_id)).one_or_none()
    return _case(row) if row is not None else None


def lock(connection: sa.Connection, case_id: str) -> Case | None:
    """Return a case with its row locked until the transaction ends.

    Nobody else changes its status or gives its next sequence meanwhile. (SQLite has one writer
    and needs no lock.)
    """
    statement = sa.select(*_COLUMNS).where(CASES.c.id == case_id).with_for_update()
    row = connection.execute(statement).one_or_none()
    return _case(row) if row is not None else None


def page(
    connection: sa.Connection,
    *,
    status: str | None = None,
    query: str | None = None,
    after: int | None = None,
    limit: int,
) -> list[Case]:
    """Return at most ``limit`` cases, the newest first, going on after the case number ``after``.

    ``query`` is a part of the reference number, or a whole case, organisation or worker id:
    anything else is sealed and can't be searched.
    """
    statement = sa.select(*_COLUMNS).order_by(CASES.c.number.desc()).limit(limit)
    if status is not None:
        statement = statement.where(CASES.c.status == status)
    if query is not None:
        statement = statement.where(
            sa.or_(
                CASES.c.reference_number.contains(query, autoescape=True),
                CASES.c.id == query,
                CASES.c.organization_id == query,
                CASES.c.worker_id == query,
            )
        )
    if after is not None:
        statement = statement.where(CASES.c.number < after)
    return [_case(row) for row in connection.execute(statement)]


def insert(
    desk: Desk,
    connection: sa.Connection,
    case: Case,
    *,
    intake_id: str,
    digest: str,
    request: object,
    answer: bytes,
) -> None:
    """Write a case that has no status yet, with the partner's request and the answer given."""
    context = f"portal_cases.answer:{case.id}"
    connection.execute(
        sa.insert(CASES).values(
            **attrs.asdict(case),
            intake_id=intake_id,
            intake_digest=digest,
            request=desk.seal(request, f"portal_cases.request:{case.id}"),
            answer=desk.store.sealer.seal(answer, context),
        )
    )


def update(connection: sa.Connection, case: Case, values: dict[str, Any]) -> Case:
    """Write some columns of a locked case and return the case as it is then."""
    connection.execute(sa.update(CASES).where(CASES.c.id == case.id).values(**values))
    return attrs.evolve(case, **values)


def request_of(desk: Desk, connection: sa.Connection, case_id: str) -> dict[str, object]:
    """Return the request that a partner created the case with, every key of it."""
    statement = sa.select(CASES.c.request).where(CASES.c.id == case_id)
    sealed = connection.execute(statement).scalar_one()
    opened = desk.unseal(sealed, f"portal_cases.request:{case_id}")
    return opened if isinstance(opened, dict) else {}


def _case(row: sa.Row[Any]) -> Case:
    values: dict[str, Any] = dict(row._mapping)
    if values["status"] is not None:
        values["status"] = CaseStatus(values["status"])
    return Case(**values)
