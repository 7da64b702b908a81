"""The gateway's own administration: organisations and deliveries (contract, section 7)."""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.answers import Refused
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.identity import organizations
from fulfillment_sdk.server.gateway.identity.bearer import check_staff
from fulfillment_sdk.server.gateway.identity.organizations import Email, Organization, State
from fulfillment_sdk.server.gateway.paging import Page, as_list
from fulfillment_sdk.server.gateway.subscriptions.delivery_ids import delivery_id, parse_delivery_id
from fulfillment_sdk.times import format_time

# What each action needs and leads to; an organisation that is there already stays as it is.
ACTIONS: dict[str, tuple[frozenset[str], State]] = {
    "approve": (frozenset({"pending"}), "active"),
    "deactivate": (frozenset({"pending", "active"}), "deactivated"),
    "activate": (frozenset({"deactivated"}), "active"),
}
_State = Literal["pending", "dead"]
_UNDELIVERED: dict[str | None, _State | None] = {None: None, "pending": "pending", "dead": "dead"}
_STATES = frozenset({"pending", "active", "deactivated"})


def next_state(action: str, state: str) -> State | None:
    """Return the state that an action leads to from ``state``, ``None`` where it can't be taken."""
    needs, leads_to = ACTIONS[action]
    return leads_to if state in needs or state == leads_to else None


class Admin:
    """``/admin/api/``: every call needs the staff token as bearer token."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[Route]:
        """Return the calls' routes under ``prefix``."""
        calls = (
            ("GET", "organizations/", self.organizations),
            ("POST", "organizations/{id}/{action}/", self.act),
            ("GET", "deliveries/", self.deliveries),
            ("POST", "deliveries/{id}/replay/", self.replay),
        )
        return http.routes(prefix, calls)

    async def organizations(self, request: Request) -> Response:
        """List organisations with their addresses; ``?state=`` picks those in one state."""
        context = self._context
        check_staff(context, request)
        page = Page.of(request)
        state = request.query_params.get("state")
        if state is not None and state not in _STATES:
            return answers.invalid("state")

        def look(connection: sa.Connection) -> list[dict[str, object]]:
            found = organizations.page(
                connection, state=state, after=page.after, limit=page.limit + 1
            )
            return [self._shown(connection, one) for one in found]

        found = await context.store.read(look)
        shown = found[: page.limit]
        following = str(shown[-1]["id"]) if len(found) > page.limit else None
        return http.json_response(as_list(shown, following))

    async def act(self, request: Request) -> Response:
        """Approve, deactivate or activate an organisation; it takes effect at once."""
        context = self._context
        check_staff(context, request)
        organization_id, action = request.path_params["id"], request.path_params["action"]
        if action not in ACTIONS:
            return answers.not_found()
        now = context.clock()

        def act(connection: sa.Connection) -> dict[str, object]:
            organization = organizations.lock(connection, organization_id)
            if organization is None:
                raise Refused(answers.not_found())
            state = next_state(action, organization.state)
            if state is None:
                raise Refused(http.error(f"Organization is {organization.state}", 409))
            organizations.set_state(connection, organization_id, state, now=now)
            # Whoever may not ask about its cases is told nothing of them either; it is kept.
            switch = (
                context.relay.enable_owner if state == "active" else context.relay.disable_owner
            )
            switch(connection, organization_id, organizations.DETAILS["deactivated"])
            changed = organizations.get(connection, organization_id)
            return self._shown(connection, changed or organization)

        return http.json_response(await context.store.write(act))

    async def deliveries(self, request: Request) -> Response:
        """List deliveries to subscriptions: pending and dead ones, or those of ``?state=``."""
        context = self._context
        check_staff(context, request)
        page = Page.of(request)
        state = request.query_params.get("state")
        try:
            if state == "delivered":
                return http.json_response(await self._delivered(page))
            if state in _UNDELIVERED:
                return http.json_response(await self._undelivered(page, _UNDELIVERED[state]))
        except ValueError:
            return answers.invalid("after")
        return answers.invalid("state")

    async def _delivered(self, page: Page) -> dict[str, object]:
        found = await self._context.relay.attempts(
            outcome="delivered", after=page.after, limit=page.limit
        )
        rows = [
            _row(one.destination, one.event_id, one.lane, "delivered", one.attempt, one.why)
            for one in found
        ]
        return as_list(rows, found.next)

    async def _undelivered(self, page: Page, state: _State | None) -> dict[str, object]:
        found = await self._context.relay.undelivered(
            state=state, after=page.after, limit=page.limit
        )
        rows = [
            {
                **_row(one.destination, one.event_id, one.lane, one.state, one.attempts, one.why),
                "due_at": None if one.due_at is None else format_time(one.due_at),
            }
            for one in found
        ]
        return as_list(rows, found.next)

    async def replay(self, request: Request) -> Response:
        """Send an event once more to one subscription, under its old id."""
        context = self._context
        check_staff(context, request)
        found = parse_delivery_id(request.path_params["id"])
        if found is None or not await context.relay.replay(*found):
            return answers.not_found()
        return http.json_response({"id": delivery_id(*found), "state": "pending"}, 202)

    def _shown(self, connection: sa.Connection, organization: Organization) -> dict[str, object]:
        known = organizations.emails_of(connection, organization.id, self._context.store.sealer)
        return {
            "id": organization.id,
            "name": organization.name,
            "state": organization.state,
            "created_at": format_time(organization.created_at),
            "changed_at": format_time(organization.changed_at),
            "emails": [_address(email) for email in known],
        }


def _row(
    subscription: str, event_id: str, case_id: str, state: str, attempts: int, why: str
) -> dict[str, object]:
    return {
        "id": delivery_id(subscription, event_id),
        "subscription_id": subscription,
        "event_id": event_id,
        "case_id": case_id,
        "state": state,
        "attempts": attempts,
        "why": why,
    }


def _address(email: Email) -> dict[str, object]:
    return {"email": email.email, "role": email.role, "added_at": format_time(email.added_at)}
