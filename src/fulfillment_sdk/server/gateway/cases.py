"""The case calls over HTTP: creation and the report (contract, sections 2 and 5)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from fulfillment_sdk import casefile
from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers, intake
from fulfillment_sdk.server.gateway.bearer import principal
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.limits import caller
from fulfillment_sdk.server.gateway.schema import cases
from fulfillment_sdk.strictjson import parse_object

LARGEST_CASE = 1024 * 1024
"""Limit of a case's body, in bytes."""

_LONGEST_KEY = 255
_PORTAL_UNAVAILABLE_AFTER = "5"
_BUSY_AFTER = "1"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]", re.ASCII)


class Cases:
    """Case creation at the prefix itself, and ``cases/{id}/report/`` below it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[Route]:
        """Return the calls' routes; ``prefix`` is where cases are created."""
        return [
            *http.with_and_without_slash(f"{prefix}/", self.create, ["POST"], "create-case"),
            *http.with_and_without_slash(
                f"{prefix}/cases/{{case_id}}/report/", self.report, ["GET"], "report"
            ),
        ]

    async def create(self, request: Request) -> Response:
        """Create a case; what can be wrong is looked at in the contract's order."""
        context = self._context
        who = await principal(context, request)
        wait = context.case_limit.wait((who.id, caller(request)), context.clock())
        if wait is not None:
            return http.error("Too many requests", 429, headers={"Retry-After": str(wait)})
        body = await http.read_body(request, LARGEST_CASE)
        refused = answers.not_json(request)
        if refused is not None:
            return refused
        case = parse_object(body)
        problem = casefile.first_problem(case, now=context.clock())
        if problem is not None:
            return http.error(problem.message, 400)
        key = request.headers.get("idempotency-key", "").strip()
        if len(key) > _LONGEST_KEY:
            return answers.invalid("Idempotency-Key")
        outcome = await intake.create_case(
            context,
            organization_id=who.id,
            case=case,
            idempotency_key=key,
            request_id=http.request_id(request.scope),
        )
        return _answer(outcome)

    async def report(self, request: Request) -> Response:
        """Pass a case's report on from the portal as a download."""
        context = self._context
        who = await principal(context, request)
        case_id = request.path_params["case_id"]
        owner, number = await context.store.read(lambda connection: _owner(connection, case_id))
        if owner not in (None, who.id):
            return answers.not_found()
        stack = AsyncExitStack()
        try:
            # A case whose 201 was never recorded here (a crash) is known to the portal alone,
            # which looks at the organisation too.
            answer = await stack.enter_async_context(
                context.portal.report(
                    case_id,
                    organization_id=who.id,
                    request_id=http.request_id(request.scope),
                )
            )
        except (aiohttp.ClientError, TimeoutError, OSError):
            await stack.aclose()
            return _portal_unavailable()
        if answer.status != 200:
            await stack.aclose()
            return _no_report(answer.status)
        headers = {
            "Content-Disposition": f'attachment; filename="{_file_name(number or case_id)}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        }
        if answer.length is not None:
            headers["Content-Length"] = answer.length
        return _Download(answer.chunks, stack, headers)


def _answer(outcome: intake.Outcome) -> Response:
    if outcome.kind == "created":
        return Response(outcome.body, 201, media_type="application/json")
    if outcome.kind == "refused":
        return Response(outcome.body, 400, media_type="application/json")
    if outcome.kind == "conflict":
        return http.error("Idempotency key reused with a different request", 409)
    return _portal_unavailable(_BUSY_AFTER if outcome.kind == "busy" else None)


def _portal_unavailable(after: str | None = None) -> Response:
    return http.error(
        "Portal unavailable", 503, headers={"Retry-After": after or _PORTAL_UNAVAILABLE_AFTER}
    )


def _no_report(status: int) -> Response:
    if status == 404:
        return answers.not_found()
    if status == 410:
        return http.error("Report has expired", 410)
    return _portal_unavailable()


def _owner(connection: sa.Connection, case_id: str) -> tuple[str | None, str | None]:
    """Whose case it is, and its number; two ``None`` where this gateway has no row of it."""
    row = connection.execute(
        sa.select(cases.c.organization_id, cases.c.reference_number).where(
            cases.c.case_id == case_id
        )
    ).one_or_none()
    return (None, None) if row is None else (row.organization_id, row.reference_number)


def _file_name(name: str) -> str:
    return (_UNSAFE.sub("_", name)[:100].lstrip(".") or "report") + ".pdf"


class _Download(StreamingResponse):
    """A streamed answer that lets go of its source however it ends, also if it never began."""

    def __init__(
        self, chunks: AsyncIterator[bytes], stack: AsyncExitStack, headers: dict[str, str]
    ) -> None:
        super().__init__(chunks, media_type="application/pdf", headers=headers)
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._stack:
            await super().__call__(scope, receive, send)
