"""Running a server: folder, socket, settings, parties, HTTP, and an end in good order."""

from __future__ import annotations

import logging
import os
import resource
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from types import FrameType

import uvicorn
from attrs import evolve
from starlette.applications import Starlette

from fulfillment_sdk.relay.dispatching import bounded_run
from fulfillment_sdk.server.app import create_app
from fulfillment_sdk.server.configuration import options as opt
from fulfillment_sdk.server.configuration.resolve import check, oddities, own_address, resolve
from fulfillment_sdk.server.configuration.secrets import SecretFolder
from fulfillment_sdk.server.configuration.settings import Settings
from fulfillment_sdk.server.configuration.sources import Given
from fulfillment_sdk.server.connections.guarded import MAX_HEAD
from fulfillment_sdk.server.connections.listening import BACKLOG, bind
from fulfillment_sdk.server.connections.patience import USUAL, Patience
from fulfillment_sdk.server.connections.protocol import http_protocol
from fulfillment_sdk.server.folder import held, note_address
from fulfillment_sdk.server.party import Party

Announce = Callable[[str], None]
Build = Callable[[Settings], Sequence[Party]]
Handler = Callable[[int, FrameType | None], object]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

# Longer than the 10 s that a second request with one idempotency key waits for the first.
_GRACE_SECONDS = 20
# Clients that keep connections close them first: a server that does may cut off a request.
_KEEP_ALIVE_SECONDS = 75

_log = logging.getLogger(__name__)


def parties_for(settings: Settings) -> list[Party]:
    """Build the parties of this process's role, not yet started."""
    parties: list[Party] = []
    if settings.runs_gateway:
        from fulfillment_sdk.server.gateway import create_gateway

        parties.append(create_gateway(settings))
    if settings.runs_portal:
        from fulfillment_sdk.server.portal import create_portal

        parties.append(create_portal(settings))
    return parties


def serve(given: Given, *, announce: Announce, build: Build = parties_for) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in hand and return.

    `announce` gets the server's address once it answers. Call it in the main thread.

    Raises:
        ConfigurationError: the settings don't suffice, or folder or port are taken.
        StoreError: a party's store can't be opened.
    """
    folder = given.get(opt.DATA)
    kept = SecretFolder(folder)
    check(given, kept=kept)
    os.umask(0o077)  # databases, logs and reports are the owner's alone
    host = given.get(opt.HOST)
    with held(folder), closing(bind(host, given.get(opt.PORT))) as listener:
        settings = resolve(given, port=port_of(listener), kept=kept)
        parties = build(settings)
        app = create_app(settings, parties)
        address = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
        for oddity in oddities(given):
            _log.warning("%s", oddity)
        _log.info("starting", extra={"role": settings.role, "dev": settings.dev})
        note_address(folder, own_address(host, settings.port))
        run(
            app,
            listener,
            announce=lambda: announce(address),
            parties=parties,
            patience=patience_for(settings),
        )


def run(
    app: Starlette,
    listener: socket.socket,
    *,
    announce: Callable[[], None],
    parties: Sequence[Party] = (),
    patience: Patience = USUAL,
) -> None:
    """Run `app` on a listening socket until a signal ends it; `announce` is called once it answers.

    First the parties start, then the socket is served; at the end the socket closes, requests in
    hand are finished (those that only wait for news at once), and then the parties stop.
    """
    server = _Server(_config(app, patience), announce, parties)

    async def main() -> None:
        async with app.router.lifespan_context(app):
            await server.serve(sockets=[listener])

    with _on_signals(server.handle_exit):
        bounded_run.run(main(), make_loop=server.config.get_loop_factory())
    _log.info("stopped")


def port_of(listener: socket.socket) -> int:
    """Return the port that a socket is bound to."""
    port: int = listener.getsockname()[1]
    return port


def most_connections() -> int:
    """Return how many connections a process may have open: half of the files that it may.

    The other half is for the databases and for what goes out.
    """
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return USUAL.connections if soft < 0 else max(1, min(USUAL.connections, soft // 2))


def patience_for(settings: Settings) -> Patience:
    """Return how much a server puts up with.

    One address has a quarter of the connections at most. Trusted proxies are spared, and so is
    whoever calls a portal by itself: that is the gateways.
    """
    most = most_connections()
    return evolve(
        USUAL,
        connections=most,
        of_one=max(1, most // 4) if settings.runs_gateway else most,
        spared=(*USUAL.spared, *settings.trusted_proxies),
    )


def _config(app: Starlette, patience: Patience) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=http_protocol(patience),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        h11_max_incomplete_event_size=MAX_HEAD,
    )


class _Server(uvicorn.Server):
    """A server that says when it answers, and leaves signals to whoever runs it.

    uvicorn would raise the signal anew after a graceful end, and the process die of it instead of
    exiting with status 0.
    """

    def __init__(
        self, config: uvicorn.Config, announce: Callable[[], None], parties: Sequence[Party]
    ) -> None:
        super().__init__(config)
        self._announce = announce
        self._parties = parties

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for party in self._parties:
            party.end_waits()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _on_signals(handler: Handler) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
