"""What the gateway asks on behalf of a partner: its cases, a cancellation, a report once more.

Every call names the partner's organisation, and another's case is the 404 of one that does not
exist. Contract, section 5; the hop is section 4's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from fulfillment_sdk.server.http import json_response
from fulfillment_sdk.server.portal import decide, partner_cases, partner_views, views
from fulfillment_sdk.server.portal.desk import Desk
from fulfillment_sdk.server.portal.door import json_body, organization_id_of, page, path_id
from fulfillment_sdk.server.portal.refusal import Refusal

_KEY: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}", re.ASCII)


def _key(name: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not _KEY.fullmatch(text):
            raise Refusal(400, f"Invalid value for field: {name}")
        return text

    return read


_FILTERS: Final[Mapping[str, Callable[[str], str]]] = {
    "status": decide.known_status,
    "reference_number": _key("reference_number"),
    "intake_id": _key("intake_id"),
}
"""What a list is filtered by, exactly: columns of the cases, and how a value is read."""


async def list_cases(desk: Desk, request: Request) -> Response:
    """``GET intake/cases/?organization_id=&after=&limit=`` and filters: the oldest first."""
    organization_id = organization_id_of(request.query_params.get("organization_id"))
    after, limit = page(request)
    exactly = {
        name: read(request.query_params[name])
        for name, read in _FILTERS.items()
        if name in request.query_params
    }
    found = await desk.store.read(
        lambda connection: partner_cases.page(
            desk, connection, organization_id, exactly=exactly, after=after, limit=limit + 1
        )
    )
    return json_response(views.listed(found, partner_views.listed, limit=limit))


async def show_case(desk: Desk, request: Request) -> Response:
    """``GET intake/cases/{id}/?organization_id=``: the case, with its timeline."""
    case_id = path_id(request, "case_id")
    organization_id = organization_id_of(request.query_params.get("organization_id"))
    shown = await desk.store.read(
        lambda connection: partner_cases.show(desk, connection, case_id, organization_id)
    )
    return json_response(shown)


async def cancel(desk: Desk, request: Request) -> Response:
    """``POST intake/cases/{id}/cancel/ {"organization_id"}``: the case, cancelled."""
    case_id = path_id(request, "case_id")
    organization_id = organization_id_of((await json_body(request)).get("organization_id"))
    shown = await desk.store.write(
        lambda connection: partner_cases.cancel(desk, connection, case_id, organization_id)
    )
    return json_response(shown)


async def reissue_report(desk: Desk, request: Request) -> Response:
    """``POST intake/cases/{id}/report/ {"organization_id"}``: where it is, and until when."""
    case_id = path_id(request, "case_id")
    organization_id = organization_id_of((await json_body(request)).get("organization_id"))
    report = await desk.store.write(
        lambda connection: partner_cases.reissue(desk, connection, case_id, organization_id)
    )
    return json_response(partner_views.issued(report, public_url=desk.public_url))
