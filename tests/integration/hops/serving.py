"""A party's application on a real socket, in the test's own loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import uvicorn
from starlette.types import ASGIApp

from fulfillment_sdk.server.connections.patience import USUAL, Patience
from fulfillment_sdk.server.connections.protocol import http_protocol


class _Server(uvicorn.Server):
    """A server that says when it has begun."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.began = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.began.set()


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, *, patience: Patience = USUAL) -> AsyncIterator[str]:
    """Serve an application, whose lifespan is somebody else's, and yield its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app,
            http=http_protocol(patience),
            log_config=None,
            access_log=False,
            ws="none",
            lifespan="off",
            server_header=False,
        )
        server = _Server(config)
        running = asyncio.create_task(server._serve([listening]))
        try:
            async with asyncio.timeout(10):
                await server.began.wait()
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running
