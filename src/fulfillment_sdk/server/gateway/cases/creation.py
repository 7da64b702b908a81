"""Case creation over HTTP (contract, section 2)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment_sdk import casefile
from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.cases import intake
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.identity.bearer import principal
from fulfillment_sdk.server.windows import caller
from fulfillment_sdk.strictjson import parse_object

LARGEST_CASE = 1024 * 1024
"""Limit of a case's body, in bytes."""

_LONGEST_KEY = 255
_BUSY_AFTER = "1"


class Cases:
    """Case creation, at the prefix itself."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[Route]:
        """Return the call's routes; ``prefix`` is where cases are created."""
        return http.with_and_without_slash(f"{prefix}/", self.create, ["POST"], "create-case")

    async def create(self, request: Request) -> Response:
        """Create a case; what can be wrong is looked at in the contract's order."""
        context = self._context
        who = await principal(context, request, counted=False)
        wait = context.case_limit.wait((who.id, caller(request)), context.clock())
        if wait is not None:
            return answers.too_many(wait)
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


def _answer(outcome: intake.Outcome) -> Response:
    if outcome.kind == "created":
        return Response(outcome.body, 201, media_type="application/json")
    if outcome.kind == "refused":
        return Response(outcome.body, 400, media_type="application/json")
    if outcome.kind == "conflict":
        return http.error("Idempotency key reused with a different request", 409)
    return answers.portal_unavailable(_BUSY_AFTER if outcome.kind == "busy" else None)
