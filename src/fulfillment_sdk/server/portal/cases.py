"""Cases as rows: found, locked, listed and first written."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import sqlalchemy as sa

from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.schema import CASES
from fulfillment_sdk.store.prepared import Prepared


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
    category_id: str | None = None
    """Its category's code, "" where it has none, None where nobody has looked yet."""


_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}")

_NAMES = [field.name for field in attrs.fields(Case)]
_COLUMNS = [CASES.c[name] for name in _NAMES]


def find(
    connection: sa.Connection, case_id: str, *, organization_id: str | None = None
) -> Case | None:
    """Return a case, ``None`` where there is none of this id (of this organisation, if given).

    One statement looks for both: another organisation's case takes as long as no case.
    """
    return _found(
        _FIND if organization_id is None else _FIND_OF, connection, case_id, organization_id
    )


def lock(
    connection: sa.Connection, case_id: str, *, organization_id: str | None = None
) -> Case | None:
    """Return a case as ``find`` does, with its row locked until the transaction ends.

    Nobody else changes its status or gives its next sequence meanwhile. (SQLite has one writer
    and needs no lock.)
    """
    return _found(
        _LOCK if organization_id is None else _LOCK_OF, connection, case_id, organization_id
    )


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
    return [_case(tuple(row)) for row in connection.execute(statement)]


def page_of(
    connection: sa.Connection,
    organization_id: str,
    *,
    exactly: Mapping[str, str],
    after: int | None,
    limit: int,
) -> list[Case]:
    """Return at most ``limit`` cases of an organisation, the oldest first, behind number ``after``.

    ``exactly`` gives columns and the values that they must have. A case's number is given under a
    lock that lasts until its commit: none appears behind one that was shown.
    """
    statement = sa.select(*_COLUMNS).where(CASES.c.organization_id == organization_id)
    for name, value in exactly.items():
        statement = statement.where(CASES.c[name] == value)
    if after is not None:
        statement = statement.where(CASES.c.number > after)
    rows = connection.execute(statement.order_by(CASES.c.number).limit(limit))
    return [_case(tuple(row)) for row in rows]


def insert(
    desk: Desk,
    connection: sa.Connection,
    case: Case,
    *,
    intake_id: str,
    digest: str,
    request: dict[str, object],
    answer: bytes,
) -> None:
    """Write a case that has no status yet, with the partner's request and the answer given."""
    context = f"portal_cases.answer:{case.id}"
    _INSERT.run(
        connection,
        **attrs.asdict(case),
        intake_id=intake_id,
        intake_digest=digest,
        request=desk.seal(request, f"portal_cases.request:{case.id}"),
        answer=desk.store.sealer.seal(answer, context),
        src_uid=desk.seal(src_uid(request), _src_uid_context(case.id)),
    )


def update(connection: sa.Connection, case: Case, values: dict[str, Any]) -> Case:
    """Write some columns of a locked case and return the case as it is then."""
    _update_of(tuple(values)).run(connection, of_case=case.id, **values)
    return attrs.evolve(case, **values)


def request_of(desk: Desk, connection: sa.Connection, case_id: str) -> dict[str, object]:
    """Return the request that a partner created the case with, every key of it."""
    statement = sa.select(CASES.c.request).where(CASES.c.id == case_id)
    sealed = connection.execute(statement).scalar_one()
    opened = desk.unseal(sealed, f"portal_cases.request:{case_id}")
    return opened if isinstance(opened, dict) else {}


def category_of(request: Mapping[str, object]) -> str:
    """Return the code of a request's category, "" where what is there is no code.

    It goes into every notification of the case, which carry no text that somebody wrote.
    """
    value = request.get("case_category_id")
    text = str(value).strip() if isinstance(value, str | int) else ""
    return text if _CODE.fullmatch(text) else ""


def src_uid(request: Mapping[str, object]) -> str | None:
    """Return the partner's own id in a request; a number counts as its digits, blank as none."""
    value = request.get("src_uid")
    return (str(value).strip() or None) if value is not None else None


def src_uids_of(
    desk: Desk, connection: sa.Connection, case_ids: Sequence[str]
) -> dict[str, str | None]:
    """Return the partner's own ids of some cases, by the case's id."""
    statement = sa.select(CASES.c.id, CASES.c.src_uid).where(CASES.c.id.in_(case_ids))
    return {
        row.id: src_uid(request_of(desk, connection, row.id))
        if row.src_uid is None
        else _opened_src_uid(desk, row.id, row.src_uid)
        for row in connection.execute(statement).all()
    }


def _opened_src_uid(desk: Desk, case_id: str, sealed: bytes) -> str | None:
    opened = desk.unseal(sealed, _src_uid_context(case_id))
    return opened if isinstance(opened, str) else None


def _src_uid_context(case_id: str) -> str:
    return f"portal_cases.src_uid:{case_id}"


def _found(
    prepared: Prepared, connection: sa.Connection, case_id: str, organization_id: str | None
) -> Case | None:
    rows = prepared.run(connection, case_id=case_id, of_organization=organization_id)
    return _case(rows[0]) if rows else None


def _one(*, of: bool = False) -> sa.Select[Any]:
    statement = sa.select(*_COLUMNS).where(CASES.c.id == sa.bindparam("case_id"))
    if not of:
        return statement
    return statement.where(CASES.c.organization_id == sa.bindparam("of_organization"))


_FIND = Prepared(lambda _: _one())
_FIND_OF = Prepared(lambda _: _one(of=True))
_LOCK = Prepared(lambda _: _one().with_for_update())
_LOCK_OF = Prepared(lambda _: _one(of=True).with_for_update())
_INSERT = Prepared(lambda _: sa.insert(CASES), columns=CASES.c.keys())


@functools.cache  # a step writes the same columns each time
def _update_of(columns: tuple[str, ...]) -> Prepared:
    return Prepared(
        lambda _: sa.update(CASES).where(CASES.c.id == sa.bindparam("of_case")), columns=columns
    )


def _case(row: tuple[Any, ...]) -> Case:
    values = dict(zip(_NAMES, row, strict=True))
    if values["status"] is not None:
        values["status"] = CaseStatus(values["status"])
    return Case(**values)
