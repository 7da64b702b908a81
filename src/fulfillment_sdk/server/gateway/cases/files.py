"""The files of a case over HTTP: passed on from the portal as downloads (contract, section 5)."""

from __future__ import annotations

from contextlib import AsyncExitStack

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.cases.downloads import PassedOn
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.identity.bearer import principal
from fulfillment_sdk.server.gateway.upstream.connection import FAILURES


class CaseFiles:
    """``cases/{id}/files/{file_id}/``."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[Route]:
        """Return the call's routes below ``prefix``."""
        return http.with_and_without_slash(
            f"{prefix}/cases/{{case_id}}/files/{{file_id}}/", self.fetch, ["GET"], "case-file"
        )

    async def fetch(self, request: Request) -> Response:
        """Pass a file on from the portal, which looks whose it is."""
        context = self._context
        who = await principal(context, request)
        stack = AsyncExitStack()
        try:
            file = await stack.enter_async_context(
                context.portal.streams.file(
                    request.method,
                    request.path_params["case_id"],
                    request.path_params["file_id"],
                    organization_id=who.id,
                    request_id=http.request_id(request.scope),
                )
            )
        except FAILURES:
            await stack.aclose()
            return answers.portal_unavailable()
        if file.status != 200:
            await stack.aclose()
            return _no_file(file.status)
        headers = dict(file.headers)
        media_type = headers.pop("Content-Type", "application/octet-stream")
        return PassedOn(file, stack, media_type=media_type, headers=headers)


def _no_file(status: int) -> Response:
    if status == 404:
        return answers.not_found()
    if status == 410:
        return http.error("File has expired", 410)
    return answers.portal_unavailable()
