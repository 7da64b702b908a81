"""The gateway as a party of the server: its routes, its start and its end."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Mapping, Sequence

from starlette.routing import BaseRoute, Mount, Route

from fulfillment_sdk.plugins.webhooks.webhook import WebhookSink
from fulfillment_sdk.relay import SCHEMA as RELAY_SCHEMA
from fulfillment_sdk.relay import Relay
from fulfillment_sdk.server.coordination.peers import Peers, keyrings
from fulfillment_sdk.server.databases import open_store
from fulfillment_sdk.server.gateway import api_document
from fulfillment_sdk.server.gateway.administration.calls import Admin
from fulfillment_sdk.server.gateway.administration.subscriptions import AdminSubscriptions
from fulfillment_sdk.server.gateway.administration.tokens import AdminTokens
from fulfillment_sdk.server.gateway.answers import Gate
from fulfillment_sdk.server.gateway.api_document import ApiDocument
from fulfillment_sdk.server.gateway.cases.attachments import Attachments
from fulfillment_sdk.server.gateway.cases.creation import Cases
from fulfillment_sdk.server.gateway.cases.files import CaseFiles
from fulfillment_sdk.server.gateway.cases.reports import CaseReports
from fulfillment_sdk.server.gateway.cases.views import CaseViews
from fulfillment_sdk.server.gateway.context import Context, Live
from fulfillment_sdk.server.gateway.events.feed import EventsFeed
from fulfillment_sdk.server.gateway.events.notifications import Notifications
from fulfillment_sdk.server.gateway.events.watch import FeedWatch
from fulfillment_sdk.server.gateway.housekeeping import keep_house
from fulfillment_sdk.server.gateway.identity.auth import Auth
from fulfillment_sdk.server.gateway.identity.emails import Emails
from fulfillment_sdk.server.gateway.key_check import check_keys
from fulfillment_sdk.server.gateway.mail import dev_mailbox
from fulfillment_sdk.server.gateway.mail.mailer import Mailbox
from fulfillment_sdk.server.gateway.mail.notices import keep_telling
from fulfillment_sdk.server.gateway.schema import LEASES, SCHEMA
from fulfillment_sdk.server.gateway.subscriptions import endpoint_url
from fulfillment_sdk.server.gateway.subscriptions.actions import SubscriptionActions
from fulfillment_sdk.server.gateway.subscriptions.calls import SINK, Subscriptions
from fulfillment_sdk.server.gateway.subscriptions.deliveries import SubscriptionDeliveries
from fulfillment_sdk.server.gateway.upstream import PortalClient
from fulfillment_sdk.server.observability.pulse import Pulse

_PARTNERS = "/webform"  # below the mount at /api/webhook


class Gateway:
    """The Fulfillment Portal of the documents: the only party that partners talk to.

    ``context`` holds its settings and pure parts; store, relay and connections live from ``start``
    to ``stop``.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._running = contextlib.AsyncExitStack()
        self._routes = _routes(context)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The gateway's routes, with absolute paths."""
        return self._routes

    async def start(self) -> None:
        """Open the store and begin to deliver.

        Raises ``StoreError`` or ``ConfigurationError`` where the store can't be used.
        """
        async with contextlib.AsyncExitStack() as stack:
            context = self.context
            settings = context.settings
            store = await asyncio.to_thread(
                open_store,
                settings,
                "gateway",
                schemas=[SCHEMA, RELAY_SCHEMA],
                clock=context.clock,
            )
            stack.push_async_callback(asyncio.to_thread, store.close)
            await store.read(lambda connection: check_keys(connection, store.sealer))
            peers = Peers(store, LEASES, context.name, keyrings(settings))
            await store.write(peers.join)
            stack.push_async_callback(peers.leave)
            disabled = asyncio.Event()
            relay = Relay(
                store,
                sinks={
                    SINK: WebhookSink(
                        allow=endpoint_url.guard(dev=settings.dev),
                        schemes=endpoint_url.schemes(dev=settings.dev),
                        clock=context.clock,
                    )
                },
                clock=context.clock,
                on_disabled=lambda _name, _why: disabled.set(),
                retention=settings.event_retention,
                feeds=True,
            )
            await stack.enter_async_context(relay.running())
            portal = PortalClient(settings.portal_url, token=settings.intake_token)
            stack.push_async_callback(portal.close)
            pulse = Pulse(store)
            feed_watch = FeedWatch(store, relay)
            context.live = Live(store, relay, portal, pulse, feed_watch, disabled)
            chores = (
                keep_house(store, context.clock),
                pulse.keep_feeling(),
                peers.keep(),
                keep_telling(context, disabled),
                feed_watch.run(),
            )
            for chore in chores:
                stack.push_async_callback(_end, asyncio.create_task(chore))
            self._running = stack.pop_all()

    def end_waits(self) -> None:
        """Answer those who wait for events now."""
        if self.context.live is not None:
            self.context.live.feed_watch.end()

    async def stop(self) -> None:
        """Finish what is in hand, then let go of store and connections; twice does no harm."""
        self.context.live = None
        running, self._running = self._running, contextlib.AsyncExitStack()
        await running.aclose()

    def problems(self) -> list[str]:
        """Say what keeps the gateway from working; empty where nothing does."""
        live = self.context.live
        if live is None:
            return ["gateway: not running"]
        found = [f"gateway: {live.pulse.problem}"] if live.pulse.problem else []
        if not live.relay.is_dispatching:
            found.append("gateway: the dispatcher is not running")
        return found

    def relays(self) -> Mapping[str, Relay]:
        """Return the gateway's relay while it runs."""
        live = self.context.live
        return {} if live is None else {"gateway": live.relay}


def _routes(context: Context) -> list[BaseRoute]:
    partners: list[BaseRoute] = [
        *Auth(context).routes(f"{_PARTNERS}/auth"),
        *Subscriptions(context).routes(_PARTNERS),
        *SubscriptionActions(context).routes(_PARTNERS),
        *SubscriptionDeliveries(context).routes(_PARTNERS),
        *Emails(context).routes(_PARTNERS),
        *Cases(context).routes(_PARTNERS),
        *CaseViews(context).routes(_PARTNERS),
        *CaseReports(context).routes(_PARTNERS),
        *CaseFiles(context).routes(_PARTNERS),
        *EventsFeed(context).routes(_PARTNERS),
        *Attachments(context).routes(_PARTNERS),
    ]
    administration = [
        *Admin(context).routes(""),
        *AdminTokens(context).routes(""),
        *AdminSubscriptions(context).routes(""),
    ]
    mounts: list[BaseRoute] = [
        _mount("/api/webhook", partners, "partners"),
        _mount("/gateway", [*Notifications(context).routes("")], "notifications"),
        _mount("/admin/api", [*administration], "admin"),
        Route(api_document.PATH, Gate([*ApiDocument(context).routes()]), name="document"),
    ]
    if isinstance(context.mailbox, Mailbox):
        mounts.append(_mount("/dev", [*dev_mailbox.routes(context.mailbox)], "dev"))
    return mounts


def _mount(path: str, routes: list[BaseRoute], name: str) -> Mount:
    mount = Mount(path, Gate(routes), name=name)
    # A path with a line break is below this one all the same, and answered with the same headers.
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return mount


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
