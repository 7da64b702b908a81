"""The tokens that partners hold, as staff sees and ends them (contract, section 7)."""

from __future__ import annotations

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.answers import Refused
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.identity import issued, organizations
from fulfillment_sdk.server.gateway.identity.bearer import check_staff
from fulfillment_sdk.server.gateway.identity.issued import Issued
from fulfillment_sdk.server.gateway.paging import Page, as_list
from fulfillment_sdk.times import format_time


class AdminTokens:
    """``/admin/api/tokens/``: lists what was issued, and revokes; the tokens are not kept."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[Route]:
        """Return the calls' routes under ``prefix``."""
        calls = (
            ("GET", "tokens/", self.tokens),
            ("POST", "tokens/{jti}/revoke/", self.revoke),
            ("POST", "organizations/{id}/tokens/revoke/", self.revoke_all),
        )
        return http.routes(prefix, calls)

    async def tokens(self, request: Request) -> Response:
        """List tokens; ``?organization_id=`` and ``?state=`` pick some."""
        context = self._context
        check_staff(context, request)
        page = Page.of(request)
        organization_id = request.query_params.get("organization_id")
        state = next(
            (one for one in issued.STATES if one == request.query_params.get("state")), None
        )
        if state is None and "state" in request.query_params:
            return answers.invalid("state")
        if "\0" in (organization_id or ""):
            return answers.invalid("organization_id")
        now = context.clock()

        def look(connection: sa.Connection) -> list[Issued]:
            found = issued.page(
                connection,
                organization_id=organization_id,
                state=state,
                now=now,
                after=page.after,
                limit=page.limit + 1,
            )
            return list(found)

        found = await context.store.read(look)
        shown = found[: page.limit]
        following = shown[-1].jti if len(found) > page.limit else None
        return http.json_response(as_list([_shown(one, now) for one in shown], following))

    async def revoke(self, request: Request) -> Response:
        """Revoke one token; it stops at once, and a second time changes nothing."""
        context = self._context
        check_staff(context, request)
        jti, now = request.path_params["jti"], context.clock()

        def act(connection: sa.Connection) -> Issued | None:
            issued.revoke_one(connection, jti, now=now)
            return issued.get(connection, jti)

        revoked = None if "\0" in jti else await context.store.write(act)
        return answers.not_found() if revoked is None else http.json_response(_shown(revoked, now))

    async def revoke_all(self, request: Request) -> Response:
        """Revoke every token of an organisation, which may obtain new ones as before."""
        context = self._context
        check_staff(context, request)
        organization_id, now = request.path_params["id"], context.clock()

        def act(connection: sa.Connection) -> int:
            if "\0" in organization_id or organizations.lock(connection, organization_id) is None:
                raise Refused(answers.not_found())
            return issued.revoke_all(connection, organization_id, now=now)

        return http.json_response({"revoked": await context.store.write(act)})


def _shown(one: Issued, now: float) -> dict[str, object]:
    return {
        "jti": one.jti,
        "organization_id": one.organization_id,
        "state": one.state(now),
        "email_id": one.email_id,
        "issued_at": format_time(one.issued_at),
        "expires_at": format_time(one.expires_at),
        "revoked_at": None if one.revoked_at is None else format_time(one.revoked_at),
    }
