"""Subscriptions over HTTP; each is a destination of the gateway's relay (contract, section 5)."""

from __future__ import annotations

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment_sdk import signing
from fulfillment_sdk.relay import Destination, RetryPolicy
from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.bearer import principal
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.gateway.paging import Page, as_list
from fulfillment_sdk.server.gateway.subscription_fields import read_changes, read_wanted
from fulfillment_sdk.times import format_time

SINK = "webhook"
"""The kind of sink that serves subscriptions."""

# Contract, section 4: tries of a 400 or 422, and when a dead endpoint's subscription is disabled.
_REJECT_TRIES = 3
_DISABLE_AFTER = (5 * 86_400.0, 20)


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
        wanted = read_wanted(await answers.read_object(request), dev=context.settings.dev)
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
            owner=who.id,
            policy=RetryPolicy(
                schedule=context.settings.retry_schedule,
                jitter=0.2,
                reject_tries=_REJECT_TRIES,
                disable_after=_DISABLE_AFTER,
            ),
            created_at=context.clock(),
        )
        stored = await context.store.write(
            lambda connection: context.relay.put_destination(connection, destination)
        )
        return http.json_response(
            {**shown(stored), "secret": secret}, 201, headers={"Cache-Control": "no-store"}
        )

    async def all(self, request: Request) -> Response:
        """List the organisation's subscriptions, oldest first."""
        context = self._context
        who = await principal(context, request)
        page = Page.of(request)
        mine = await context.store.read(
            lambda connection: context.relay.list_destinations(connection, who.id)
        )
        found, following = page.cut(mine, lambda destination: destination.name)
        return http.json_response(as_list([shown(one) for one in found], following))

    async def show(self, request: Request) -> Response:
        """Show one subscription, without its secret."""
        context = self._context
        who = await principal(context, request)
        name = request.path_params["id"]
        found = await context.store.read(lambda connection: self._mine(connection, name, who.id))
        return answers.not_found() if found is None else http.json_response(shown(found))

    async def change(self, request: Request) -> Response:
        """Change what is given of ``url``, ``events``, ``description`` and ``enabled``.

        Enabled again, it gets what was kept for it meanwhile.
        """
        context = self._context
        who = await principal(context, request)
        name = request.path_params["id"]
        changes = read_changes(await answers.read_object(request), dev=context.settings.dev)

        def change(connection: sa.Connection) -> Destination | None:
            mine = self._mine(connection, name, who.id)
            if mine is None:
                return None
            return context.relay.put_destination(connection, changes.of(mine))

        changed = await context.store.write(change)
        return answers.not_found() if changed is None else http.json_response(shown(changed))

    async def delete(self, request: Request) -> Response:
        """Delete one subscription, with what is pending for it."""
        context = self._context
        who = await principal(context, request)
        name = request.path_params["id"]

        def remove(connection: sa.Connection) -> bool:
            mine = self._mine(connection, name, who.id) is not None
            return mine and context.relay.remove_destination(connection, name)

        removed = await context.store.write(remove)
        return Response(status_code=204) if removed else answers.not_found()

    def _mine(self, connection: sa.Connection, name: str, owner: str) -> Destination | None:
        found = self._context.relay.get_destination(connection, name)
        return found if found is not None and found.owner == owner else None


def shown(destination: Destination) -> dict[str, object]:
    """Return a subscription as its owner sees it, which is without the secret."""
    return {
        "id": destination.name,
        "url": destination.settings["url"],
        "events": list(destination.types),
        "description": destination.settings["description"],
        "enabled": destination.enabled,
        "created_at": format_time(destination.created_at or 0.0),
    }
