"""Staff's endpoints for cases (contract, section 7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from fulfillment_sdk.server.http import json_response
from fulfillment_sdk.server.portal import bodies, cases, completion, decide, views, work, workers
from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.door import json_body, page, path_id
from fulfillment_sdk.server.portal.refusal import Refusal, not_found
from fulfillment_sdk.server.portal.staff import Member

SUBMISSION_LIMIT: Final = completion.LIMIT + 64 * 1024
QUERY_LENGTH: Final = 128

Expect = Callable[[float | None], None]
"""Is told when a case's timer fires."""


async def list_cases(desk: Desk, request: Request, _member: Member) -> Response:
    """``GET cases/?status=&q=&after=&limit=``: the newest first."""
    after, limit = page(request)
    asked_status, query = request.query_params.get("status"), request.query_params.get("q")
    status = decide.known_status(asked_status) if asked_status else None
    if query and (len(query) > QUERY_LENGTH or not query.isprintable()):
        raise Refusal(400, "Invalid value for field: q")
    found = await desk.store.read(
        lambda connection: cases.page(
            connection,
            status=status,
            query=query.strip() or None if query else None,
            after=after,
            limit=limit + 1,
        )
    )
    return json_response(views.listed(found, views.case, limit=limit))


async def show_case(desk: Desk, request: Request, _member: Member) -> Response:
    """``GET cases/{id}/``: everything, with history."""
    case_id = path_id(request, "case_id")

    def read(connection: sa.Connection) -> dict[str, object]:
        case = cases.find(connection, case_id)
        if case is None:
            raise not_found()
        dossier = completion.gather(desk, connection, case)
        assigned = None
        if case.worker_id is not None:
            assigned = workers.find(desk, connection, case.worker_id)
        return views.dossier(dossier, assigned=assigned, public_url=desk.public_url)

    return json_response(await desk.store.read(read))


class CaseWork:
    """The endpoints that change cases; ``expect`` hears of the timers that they set."""

    def __init__(self, expect: Expect) -> None:
        self._expect = expect

    async def take_step(self, desk: Desk, request: Request, member: Member) -> Response:
        """``POST cases/{id}/transitions/``: 201 with the transition."""
        case_id = path_id(request, "case_id")
        asked = bodies.step(await json_body(request))
        advanced = await desk.store.write(
            lambda connection: work.take_step(desk, connection, case_id, asked, by=member)
        )
        self._expect(advanced.case.due_at)
        return json_response(views.change(advanced.change), 201)

    async def submit(self, desk: Desk, request: Request, member: Member) -> Response:
        """``POST cases/{id}/submissions/``: 201 with submission and transition."""
        case_id = path_id(request, "case_id")
        form = bodies.form(await json_body(request, limit=SUBMISSION_LIMIT))
        submission, advanced = await desk.store.write(
            lambda connection: work.submit(desk, connection, case_id, form, by=member)
        )
        transition = None if advanced is None else views.change(advanced.change)
        shown = {"submission": views.submission(submission), "transition": transition}
        return json_response(shown, 201)

    async def review(self, desk: Desk, request: Request, member: Member) -> Response:
        """``POST cases/{id}/qc-reviews/``: 201 with review and transition."""
        case_id = path_id(request, "case_id")
        verdict = bodies.verdict(await json_body(request))
        review, advanced = await desk.store.write(
            lambda connection: work.review(desk, connection, case_id, verdict, by=member)
        )
        self._expect(advanced.case.due_at)
        shown = {"review": views.review(review), "transition": views.change(advanced.change)}
        return json_response(shown, 201)
