"""A partner's own cases over HTTP: list, show, cancel (contract, section 5).

The portal has them, and it looks at the organisation: here another's case id is treated like any
other, and so takes the same way to the same 404.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.cases import filters as case_filters
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.identity.bearer import principal
from fulfillment_sdk.server.gateway.paging import Page, as_list
from fulfillment_sdk.server.gateway.upstream.calls import Reply


class CaseViews:
    """``cases/``, ``cases/{id}/`` and ``cases/{id}/cancel/``."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[Route]:
        """Return the calls' routes below ``prefix``."""
        calls = (
            ("GET", "cases/", self.list_cases),
            ("GET", "cases/{case_id}/", self.show_case),
            ("POST", "cases/{case_id}/cancel/", self.cancel),
        )
        return http.routes(prefix, calls)

    async def list_cases(self, request: Request) -> Response:
        """Return the organisation's cases, the oldest first, narrowed down by exact filters."""
        context = self._context
        who = await principal(context, request)
        page = Page.of(request)
        query = case_filters.read(request.query_params)
        src_uid = query.pop("src_uid", None)
        if src_uid is not None:
            intake_id = await context.store.read(
                lambda connection: case_filters.intake_of(connection, who.id, src_uid)
            )
            if intake_id is None:
                return http.json_response(as_list([], None))
            query["intake_id"] = intake_id
        query["limit"] = str(page.limit)
        if page.after is not None:
            query["after"] = page.after
        reply = await context.portal.calls.list_cases(
            query, organization_id=who.id, request_id=http.request_id(request.scope)
        )
        if reply is not None and reply.status == 400:
            # All else was read here; the cursor is the portal's own.
            return answers.invalid("after")
        return answered(reply)

    async def show_case(self, request: Request) -> Response:
        """Return one case, with its timeline."""
        context = self._context
        who = await principal(context, request)
        reply = await context.portal.calls.show_case(
            request.path_params["case_id"],
            organization_id=who.id,
            request_id=http.request_id(request.scope),
        )
        return answered(reply)

    async def cancel(self, request: Request) -> Response:
        """Cancel a case; one that the partner has cancelled already is returned as it is."""
        context = self._context
        who = await principal(context, request)
        await answers.read_nothing(request)
        reply = await context.portal.calls.cancel(
            request.path_params["case_id"],
            organization_id=who.id,
            request_id=http.request_id(request.scope),
        )
        return answered(reply)


def answered(reply: Reply | None) -> Response:
    """Pass the portal's answer on: its 200 and 409 byte for byte, its 404 as the gateway's one."""
    if reply is None or reply.status == 400:
        return answers.portal_unavailable()
    if reply.status == 404:
        return answers.not_found()
    return Response(reply.body, reply.status, media_type="application/json")
