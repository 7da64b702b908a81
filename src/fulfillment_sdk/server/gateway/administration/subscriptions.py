"""An administrator's hold on one subscription: switch it off, switch it on again."""

from __future__ import annotations

import logging

import sqlalchemy as sa
from attrs import evolve
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment_sdk.relay import Destination
from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.answers import Refused
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.identity import organizations
from fulfillment_sdk.server.gateway.identity.bearer import check_staff
from fulfillment_sdk.server.gateway.subscriptions.fields import BY_ADMIN, TOLD

_logger = logging.getLogger(__name__)


class AdminSubscriptions:
    """``subscriptions/{id}/disable/`` and ``…/enable/``: with the staff token."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[Route]:
        """Return the calls' routes under ``prefix``."""
        calls = (
            ("POST", "subscriptions/{id}/disable/", self.disable),
            ("POST", "subscriptions/{id}/enable/", self.enable),
        )
        return http.routes(prefix, calls)

    async def disable(self, request: Request) -> Response:
        """Send nothing to a subscription any more; its owner is told, its events are kept."""
        context = self._context
        check_staff(context, request)
        name = request.path_params["id"]

        def switch(connection: sa.Connection) -> Destination:
            found = _held(context, connection, name)
            return context.relay.put_destination(
                connection, evolve(found, enabled=False, disabled_why=BY_ADMIN)
            )

        changed = await context.store.write(switch)
        context.disabled.set()
        _logger.warning("subscription %s is %s", changed.name, BY_ADMIN)
        return http.json_response(shown(changed))

    async def enable(self, request: Request) -> Response:
        """Go on with a subscription, whatever disabled it; it gets what was kept for it.

        Not while its organisation is deactivated: 409.
        """
        context = self._context
        check_staff(context, request)
        name = request.path_params["id"]

        def switch(connection: sa.Connection) -> Destination:
            owner = _there(context, connection, name).owner
            organization = organizations.lock(connection, owner)
            state = "gone" if organization is None else organization.state
            if state != "active":
                raise Refused(http.error(f"Organization is {state}", 409))
            found = _held(context, connection, name)
            settings = {key: value for key, value in found.settings.items() if key != TOLD}
            return context.relay.put_destination(
                connection, evolve(found, settings=settings, enabled=True, disabled_why="")
            )

        changed = await context.store.write(switch)
        _logger.warning("subscription %s is enabled by an administrator", changed.name)
        return http.json_response(shown(changed))


def shown(subscription: Destination) -> dict[str, object]:
    """Return a subscription as an administrator sees it: its URL may be a secret of the partner."""
    return {
        "id": subscription.name,
        "organization_id": subscription.owner,
        "enabled": subscription.enabled,
        "disabled_why": None if subscription.enabled else subscription.disabled_why,
    }


def _there(context: Context, connection: sa.Connection, name: str) -> Destination:
    found = context.relay.get_destination(connection, name)
    if found is None:
        raise Refused(answers.not_found())
    return found


def _held(context: Context, connection: sa.Connection, name: str) -> Destination:
    """Return a subscription that nobody else changes before the commit."""
    found = context.relay.get_destination(connection, name, for_update=True)
    if found is None:
        raise Refused(answers.not_found())
    return found
