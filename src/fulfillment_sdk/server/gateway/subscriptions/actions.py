"""What a partner does with a subscription: take a new secret, try it out (contract, section 5)."""

from __future__ import annotations

import sqlalchemy as sa
from attrs import evolve
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment_sdk import signing
from fulfillment_sdk.plugins.webhooks.live_secrets import LiveSecret, read_secrets, write_secrets
from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.identity.bearer import principal
from fulfillment_sdk.server.gateway.subscriptions.fields import read_secret
from fulfillment_sdk.server.gateway.subscriptions.rows import mine
from fulfillment_sdk.server.gateway.subscriptions.secrets import old_until, rotated
from fulfillment_sdk.server.gateway.subscriptions.trial_events import trial
from fulfillment_sdk.times import format_time


class SubscriptionActions:
    """``subscriptions/{id}/rotate-secret/`` and ``subscriptions/{id}/test/``."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[Route]:
        """Return the calls' routes under ``prefix``."""
        calls = (
            ("POST", "subscriptions/{id}/rotate-secret/", self.rotate),
            ("POST", "subscriptions/{id}/test/", self.test),
        )
        return http.routes(prefix, calls)

    async def rotate(self, request: Request) -> Response:
        """Have a new secret sign beside the old one, which goes on for 24 hours.

        The new one is made here, unless the partner brings its own: with that the call may be
        repeated. It is told here and never again.
        """
        context = self._context
        who = await principal(context, request)
        name = request.path_params["id"]
        secret = read_secret(await answers.read_nothing(request)) or signing.new_secret()
        now = context.clock()

        def turn(connection: sa.Connection) -> tuple[LiveSecret, ...] | None:
            found = mine(context, connection, name, who.id, for_update=True)
            if found is None:
                return None
            secrets = rotated(read_secrets(found.settings["secrets"]), secret, now=now)
            settings = {**found.settings, "secrets": write_secrets(secrets)}
            context.relay.put_destination(connection, evolve(found, settings=settings))
            return secrets

        secrets = await context.store.write(turn)
        if secrets is None:
            return answers.not_found()
        ends = old_until(secrets, now=now)
        return http.json_response(
            {
                "secret": secret,
                "old_secret_expires_at": None if ends is None else format_time(ends),
            },
            headers={"Cache-Control": "no-store"},
        )

    async def test(self, request: Request) -> Response:
        """Send a test event to this subscription alone, whatever it filters by: 202 with its id.

        What became of it is in the subscription's deliveries.
        """
        context = self._context
        who = await principal(context, request)
        name = request.path_params["id"]
        await answers.read_nothing(request)
        found = await context.store.read(lambda connection: mine(context, connection, name, who.id))
        if found is None:
            return answers.not_found()
        if not found.enabled:
            return http.error("Subscription is disabled", 409)
        event = trial(
            context.ids("evt"), subscription=name, organization_id=who.id, now=context.clock()
        )
        accepted = await context.relay.accept(event)
        if accepted.deliveries == 0:  # it was deleted meanwhile
            return answers.not_found()
        return http.json_response({"event_id": event.id}, 202)
