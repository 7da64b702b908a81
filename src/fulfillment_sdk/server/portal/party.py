"""The portal as the shell runs it: started, asked whether it is well, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence

from starlette.routing import BaseRoute

from fulfillment_sdk import relay
from fulfillment_sdk.errors import StoreUnavailable
from fulfillment_sdk.plugins.webhooks.addresses import anything
from fulfillment_sdk.plugins.webhooks.webhook import WebhookSink
from fulfillment_sdk.relay import Relay, Sink
from fulfillment_sdk.server.configuration.settings import Settings
from fulfillment_sdk.server.coordination.peers import Peers, keyrings
from fulfillment_sdk.server.databases import open_store
from fulfillment_sdk.server.observability.pulse import Pulse
from fulfillment_sdk.server.portal import notify
from fulfillment_sdk.server.portal.desk import Desk, Ids, new_id
from fulfillment_sdk.server.portal.door import Crowd, Door
from fulfillment_sdk.server.portal.files.disk import Disk
from fulfillment_sdk.server.portal.files.housekeeping import keep_house
from fulfillment_sdk.server.portal.routes import routes
from fulfillment_sdk.server.portal.schema import LEASES, SCHEMA
from fulfillment_sdk.server.portal.timers import Timers
from fulfillment_sdk.store import Store

log = logging.getLogger(__name__)


class Portal:
    """A party (``server.party``): routes, a store with its relay, and the timers.

    ``sink`` carries notifications to the gateway; by default signed webhooks over HTTP.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float],
        ids: Ids,
        sink: Sink | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._ids = ids
        self._sink = sink or WebhookSink(
            allow=anything, schemes=frozenset({"http", "https"}), clock=clock
        )
        self._open = contextlib.AsyncExitStack()
        self._desk: Desk | None = None
        self._timers: Timers | None = None
        self._running: asyncio.Task[None] | None = None
        self._pulse: Pulse | None = None
        door = Door(
            desk=self._desk_now,
            staff_token=settings.staff_token,
            intake_token=settings.intake_token,
            crowd=Crowd.of(settings.call_rate, dev=settings.dev),
        )
        self.routes: Sequence[BaseRoute] = routes(door, self._expect)

    @property
    def timers(self) -> Timers:
        """The timers, once started."""
        if self._timers is None:
            raise StoreUnavailable("The portal is not started")
        return self._timers

    async def start(self) -> None:
        """Open the store, start the dispatcher and the timers in the running loop.

        Raises a ``FulfillmentError`` with a remedy where the store can't be used.
        """
        settings = self._settings
        async with contextlib.AsyncExitStack() as opened:
            store = await asyncio.to_thread(
                open_store,
                settings,
                "portal",
                schemas=[relay.SCHEMA, SCHEMA],
                clock=self._clock,
            )
            opened.push_async_callback(asyncio.to_thread, store.close)
            peers = Peers(store, LEASES, new_id("portal"), keyrings(settings))
            await store.write(peers.join)
            opened.push_async_callback(peers.leave)
            desk = await asyncio.to_thread(self._desk_over, store)
            await opened.enter_async_context(desk.relay.running())
            self._desk, self._timers = desk, Timers(desk)
            self._pulse = Pulse(desk.store)
            feeling = asyncio.create_task(self._pulse.keep_feeling(), name="portal-pulse")
            opened.push_async_callback(_end, feeling)
            tidying = asyncio.create_task(keep_house(desk), name="portal-housekeeping")
            opened.push_async_callback(_end, tidying)
            staying = asyncio.create_task(peers.keep(), name="portal-peers")
            opened.push_async_callback(_end, staying)
            self._running = asyncio.create_task(self._timers.run(), name="portal-timers")
            self._open = opened.pop_all()
        log.info("Portal started, notifying %s", settings.gateway_url)

    def end_waits(self) -> None:
        """Nobody waits for news here."""

    async def stop(self) -> None:
        """End timers and dispatcher, then close the store; harmless when not started."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        self._desk = None
        await self._open.aclose()

    def problems(self) -> list[str]:
        """Say why the portal cannot do its work now; empty means ready."""
        if self._desk is None:
            return ["portal: not started"]
        found = []
        if self._pulse is not None and self._pulse.problem:
            found.append(f"portal: {self._pulse.problem}")
        if not self._desk.relay.is_dispatching:
            found.append("portal: the dispatcher is not running")
        if self._running is None or self._running.done():
            found.append("portal: the timers are not running")
        return found

    def relays(self) -> Mapping[str, Relay]:
        """Return the portal's relay while it runs."""
        return {} if self._desk is None else {"portal": self._desk.relay}

    def _desk_over(self, store: Store) -> Desk:
        settings = self._settings
        destination = notify.gateway(
            settings.gateway_url, secrets=settings.notify_secrets, backoff=settings.notify_backoff
        )
        sinks = {notify.KIND: notify.Steadfast(self._sink)}
        return Desk(
            store=store,
            relay=Relay(
                store,
                destinations=[destination],
                sinks=sinks,
                clock=self._clock,
                retention=settings.event_retention,
            ),
            clock=self._clock,
            ids=self._ids,
            public_url=settings.public_url,
            acceptance_timeout=settings.acceptance_timeout,
            rework_timeout=settings.rework_timeout,
            disk=Disk(settings.data if settings.database_url is None else None),
        )

    def _desk_now(self) -> Desk:
        if self._desk is None:
            raise StoreUnavailable("The portal is not started")
        return self._desk

    def _expect(self, due_at: float | None) -> None:
        self.timers.expect(due_at)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
