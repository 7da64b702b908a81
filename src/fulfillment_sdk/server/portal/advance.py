"""The one place where a case's status changes.

One transaction (the caller's): the table is asked, case and history are written, and the relay
accepts the notifications. The caller holds the case's lock (``cases.lock``), under which the
sequence is given, without a hole.
"""

from __future__ import annotations

import attrs
import sqlalchemy as sa

from fulfillment_sdk import lifecycle, strictjson
from fulfillment_sdk.errors import StoreError
from fulfillment_sdk.lifecycle import CaseStatus, Transition
from fulfillment_sdk.models.events import CASE_COMPLETED, STATUS_CHANGED
from fulfillment_sdk.relay import Event
from fulfillment_sdk.server.portal import cases, completion, events, history, reports
from fulfillment_sdk.server.portal.cases import Case
from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.due import Timeouts, due_at
from fulfillment_sdk.server.portal.history import Change


@attrs.frozen(kw_only=True)
class Advanced:
    """A step that was taken: the case as it is now, and the change."""

    case: Case
    change: Change


def advance(
    desk: Desk,
    connection: sa.Connection,
    case: Case,
    to: CaseStatus,
    *,
    actor: str,
    reason: str,
    done_by: str,
    worker_id: str | None = None,
    comment: str | None = None,
) -> Advanced:
    """Take a locked case one step on, and have it notified.

    ``worker_id`` names the worker on an allocation. ``comment`` stays in the portal. Raises
    ``IllegalTransition`` where the lifecycle has no such step, and ``ValueError`` where its row
    does not list actor and reason (``decide`` says which it lists). Contract, sections 3 and 4.
    """
    row = lifecycle.check(case.status, to)
    if not row.allows(actor, reason):
        raise ValueError("the row of this step does not list this actor with this reason")
    now = desk.clock()
    values = _consequences(desk, case, row, reason=reason, now=now, worker_id=worker_id)
    if case.category_id is None:
        values["category_id"] = cases.category_of(cases.request_of(desk, connection, case.id))
    advanced = cases.update(connection, case, values)
    change = Change(
        id=desk.ids("trn"),
        case_id=case.id,
        sequence=case.sequence + 1,
        previous_status=case.status,
        new_status=to,
        actor=actor,
        reason=reason,
        done_by=done_by,
        worker_id=advanced.worker_id,
        comment=comment,
        at=now,
    )
    history.record(desk, connection, change)
    notify = [_status_event(desk, advanced, change)]
    if row.completes:
        reports.issue(connection, case.id, now=now)
        notify.append(_completion_event(desk, connection, advanced, change))
    accepted = desk.relay.accept_in(connection, notify)
    if any(each.status != "new" for each in accepted):
        raise StoreError("An event's id was given twice")
    return Advanced(case=advanced, change=change)


def _consequences(
    desk: Desk,
    case: Case,
    row: Transition,
    *,
    reason: str,
    now: float,
    worker_id: str | None,
) -> dict[str, object]:
    """Return what a step changes in the case's row."""
    timeouts = Timeouts(acceptance=desk.acceptance_timeout, rework=desk.rework_timeout)
    # A breach is reported once: a case taken up again after it has no turn-around time any more.
    tat_due_at = None if reason == "tat_breached" else case.tat_due_at
    workers = {lifecycle.ALLOCATED: worker_id, lifecycle.PENDING_ALLOCATION: None}
    return {
        "status": row.new,
        "sequence": case.sequence + (2 if row.completes else 1),
        "work_round": case.work_round + (row.new == lifecycle.IN_PROGRESS),
        "worker_id": workers.get(row.new, case.worker_id),
        "updated_at": now,
        "completed_at": now if row.completes else case.completed_at,
        "tat_due_at": tat_due_at,
        "due_at": due_at(row.new, now=now, timeouts=timeouts, tat_due_at=tat_due_at),
    }


def _status_event(desk: Desk, case: Case, change: Change) -> Event:
    event_id = desk.ids("evt")
    payload = events.status_changed(case, change, event_id=event_id)
    return Event(
        id=event_id,
        type=STATUS_CHANGED,
        lane=case.id,
        sequence=change.sequence,
        body=strictjson.dumps(payload),
        owner=case.organization_id,
    )


def _completion_event(desk: Desk, connection: sa.Connection, case: Case, change: Change) -> Event:
    event_id = desk.ids("evt")
    payload = completion.completed(
        completion.gather(desk, connection, case),
        change,
        event_id=event_id,
        sequence=case.sequence,
        public_url=desk.public_url,
    )
    return Event(
        id=event_id,
        type=CASE_COMPLETED,
        lane=case.id,
        sequence=case.sequence,
        body=strictjson.dumps(payload),
        owner=case.organization_id,
    )
