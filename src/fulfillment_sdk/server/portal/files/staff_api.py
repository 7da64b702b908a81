"""Staff's endpoints for files: added to a form before it is submitted, and fetched.

Contract, section 7.
"""

from __future__ import annotations

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response

from fulfillment_sdk.server.http import json_response
from fulfillment_sdk.server.portal import cases
from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.door import path_id
from fulfillment_sdk.server.portal.files import downloads, evidence, rows, taking, views
from fulfillment_sdk.server.portal.files.rows import File
from fulfillment_sdk.server.portal.refusal import Refusal, not_found
from fulfillment_sdk.server.portal.staff import Member
from fulfillment_sdk.server.uploads import BadUpload, open_form


async def add(desk: Desk, request: Request, member: Member) -> Response:
    """``POST cases/{id}/files/`` (multipart, field ``file``): 201 with the file."""
    case_id = path_id(request, "case_id")
    # Whoever may not add anything need not send it first.
    await desk.store.read(
        lambda connection: evidence.place(connection, case_id, by=member, find=cases.find)
    )
    try:
        form = await open_form(request)
        file = await taking.take(
            desk,
            form.chunks(),
            claimed_name=form.file_name,
            place=lambda connection: evidence.place(connection, case_id, by=member),
            confirm=evidence.still_in_progress,
        )
    except BadUpload as bad:
        raise Refusal(bad.status, bad.message) from None
    return json_response(views.for_staff(file), 201)


async def download(desk: Desk, request: Request, _member: Member) -> Response:
    """``GET`` or ``HEAD cases/{id}/files/{file_id}/``: a file of the case, an attachment too."""
    case_id, file_id = path_id(request, "case_id"), path_id(request, "file_id")

    def find(connection: sa.Connection) -> File:
        file = rows.find(desk, connection, file_id, case_id=case_id)
        if file is None:
            raise not_found()
        return file

    file = await desk.store.read(find)
    return await downloads.answer(desk, file, method=request.method)
