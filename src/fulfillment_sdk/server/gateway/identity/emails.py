"""An organisation's further addresses over HTTP: its owner decides who may act for it."""

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
from fulfillment_sdk.server.gateway.identity.bearer import Principal, principal
from fulfillment_sdk.server.gateway.identity.names import email_key
from fulfillment_sdk.server.gateway.identity.organizations import Email
from fulfillment_sdk.server.gateway.paging import Page, as_list
from fulfillment_sdk.times import format_time

_MOST = 100
_ONLY_OWNER = "Only a token of the organization's first address may see or change its addresses"


class Emails:
    """``emails/``: list, add, remove (beyond the documents; contract, section 1, organisations)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[Route]:
        """Return the calls' routes under ``prefix``."""
        return [
            *http.with_and_without_slash(f"{prefix}/emails/", self.many, ["GET", "POST"], "emails"),
            *http.with_and_without_slash(
                f"{prefix}/emails/{{id}}/", self.remove, ["DELETE"], "email"
            ),
        ]

    async def many(self, request: Request) -> Response:
        """Add an address, or list them."""
        return await (self.add(request) if request.method == "POST" else self.all(request))

    async def all(self, request: Request) -> Response:
        """List the organisation's addresses, oldest first."""
        context = self._context
        who = await principal(context, request)
        page = Page.of(request)

        def look(connection: sa.Connection) -> list[Email]:
            return self._as_owner(connection, who)

        found, following = page.cut(await context.store.read(look), lambda email: email.id)
        return http.json_response(as_list([shown(one) for one in found], following))

    async def add(self, request: Request) -> Response:
        """Add an address: from now on its mailbox may obtain tokens for the organisation."""
        context = self._context
        who = await principal(context, request)
        given = (await answers.read_object(request)).get("email")
        if given is None or given == "":
            return answers.missing("email")
        address = email_key(given) if isinstance(given, str) else None
        if address is None:
            return answers.invalid("email")
        email = Email(context.ids("eml"), who.id, "member", address, context.clock())

        def add(connection: sa.Connection) -> Email:
            organizations.lock(connection, who.id)
            known = self._as_owner(connection, who)
            there = next((one for one in known if one.email == address), None)
            if there is not None:
                return there
            if len(known) >= _MOST:
                raise Refused(http.error("Too many addresses", 409))
            digest = context.digests.member(who.id, address)
            organizations.add_email(connection, email, context.store.sealer, digest=digest)
            return email

        return http.json_response(shown(await context.store.write(add)), 201)

    async def remove(self, request: Request) -> Response:
        """Remove an address and revoke its tokens; the owner's own stays."""
        context = self._context
        who = await principal(context, request)
        email_id = request.path_params["id"]
        now = context.clock()

        def remove(connection: sa.Connection) -> Response:
            organizations.lock(connection, who.id)
            known = {one.id: one for one in self._as_owner(connection, who)}
            email = known.get(email_id)
            if email is None:
                return answers.not_found()
            if email.role == "owner":
                return http.error("The owner's address can't be removed", 409)
            organizations.remove_email(connection, email_id)
            issued.revoke_email(connection, email_id, now=now)
            return Response(status_code=204)

        return await context.store.write(remove)

    def _as_owner(self, connection: sa.Connection, who: Principal) -> list[Email]:
        """The organisation's addresses; raises ``Refused`` unless the owner's token asks."""
        mine = issued.email_id(connection, who.claims.jti)
        known = organizations.emails_of(connection, who.id, self._context.store.sealer)
        if not any(one.id == mine and one.role == "owner" for one in known):
            raise Refused(answers.not_authorized(_ONLY_OWNER))
        return known


def shown(email: Email) -> dict[str, object]:
    """Return an address as the organisation's owner sees it."""
    return {
        "id": email.id,
        "email": email.email,
        "role": email.role,
        "added_at": format_time(email.added_at),
    }
