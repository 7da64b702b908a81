"""Attachments over HTTP: a partner's upload, passed on to the portal as it comes in.

Contract, section 2. The gateway keeps nothing of it.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.identity.bearer import principal
from fulfillment_sdk.server.gateway.upstream.connection import FAILURES, log_unusable
from fulfillment_sdk.server.gateway.upstream.streams import Stored
from fulfillment_sdk.server.uploads import BadUpload, bounded, open_form
from fulfillment_sdk.server.windows import caller

PASSED_ON: Final = (201, 400, 413, 415, 429)
"""The portal's answers that are the partner's business; any other is a 503."""


class Attachments:
    """``attachments/``: takes one file in a form's field ``file``."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[Route]:
        """Return the call's routes below ``prefix``."""
        return http.with_and_without_slash(
            f"{prefix}/attachments/", self.upload, ["POST"], "attachments"
        )

    async def upload(self, request: Request) -> Response:
        """Store an attachment until a case refers to it: 201 with its id."""
        context = self._context
        who = await principal(context, request, counted=False)
        wait = context.case_limit.wait(("attachments", who.id, caller(request)), context.clock())
        if wait is not None:
            return answers.too_many(wait)
        request_id = http.request_id(request.scope)
        try:
            form = await open_form(request)
            stored = await context.portal.streams.upload(
                bounded(form.chunks()),
                organization_id=who.id,
                file_name=form.file_name,
                request_id=request_id,
            )
        except BadUpload as bad:
            return http.error(bad.message, bad.status)
        except http.BodyTooLarge:
            return http.error(answers.TOO_LARGE, 413)
        except FAILURES:
            return answers.portal_unavailable()
        return _answered(stored, request_id)


def _answered(stored: Stored, request_id: str) -> Response:
    if stored.status not in PASSED_ON:
        log_unusable("attachments", stored.status, request_id=request_id)
        return answers.portal_unavailable()
    after = {} if stored.retry_after is None else {"Retry-After": stored.retry_after}
    return Response(stored.body, stored.status, after, "application/json")
