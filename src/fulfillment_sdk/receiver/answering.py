"""Answering requests: in this thread, in a loop, and as an application for a server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from wsgiref.types import WSGIApplication

from fulfillment_sdk.receiver.asgi import AsgiApp
from fulfillment_sdk.receiver.beside import AsgiApplication, AsgiBeside, WsgiBeside
from fulfillment_sdk.receiver.intake import Intake
from fulfillment_sdk.receiver.reply import Reply
from fulfillment_sdk.receiver.running import STORE_SECONDS, Running
from fulfillment_sdk.receiver.steps import run_here, run_in_loop
from fulfillment_sdk.receiver.wsgi import WsgiApp


class Answering(Running):
    """The part of a receiver that answers."""

    _intake: Intake

    def handle(self, method: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request, and wait in this thread until it is durable.

        `headers` are the request's, in any case, `body` its bytes as they came. Never raises.
        """
        self.ensure_started()
        return run_here(self._intake.answer(method, headers, body), seconds=STORE_SECONDS)

    async def handle_async(self, method: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request as `handle` does, without blocking the loop."""
        if not self._process.is_started:
            await asyncio.to_thread(self.ensure_started)
        return await run_in_loop(self._intake.answer(method, headers, body), seconds=STORE_SECONDS)

    def wsgi(
        self, beside: WSGIApplication | None = None, *, at: str | None = None
    ) -> WSGIApplication:
        """Return a WSGI application; alone it answers under whatever path it is mounted.

        Args:
            beside: your own application; it gets all requests but those at the path.
            at: the receiver's path there, such as `/fulfillment/`; with its slash or without.

        Raises:
            ConfigurationError: `at` is no path.
        """
        app = WsgiApp(self)
        return app if beside is None else WsgiBeside(app, beside, at=at)

    def asgi(
        self, beside: AsgiApplication | None = None, *, at: str | None = None
    ) -> AsgiApplication:
        """Return an ASGI application; alone it answers under whatever path it is mounted.

        Args:
            beside: your own application; it gets all connections but requests at the path, and
                the lifespan, within which the receiver starts and stops.
            at: the receiver's path there, such as `/fulfillment/`; with its slash or without.

        Raises:
            ConfigurationError: `at` is no path.
        """
        app = AsgiApp(self)
        return app if beside is None else AsgiBeside(app, beside, at=at)
