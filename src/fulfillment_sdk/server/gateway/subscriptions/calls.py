"""Subscriptions over HTTP; each is a destination of the gateway's relay (contract, section 5)."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment_sdk import signing
from fulfillment_sdk.relay import Destination, RetryPolicy
from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.answers import Refused
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.identity.bearer import principal
from fulfillment_sdk.server.gateway.paging import Page, as_list
from fulfillment_sdk.server.gateway.subscriptions.fields import (
    BY_ADMIN,
    only,
    read_changes,
    read_wanted,
)
from fulfillment_sdk.server.gateway.subscriptions.rows import hold_active, mine, shown
from fulfillment_sdk.server.gateway.subscriptions.warnings import (
    ON_CHANGE,
    ON_CREATION,
    misspelt,
    warnings,
)

SINK = "webhook"
"""The kind of sink that serves subscriptions."""

# Contract, section 4: tries of a 400 or 422, and when a dead endpoint's subscription is disabled.
_REJECT_TRIES = 3
_DISABLE_AFTER = (5 * 86_400.0, 20)
# The sink's 15 s, and the reading of an answer. What a killed gateway had in hand waits for one and
# a half times as long until another one sends it.
_ATTEMPT_SECONDS = 18.0


class Subscriptions:
    """``subscriptions/``: create, list, show, change, delete; always the caller's own."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self, prefix: str) -> list[Route]:
        """Return the calls' routes under ``prefix``."""
        return [
            *http.with_and_without_slash(
                f"{prefix}/subscriptions/", self.many, ["GET", "POST"], "subscriptions"
            ),
            *http.with_and_without_slash(
                f"{prefix}/subscriptions/{{id}}/",
                self.one,
                ["GET", "PATCH", "DELETE"],
                "subscription",
            ),
        ]

    async def many(self, request: Request) -> Response:
        """Create a subscription, or list them."""
        return await (self.create(request) if request.method == "POST" else self.all(request))

    async def one(self, request: Request) -> Response:
        """Show a subscription, change it, or delete it."""
        calls = {"DELETE": self.delete, "PATCH": self.change}
        return await calls.get(request.method, self.show)(request)

    async def create(self, request: Request) -> Response:
        """Create a subscription; the secret is told here and never again."""
        context = self._context
        who = await principal(context, request)
        body = await answers.read_object(request)
        wanted = read_wanted(body, dev=context.settings.dev)
        secret = wanted.secret or signing.new_secret()
        destination = Destination(
            context.ids("sub"),
            SINK,
            settings={
                "url": wanted.url,
                "secrets": [secret],
                "description": wanted.description,
            },
            types=wanted.events,
            only=only(wanted.statuses),
            owner=who.id,
            policy=RetryPolicy(
                schedule=context.settings.retry_schedule,
                jitter=0.2,
                reject_tries=_REJECT_TRIES,
                disable_after=_DISABLE_AFTER,
            ),
            timeout=_ATTEMPT_SECONDS,
            created_at=context.clock(),
        )

        def add(connection: sa.Connection) -> Destination:
            hold_active(connection, who.id)
            there = context.relay.list_destinations(connection, who.id)
            if len(there) >= context.settings.subscription_limit:
                raise Refused(http.error("Subscription limit reached", 409))
            return context.relay.put_destination(connection, destination)

        stored = await context.store.write(add)
        return http.json_response(
            {
                **shown(stored, now=context.clock()),
                "secret": secret,
                **_warned(wanted.events, wanted.statuses, misspelt(body, ON_CREATION)),
            },
            201,
            headers={"Cache-Control": "no-store"},
        )

    async def all(self, request: Request) -> Response:
        """List the organisation's subscriptions, oldest first."""
        context = self._context
        who = await principal(context, request)
        page = Page.of(request)
        there = await context.store.read(
            lambda connection: context.relay.list_destinations(connection, who.id)
        )
        found, following = page.cut(there, lambda destination: destination.name)
        now = context.clock()
        return http.json_response(as_list([shown(one, now=now) for one in found], following))

    async def show(self, request: Request) -> Response:
        """Show one subscription, without its secret."""
        context = self._context
        who = await principal(context, request)
        name = request.path_params["id"]
        found = await context.store.read(lambda connection: mine(context, connection, name, who.id))
        return answers.not_found() if found is None else self._told(found)

    async def change(self, request: Request) -> Response:
        """Change what is given of ``url``, ``events``, ``statuses``, ``description``, ``enabled``.

        Enabled again, it gets what was kept for it meanwhile. What an administrator has disabled
        stays so: 409.
        """
        context = self._context
        who = await principal(context, request)
        name = request.path_params["id"]
        body = await answers.read_object(request)
        changes = read_changes(body, dev=context.settings.dev)

        def change(connection: sa.Connection) -> Destination | None:
            if changes.enabled:
                hold_active(connection, who.id)
            found = mine(context, connection, name, who.id, for_update=True)
            if found is None:
                return None
            if changes.enabled and found.disabled_why == BY_ADMIN:
                raise Refused(http.error("Subscription was disabled by an administrator", 409))
            return context.relay.put_destination(connection, changes.of(found))

        changed = await context.store.write(change)
        if changed is None:
            return answers.not_found()
        told = misspelt(body, ON_CHANGE)
        return self._told(changed, **_warned(changes.events or (), changes.statuses or (), told))

    async def delete(self, request: Request) -> Response:
        """Delete one subscription, with what is pending for it."""
        context = self._context
        who = await principal(context, request)
        name = request.path_params["id"]

        def remove(connection: sa.Connection) -> bool:
            found = mine(context, connection, name, who.id)
            return found is not None and context.relay.remove_destination(connection, name)

        removed = await context.store.write(remove)
        return Response(status_code=204) if removed else answers.not_found()

    def _told(self, found: Destination, **more: object) -> Response:
        return http.json_response({**shown(found, now=self._context.clock()), **more})


def _warned(
    events: Sequence[str], statuses: Sequence[str], fields: Sequence[str]
) -> dict[str, object]:
    found = [*warnings(events=events, statuses=statuses), *fields]
    return {"warnings": found} if found else {}
