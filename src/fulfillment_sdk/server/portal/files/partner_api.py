"""The gateway's endpoints for files: an attachment comes in, a file of a case goes out.

Every call names the partner's organisation. Contract, sections 2 and 4, "Inner hops".
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from fulfillment_sdk.server.http import BodyTooLarge, error, json_response
from fulfillment_sdk.server.portal import cases, reports
from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.door import organization_id_of, path_id
from fulfillment_sdk.server.portal.files import attachments, downloads, rows, taking, views
from fulfillment_sdk.server.portal.files.rows import File
from fulfillment_sdk.server.portal.refusal import Refusal, not_found
from fulfillment_sdk.server.uploads import BadUpload, Pace, paced

_UNUSED_AFTER: Final = {"Retry-After": "3600"}


async def take(desk: Desk, request: Request) -> Response:
    """``POST intake/attachments/?organization_id=&file_name=``: the bytes as the body; 201.

    Its answers pass through to the partner. ``content_type`` may be given; nobody looks at it.
    """
    organization_id = organization_id_of(request.query_params.get("organization_id"))
    try:
        file = await taking.take(
            desk,
            paced(request.stream(), Pace()),
            claimed_name=request.query_params.get("file_name", ""),
            place=lambda connection: attachments.place(connection, organization_id),
        )
    except BodyTooLarge:
        return error("Request body too large", 413)
    except BadUpload as bad:
        return error(bad.message, bad.status)
    except Refusal as refusal:
        after = _UNUSED_AFTER if refusal.status == 429 else None
        return error(refusal.message, refusal.status, headers=after)
    return json_response(views.stored(file), 201)


async def download(desk: Desk, request: Request) -> Response:
    """``GET`` or ``HEAD intake/cases/{id}/files/{file_id}/?organization_id=``.

    The file, 404, or 410 where it has expired with the case's report.
    """
    case_id, file_id = path_id(request, "case_id"), path_id(request, "file_id")
    organization_id = organization_id_of(request.query_params.get("organization_id"))
    file = await desk.store.read(
        lambda connection: _shown(desk, connection, case_id, file_id, organization_id)
    )
    return await downloads.answer(desk, file, method=request.method)


def _shown(
    desk: Desk, connection: sa.Connection, case_id: str, file_id: str, organization_id: str
) -> File:
    """Return a file that its case's partner may see; raises ``Refusal`` 404 or 410.

    The partner's own attachments always; those of a submission once the case is completed and has
    its report, for as long as that can be fetched.
    """
    case = cases.find(connection, case_id, organization_id=organization_id)
    if case is None:
        raise not_found()
    file = rows.find(desk, connection, file_id, case_id=case.id)
    if file is None:
        raise not_found()
    if file.origin == rows.PARTNER:
        return file
    report = reports.find(connection, case_id)
    if file.submission_id is None or report is None:
        raise not_found()
    if desk.clock() >= report.expires_at:
        raise Refusal(410, "The file has expired")
    return file
