"""A case's report over HTTP: passed on as a download, issued again (contract, section 5)."""

from __future__ import annotations

from contextlib import AsyncExitStack

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.cases.downloads import PassedOn, file_name
from fulfillment_sdk.server.gateway.cases.views import answered
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.identity.bearer import principal
from fulfillment_sdk.server.gateway.schema import cases
from fulfillment_sdk.server.gateway.upstream.connection import FAILURES


class CaseReports:
    """``cases/{id}/report/``: GET fetches it, POST has an expired one issued again."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[Route]:
        """Return the calls' routes below ``prefix``."""
        path = f"{prefix}/cases/{{case_id}}/report/"
        return http.with_and_without_slash(path, self.report, ["GET", "POST"], "report")

    async def report(self, request: Request) -> Response:
        """Have it issued again, or fetch it."""
        return await (self.reissue(request) if request.method == "POST" else self.fetch(request))

    async def fetch(self, request: Request) -> Response:
        """Pass a case's report on from the portal, which looks whose it is."""
        context = self._context
        who = await principal(context, request)
        case_id = request.path_params["case_id"]
        # Only a name. A case whose 201 was never recorded here (a crash) has none.
        number = await context.store.read(lambda connection: _number(connection, case_id, who.id))
        stack = AsyncExitStack()
        try:
            report = await stack.enter_async_context(
                context.portal.streams.report(
                    case_id,
                    organization_id=who.id,
                    request_id=http.request_id(request.scope),
                )
            )
        except FAILURES:
            await stack.aclose()
            return answers.portal_unavailable()
        if report.status != 200:
            await stack.aclose()
            return _no_report(report.status)
        name = file_name(number or case_id, ".pdf")
        return PassedOn(
            report,
            stack,
            media_type="application/pdf",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    async def reissue(self, request: Request) -> Response:
        """Have a completed case's report be there for another while; says until when."""
        context = self._context
        who = await principal(context, request)
        await answers.read_nothing(request)
        reply = await context.portal.calls.reissue_report(
            request.path_params["case_id"],
            organization_id=who.id,
            request_id=http.request_id(request.scope),
        )
        return answered(reply)


def _no_report(status: int) -> Response:
    if status == 404:
        return answers.not_found()
    if status == 410:
        return http.error("Report has expired", 410)
    return answers.portal_unavailable()


def _number(connection: sa.Connection, case_id: str, organization_id: str) -> str | None:
    statement = sa.select(cases.c.reference_number).where(
        cases.c.case_id == case_id, cases.c.organization_id == organization_id
    )
    return connection.execute(statement).scalar_one_or_none()
