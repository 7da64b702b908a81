"""Files as rows: begun, completed, found. Their bytes are ``chunks``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs
import sqlalchemy as sa

from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.schema import FILES

PARTNER: Final = "partner"
"""The origin of attachments, which a partner sends before the case that refers to them."""
STAFF: Final = "staff"
"""The origin of what staff add to a form, before they submit it."""

MOST: Final = 20
"""How many attachments a case has at most, and how many files one round of work."""


@attrs.frozen(kw_only=True)
class File:
    """A stored file. Its name can tell who a person is, so it shows in no ``repr``.

    ``position`` is its place among the attachments of its case, or among the files that staff
    added to it. ``submission_id`` is ``None`` until a form is submitted with it.
    """

    id: str
    organization_id: str
    origin: str
    case_id: str | None
    position: int | None
    work_round: int | None
    submission_id: str | None
    file_name: str = attrs.field(repr=False)
    sha256: str = attrs.field(repr=False)
    content_type: str
    size: int
    done_by: str
    created_at: float


@attrs.frozen(kw_only=True)
class Place:
    """Where an upload belongs."""

    organization_id: str
    origin: str
    done_by: str
    case_id: str | None = None
    position: int | None = None
    work_round: int | None = None


@attrs.frozen(kw_only=True)
class Content:
    """What an upload turned out to be."""

    file_name: str = attrs.field(repr=False)
    sha256: str = attrs.field(repr=False)
    content_type: str
    size: int


def begin(connection: sa.Connection, file_id: str, place: Place, *, now: float) -> None:
    """Write the row of an upload that has just begun; nobody finds it before it is complete."""
    values = attrs.asdict(place)
    connection.execute(sa.insert(FILES).values(id=file_id, **values, created_at=now))


def complete(
    desk: Desk, connection: sa.Connection, file_id: str, content: Content, *, now: float
) -> File | None:
    """Make an upload a file; ``None`` where its row is gone, since it took too long."""
    details = {"file_name": content.file_name, "sha256": content.sha256}
    done = connection.execute(
        sa.update(FILES)
        .where(FILES.c.id == file_id, FILES.c.stored_at.is_(None))
        .values(
            details=desk.seal(details, _context(file_id)),
            content_type=content.content_type,
            size=content.size,
            stored_at=now,
        )
    )
    return find(desk, connection, file_id) if done.rowcount else None


def remove(connection: sa.Connection, file_ids: Sequence[str]) -> int:
    """Remove files with their chunks, and return how many there were."""
    if not file_ids:
        return 0
    return connection.execute(sa.delete(FILES).where(FILES.c.id.in_(file_ids))).rowcount


def find(
    desk: Desk, connection: sa.Connection, file_id: str, *, case_id: str | None = None
) -> File | None:
    """Return a complete file, ``None`` where there is none of this id (in this case, if given)."""
    statement = _complete().where(FILES.c.id == file_id)
    if case_id is not None:
        statement = statement.where(FILES.c.case_id == case_id)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _file(desk, row)


def of_case(desk: Desk, connection: sa.Connection, case_id: str) -> list[File]:
    """Return the files of a case: by origin, and in their order."""
    statement = _complete().where(FILES.c.case_id == case_id)
    rows = connection.execute(statement.order_by(FILES.c.origin, FILES.c.position, FILES.c.id))
    return [_file(desk, row) for row in rows]


def of_submission(desk: Desk, connection: sa.Connection, submission_id: str) -> list[File]:
    """Return the files that a form was submitted with, in their order."""
    statement = _complete().where(FILES.c.submission_id == submission_id)
    rows = connection.execute(statement.order_by(FILES.c.position, FILES.c.id))
    return [_file(desk, row) for row in rows]


def count(connection: sa.Connection, case_id: str, *, work_round: int | None = None) -> int:
    """Count what staff added to a case, unfinished uploads included; maybe of one round."""
    statement = (
        sa.select(sa.func.count())
        .select_from(FILES)
        .where(FILES.c.case_id == case_id, FILES.c.origin == STAFF)
    )
    if work_round is not None:
        statement = statement.where(FILES.c.work_round == work_round)
    return int(connection.execute(statement).scalar_one())


def next_position(connection: sa.Connection, case_id: str) -> int:
    """Return the next place among what staff added to a case, which is locked."""
    highest = sa.select(sa.func.max(FILES.c.position)).where(
        FILES.c.case_id == case_id, FILES.c.origin == STAFF
    )
    last = connection.execute(highest).scalar_one()
    return 0 if last is None else int(last) + 1


_COLUMNS: Final = [
    *(
        FILES.c[field.name]
        for field in attrs.fields(File)
        if field.name not in ("file_name", "sha256")
    ),
    FILES.c.details,
]


def _complete() -> sa.Select[Any]:
    return sa.select(*_COLUMNS).where(FILES.c.stored_at.is_not(None))


def _file(desk: Desk, row: sa.Row[Any]) -> File:
    values: dict[str, Any] = dict(row._mapping)
    details = desk.unseal(values.pop("details"), _context(values["id"]))
    assert isinstance(details, dict)
    return File(**values, **details)


def _context(file_id: str) -> str:
    return f"portal_files.details:{file_id}"
