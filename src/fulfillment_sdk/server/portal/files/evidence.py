"""The files of a form: added by staff while work is in progress, taken along by its submission."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from fulfillment_sdk import lifecycle
from fulfillment_sdk.lifecycle import Actor
from fulfillment_sdk.server.portal import cases, decide
from fulfillment_sdk.server.portal.cases import Case
from fulfillment_sdk.server.portal.files import rows
from fulfillment_sdk.server.portal.files.rows import Place
from fulfillment_sdk.server.portal.refusal import Refusal, not_found
from fulfillment_sdk.server.portal.schema import FILES
from fulfillment_sdk.server.portal.staff import Member

Find = Callable[[sa.Connection, str], Case | None]


def place(connection: sa.Connection, case_id: str, *, by: Member, find: Find = cases.lock) -> Place:
    """Say where a staff member's upload belongs; ``find`` gives the case, locked where that counts.

    Raises ``Refusal``: 404, 403 for a role that does not do this work, 409 where none is in
    progress or this round of it has ``rows.MOST`` files already.
    """
    case = find(connection, case_id)
    if case is None:
        raise not_found()
    decide.allow(by.role, Actor.WORKER)
    if case.status != lifecycle.IN_PROGRESS:
        raise _too_late()
    if rows.count(connection, case_id, work_round=case.work_round) >= rows.MOST:
        raise Refusal(409, f"A case takes at most {rows.MOST} files: submit the form without more")
    return Place(
        organization_id=case.organization_id,
        origin=rows.STAFF,
        done_by=by.id,
        case_id=case_id,
        position=rows.next_position(connection, case_id),
        work_round=case.work_round,
    )


def still_in_progress(connection: sa.Connection, place: Place) -> None:
    """Raise ``Refusal`` 409 where the round of work ended while its file was coming in."""
    case = cases.lock(connection, place.case_id or "")
    in_progress = case is not None and case.status == lifecycle.IN_PROGRESS
    if case is None or not in_progress or case.work_round != place.work_round:
        raise _too_late()


def submit(connection: sa.Connection, case_id: str, submission_id: str, *, work_round: int) -> None:
    """Let a form that is being submitted take along what was added in its round of work."""
    connection.execute(
        sa.update(FILES)
        .where(
            FILES.c.case_id == case_id,
            FILES.c.origin == rows.STAFF,
            FILES.c.work_round == work_round,
            FILES.c.submission_id.is_(None),
            FILES.c.stored_at.is_not(None),
        )
        .values(submission_id=submission_id)
    )


def _too_late() -> Refusal:
    return Refusal(409, "A file can be added only while the case is in progress")
