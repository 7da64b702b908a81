"""Publishes to a JetStream, and waits until it has the event."""

from __future__ import annotations

import asyncio
import logging
import re

import nats.errors
from nats.aio.client import Client
from nats.js.api import Header, StreamConfig
from nats.js.errors import NotFoundError

from fulfillment_sdk.relay import Delivered, Delivery, Outcome
from fulfillment_sink_nats import NatsSettings
from fulfillment_sink_nats.answers import after_failure

logger = logging.getLogger(__name__)

_PLAIN = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


class NatsSink:
    """One connection, opened with the first event and again after it was lost.

    The relay tries again, so the client need not: while a server is away each event is told so.
    """

    def __init__(self, settings: NatsSettings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    async def open(self) -> None:
        """Be ready for this loop; a server that is away is met with the first event."""
        self._connecting = asyncio.Lock()

    async def close(self) -> None:
        """End the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def deliver(self, delivery: Delivery) -> Outcome:
        """Publish one event under its own id, by which the stream knows a repetition."""
        try:
            client = await self._connected()
            acknowledged = await client.jetstream().publish(
                self.subject(delivery.type),
                delivery.body,
                timeout=self._settings.timeout_seconds,
                stream=self._settings.stream,
                headers={Header.MSG_ID: delivery.id},
            )
        except (nats.errors.Error, OSError, TimeoutError) as error:
            return after_failure(error)
        return Delivered("it was there already" if acknowledged.duplicate else "")

    def subject(self, type: str) -> str:
        """Return where events of a type are published; a type may be anything, a subject not."""
        return f"{self._settings.subject}.{type if _PLAIN.fullmatch(type) else 'other'}"

    async def _connected(self) -> Client:
        async with self._connecting:
            if self._client is not None and self._client.is_connected:
                return self._client
            await self.close()
            client = await self._connect()
            try:
                await self._have_stream(client)
            except BaseException:
                await client.close()
                raise
            self._client = client
            return client

    async def _connect(self) -> Client:
        credentials = self._settings.credentials
        client = Client()
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                await client.connect(
                    [server.value for server in self._settings.servers],
                    name="fulfillment-sink-nats",
                    error_cb=_note,
                    allow_reconnect=False,
                    user_credentials=None if credentials is None else str(credentials),
                )
        except BaseException:
            await client.close()  # a connection that came about half the way, too
            raise
        return client

    async def _have_stream(self, client: Client) -> None:
        if not self._settings.create:
            return
        streams = client.jetstream()
        try:
            await streams.stream_info(self._settings.stream)
        except NotFoundError:
            # Two that do this at the same time ask for the same, which is no error.
            await streams.add_stream(
                StreamConfig(
                    name=self._settings.stream,
                    subjects=[f"{self._settings.subject}.>"],
                    duplicate_window=self._settings.remember,
                )
            )


async def _note(error: Exception) -> None:
    # The client's own way would log with a traceback, and with the server's address.
    logger.info("the NATS connection: %s", type(error).__name__)
