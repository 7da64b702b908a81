"""The gateway's endpoints: a case comes in, a report goes out.

Contract, section 4, "Inner hops".
"""

from __future__ import annotations

import functools

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from fulfillment_sdk.server.http import error, read_body
from fulfillment_sdk.server.portal import cases, completion, intake, reports, submissions
from fulfillment_sdk.server.portal.completion import Dossier
from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.door import organization_id_of, path_id
from fulfillment_sdk.server.portal.files import chunks
from fulfillment_sdk.server.portal.refusal import Refusal, not_found


async def take_in(desk: Desk, request: Request) -> Response:
    """``POST intake/ {"intake_id", "organization_id", "case"}``: 201, the same on every repeat.

    201 and 400 pass through to the partner, so their bodies are the contract's to the letter.
    """
    try:
        order = intake.read(await read_body(request, intake.BODY_LIMIT))
        created = await _create(desk, order)
    except Refusal as refusal:
        return error(refusal.message, refusal.status)
    return Response(created, 201, media_type="application/json")


async def report(desk: Desk, request: Request) -> Response:
    """``GET intake/cases/{id}/report/?organization_id=``: the PDF, 404, or 410 once expired."""
    case_id = path_id(request, "case_id")
    organization_id = organization_id_of(request.query_params.get("organization_id"))
    found = await desk.store.read(
        lambda connection: _reported(desk, connection, case_id, organization_id)
    )
    document = await desk.heavy.run(_render, desk, found)
    name = f"{found.case.reference_number}.pdf"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(document, 200, headers, "application/pdf")


async def _create(desk: Desk, order: intake.Order) -> bytes:
    try:
        return await desk.store.write(lambda connection: intake.take_in(desk, connection, order))
    except sa.exc.IntegrityError:
        # Another process was faster with this intake_id: now its answer is there to be found.
        return await desk.store.write(lambda connection: intake.take_in(desk, connection, order))


def _reported(desk: Desk, connection: sa.Connection, case_id: str, organization_id: str) -> Dossier:
    case = cases.find(connection, case_id, organization_id=organization_id)
    issued = None if case is None else reports.find(connection, case.id)
    if case is None or issued is None:
        raise not_found()
    if desk.clock() >= issued.expires_at:
        raise Refusal(410, "The report has expired")
    return completion.gather(desk, connection, case)


def _render(desk: Desk, dossier: Dossier) -> bytes:
    # fpdf2 takes its time to import, and most processes never render.
    from fulfillment_sdk.server.portal.report import ReportFile, render

    files = [
        ReportFile(
            name=file.file_name,
            content_type=file.content_type,
            size=file.size,
            sha256=file.sha256,
            read=functools.partial(chunks.whole, desk, file),
        )
        for submission in dossier.submissions
        if submission.status != submissions.SUPERSEDED
        for file in submission.files
    ]
    return render(dossier, files)
