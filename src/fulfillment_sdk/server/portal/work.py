"""What staff do with a case: take a step, submit a form, review it.

Each runs inside one ``store.write`` with the case locked: of two people acting at once one wins,
and the other is told that the step is no longer legal. Contract, sections 3 and 7.
"""

from __future__ import annotations

from typing import Final

import attrs
import sqlalchemy as sa

from fulfillment_sdk import lifecycle
from fulfillment_sdk.lifecycle import Actor
from fulfillment_sdk.server.portal import (
    bodies,
    cases,
    completion,
    decide,
    reviews,
    submissions,
    workers,
)
from fulfillment_sdk.server.portal.advance import Advanced, advance
from fulfillment_sdk.server.portal.cases import Case
from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.files import evidence, rows
from fulfillment_sdk.server.portal.refusal import Refusal, not_found
from fulfillment_sdk.server.portal.reviews import Review
from fulfillment_sdk.server.portal.staff import Member
from fulfillment_sdk.server.portal.submissions import Submission

_LEADS_TO: Final = {
    reviews.PASS: lifecycle.QC_PASSED,
    reviews.REJECT: lifecycle.QC_REJECTED,
    reviews.REWORK: lifecycle.QC_REWORK,
}


def take_step(
    desk: Desk,
    connection: sa.Connection,
    case_id: str,
    asked: bodies.StepAsked,
    *,
    by: Member,
) -> Advanced:
    """Take a plain step.

    Raises ``IllegalTransition`` and ``Refusal``: 400, 403, 404, and 409 where another call takes
    this step or no worker is there for an allocation.
    """
    to = decide.known_status(asked.to)
    case = _locked(connection, case_id)
    decision = decide.plain_step(
        case.status, to, role=by.role, actor=asked.actor, reason=asked.reason
    )
    worker_id = None
    if to == lifecycle.ALLOCATED:
        worker_id = _worker(connection, asked.worker_id)
    elif asked.worker_id is not None:
        raise Refusal(400, "Only an allocation names a worker: leave worker_id out")
    return advance(
        desk,
        connection,
        case,
        to,
        actor=decision.actor,
        reason=decision.reason,
        done_by=by.id,
        worker_id=worker_id,
        comment=asked.comment,
    )


def submit(
    desk: Desk, connection: sa.Connection, case_id: str, form: bodies.Form, *, by: Member
) -> tuple[Submission, Advanced | None]:
    """Record a form; the final one moves the case on to its review.

    Raises ``IllegalTransition`` for a final form where no work is in progress, and ``Refusal``:
    403, 404, 409 for one that is not final likewise, 413 where the completion would be too large.
    """
    case = _locked(connection, case_id)
    decision = None
    if form.final:
        decision = decide.step(case.status, lifecycle.SUBMITTED, role=by.role)
    else:
        decide.allow(by.role, Actor.WORKER)
        if case.status != lifecycle.IN_PROGRESS:
            raise Refusal(409, "A form can be submitted only while the case is in progress")
    if completion.room(connection, case, form=form.size) < completion.RESERVE:
        raise _too_large()
    submission = Submission(
        id=desk.ids("sub"),
        case_id=case.id,
        position=len(submissions.sizes(connection, case.id)) + 1,
        work_round=case.work_round,
        form_name=form.form_name,
        form_version=form.form_version,
        data=form.data,
        status=submissions.SUBMITTED,
        final=form.final,
        outcome=form.outcome,
        done_by=by.id,
        submitted_at=desk.clock(),
    )
    submissions.record(desk, connection, submission, size=form.size)
    evidence.submit(connection, case.id, submission.id, work_round=case.work_round)
    taken = rows.of_submission(desk, connection, submission.id)
    submission = attrs.evolve(submission, files=taken)
    if decision is None:
        return submission, None
    case = cases.update(connection, case, {"outcome": form.outcome})
    advanced = advance(
        desk,
        connection,
        case,
        lifecycle.SUBMITTED,
        actor=decision.actor,
        reason=decision.reason,
        done_by=by.id,
    )
    return submission, advanced


def review(
    desk: Desk, connection: sa.Connection, case_id: str, verdict: bodies.Verdict, *, by: Member
) -> tuple[Review, Advanced]:
    """Record a review and move the case on; a pass completes it.

    Raises ``IllegalTransition`` where nothing waits for a review, and ``Refusal``: 403, 404, 413.
    """
    case = _locked(connection, case_id)
    to = _LEADS_TO[verdict.result]
    decision = decide.step(case.status, to, role=by.role)
    if completion.room(connection, case, words=verdict.size) < 0:
        raise _too_large()
    recorded = Review(
        id=desk.ids("rev"),
        case_id=case.id,
        position=len(reviews.sizes(connection, case.id)) + 1,
        submission_id=submissions.last_final(connection, case.id),
        result=verdict.result,
        reason_code=verdict.reason_code,
        comments=verdict.comments,
        instructions=verdict.instructions,
        done_by=by.id,
        reviewed_at=desk.clock(),
    )
    reviews.record(desk, connection, recorded, size=verdict.size)
    advanced = advance(
        desk,
        connection,
        case,
        to,
        actor=decision.actor,
        reason=decision.reason,
        done_by=by.id,
    )
    return recorded, advanced


def _locked(connection: sa.Connection, case_id: str) -> Case:
    case = cases.lock(connection, case_id)
    if case is None:
        raise not_found()
    return case


def _worker(connection: sa.Connection, worker_id: str | None) -> str:
    if worker_id is not None:
        if not workers.exists(connection, worker_id):
            raise Refusal(400, "Unknown worker")
        return worker_id
    found = workers.least_loaded(connection)
    if found is None:
        raise Refusal(409, "No worker available")
    return found


def _too_large() -> Refusal:
    limit = completion.LIMIT // (1024 * 1024)
    return Refusal(
        413, f"The case's completion would be larger than {limit} MiB: send less, or shorter texts"
    )
