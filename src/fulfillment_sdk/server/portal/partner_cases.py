"""What a partner may do with its cases: look at them, cancel one, have a report issued again.

Each runs inside one ``store.write`` or ``store.read``. What belongs to another organisation is
found by no statement here, like what does not exist. Contract, sections 3 and 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from fulfillment_sdk import lifecycle
from fulfillment_sdk.errors import IllegalTransition
from fulfillment_sdk.lifecycle import Actor, CaseStatus
from fulfillment_sdk.server.portal import cases, history, reports
from fulfillment_sdk.server.portal.advance import advance
from fulfillment_sdk.server.portal.cases import Case
from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.files import rows
from fulfillment_sdk.server.portal.files import views as file_views
from fulfillment_sdk.server.portal.history import Change
from fulfillment_sdk.server.portal.partner_views import Owned, alone
from fulfillment_sdk.server.portal.refusal import Refusal, not_found
from fulfillment_sdk.server.portal.reports import Report

DONE_BY: Final = "partner"

NOT_COMPLETED: Final = "The case is not completed: it has no report"


def page(
    desk: Desk,
    connection: sa.Connection,
    organization_id: str,
    *,
    exactly: Mapping[str, str],
    after: int | None,
    limit: int,
) -> list[Owned]:
    """Return at most ``limit`` cases, the oldest first; ``exactly`` as ``cases.page_of`` has it."""
    found = cases.page_of(connection, organization_id, exactly=exactly, after=after, limit=limit)
    names = cases.src_uids_of(desk, connection, [case.id for case in found])
    return [Owned(case=case, src_uid=names.get(case.id)) for case in found]


def show(
    desk: Desk, connection: sa.Connection, case_id: str, organization_id: str
) -> dict[str, object]:
    """Return a case as its partner sees it alone; raises ``Refusal`` 404."""
    return _shown(
        desk, connection, _own(cases.find(connection, case_id, organization_id=organization_id))
    )


def cancel(
    desk: Desk, connection: sa.Connection, case_id: str, organization_id: str
) -> dict[str, object]:
    """Cancel a case for its partner and return it; one that the partner cancelled stays as it is.

    Raises ``Refusal`` 404, and ``IllegalTransition`` where the lifecycle has no such step for a
    partner: the work is handed in or done, or the portal has cancelled the case itself.
    """
    case = _own(cases.lock(connection, case_id, organization_id=organization_id))
    changes = history.of_case(desk, connection, case.id)
    reason = how_to_cancel(case.status, changes)
    if reason is not None:
        step = advance(
            desk,
            connection,
            case,
            lifecycle.CANCELLED,
            actor=Actor.PARTNER,
            reason=reason,
            done_by=DONE_BY,
        )
        case = step.case
    return _shown(desk, connection, case)


def how_to_cancel(status: CaseStatus | None, changes: list[Change]) -> str | None:
    """Decide for what reason a partner cancels a case; ``None`` where it has done so already.

    Raises ``IllegalTransition`` where it may not (any more).
    """
    if status == lifecycle.CANCELLED and changes and changes[-1].actor == Actor.PARTNER:
        return None
    reason = lifecycle.check(status, lifecycle.CANCELLED).reason_for(Actor.PARTNER)
    if reason is None:
        raise IllegalTransition(status, lifecycle.CANCELLED)
    return reason


def reissue(desk: Desk, connection: sa.Connection, case_id: str, organization_id: str) -> Report:
    """Have a completed case's report fetched for another while.

    Raises ``Refusal``: 404, and 409 where the case is not completed.
    """
    case = _own(cases.lock(connection, case_id, organization_id=organization_id))
    report = reports.reissue(connection, case.id, now=desk.clock())
    if report is None:
        raise Refusal(409, NOT_COMPLETED)
    return report


def _shown(desk: Desk, connection: sa.Connection, case: Case) -> dict[str, object]:
    names = cases.src_uids_of(desk, connection, [case.id])
    return alone(
        Owned(case=case, src_uid=names.get(case.id)),
        changes=history.of_case(desk, connection, case.id),
        report=reports.find(connection, case.id),
        files=[
            file_views.for_partner(file, public_url=desk.public_url)
            for file in rows.of_case(desk, connection, case.id)
            if case.completed_at is not None and file.submission_id is not None
        ],
        public_url=desk.public_url,
    )


def _own(case: Case | None) -> Case:
    if case is None:
        raise not_found()
    return case
