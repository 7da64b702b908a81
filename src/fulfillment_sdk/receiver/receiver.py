"""The receiver: a rightly signed notification is durable before it is acknowledged.

What happens to it afterwards is the relay's: each plugin and each sink is a destination, and none
of them is ever the reason for an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Self

from fulfillment_sdk import signing
from fulfillment_sdk.errors import (
    ConfigurationError,
    FulfillmentError,
    StoreError,
)
from fulfillment_sdk.notifications import MAX_BODY, Notification, read_notification
from fulfillment_sdk.plugins.hooks import bind_hooks
from fulfillment_sdk.plugins.manager import PluginProblem, Plugins
from fulfillment_sdk.plugins.sinks import SinkKinds
from fulfillment_sdk.receiver.asgi import AsgiApp
from fulfillment_sdk.receiver.process import PerProcess
from fulfillment_sdk.receiver.reply import (
    NOT_STORED,
    RETRY_AFTER,
    SEEN,
    STORED,
    TOO_LARGE,
    UNSIGNED,
    Reply,
    refuse_head,
)
from fulfillment_sdk.receiver.steps import Steps, run_here, run_in_loop
from fulfillment_sdk.receiver.wsgi import WsgiApp
from fulfillment_sdk.relay import Destination, Event, Relay, RetryPolicy, Sink
from fulfillment_sdk.store.engine import is_sqlite
from fulfillment_sdk.store.keys import Keys, keys_for, parse_keys
from fulfillment_sdk.store.private_files import make_private_folder

logger = logging.getLogger(__name__)

STORE_SECONDS = 10.0
"""How long an answer waits for the store: less than the 15 s that a sender waits for the answer."""

_LARGEST_SEQUENCE = 2**63 - 1
_LONGEST_LANE = 200  # characters, as the gateway has them: an index takes no row of any length


class Receiver:
    """Takes notifications from the gateway, keeps them, and passes each on to plugins and sinks.

    Mount `receiver.wsgi()` or `receiver.asgi()` in the application that is to receive them. Making
    one checks every setting, and opens nothing: files, connections and threads open with the first
    request, or with `start`, in the process that serves it. Contract, section 4, "Receiver".

    Args:
        secrets: the live webhook secrets, newest first; or one text with spaces between them.
        data: a folder (for `receiver.db` and `storage-keys`), or the URL of a database.
        plugins: modules or objects with hooks, beside those that are installed as entry points.
        sinks: name -> table with `kind`, maybe `events`, and the settings of that kind.
        load_entry_points: whether installed plugins count.
        storage_keys: what seals the stored bodies, as (id, 32 bytes), newest first, or as the text
            of `FULFILLMENT_STORAGE_KEYS`; by default that variable, or in a folder a file made
            there.
        clock: epoch seconds.
        policy: when a plugin or sink that failed is tried again.

    Raises:
        ConfigurationError: a secret, the address, a key or a sink's settings are wrong.
        PluginError: one of `plugins` is not in order. (An installed one is left out and listed in
            `problems` instead.)
    """

    def __init__(
        self,
        secrets: str | Sequence[str],
        data: str | PathLike[str],
        plugins: Iterable[object] = (),
        *,
        sinks: Mapping[str, Mapping[str, object]] | None = None,
        load_entry_points: bool = True,
        storage_keys: str | Keys | None = None,
        clock: Callable[[], float] = time.time,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._secrets = _checked_secrets(secrets)
        self._data = data
        self._keys = parse_keys(storage_keys) if isinstance(storage_keys, str) else storage_keys
        self._clock = clock
        if self._keys is None and _is_url(data) and not is_sqlite(str(data)):
            self._keys = keys_for(str(data))
        self._plugins = Plugins()
        if not isinstance(plugins, Iterable):
            raise ConfigurationError(
                "The receiver's plugins must be a list", remedy="Write plugins=[…]."
            )
        if not isinstance(sinks, Mapping | None):
            raise ConfigurationError(
                "The receiver's sinks must be a mapping from a name to a table",
                remedy='Write sinks={"audit": {"kind": "…"}}; plugins go into plugins=[…].',
            )
        for plugin in plugins:
            self._plugins.register(plugin)
        if load_entry_points:
            self._plugins.load_entry_points()
        self._sinks: dict[str, Sink] = {}
        self._destinations: list[Destination] = []
        self._bind(sinks or {}, policy or RetryPolicy())
        self._process = PerProcess(self._make_relay)
        self._not_before = 0.0

    # -- answering --------------------------------------------------------------------------------

    def handle(self, method: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request, and wait in this thread until it is durable.

        `headers` are the request's, in any case, `body` its bytes as they came. Never raises.
        """
        self.ensure_started()
        return run_here(self._answer(method, headers, body), seconds=STORE_SECONDS)

    async def handle_async(self, method: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request as `handle` does, without blocking the loop."""
        if not self._process.is_started:
            await asyncio.to_thread(self.ensure_started)
        return await run_in_loop(self._answer(method, headers, body), seconds=STORE_SECONDS)

    def wsgi(self) -> WsgiApp:
        """Return a WSGI application; it answers under whatever path it is mounted."""
        return WsgiApp(self)

    def asgi(self) -> AsgiApp:
        """Return an ASGI application; it answers under whatever path it is mounted."""
        return AsgiApp(self)

    # -- running ----------------------------------------------------------------------------------

    @property
    def relay(self) -> Relay:
        """This process's relay: what is undelivered, dead letters, replay. Opened if need be."""
        return self._process.open()

    @property
    def destinations(self) -> Sequence[str]:
        """The names of the plugins and sinks that notifications are passed on to."""
        return tuple(destination.name for destination in self._destinations)

    @property
    def problems(self) -> Sequence[PluginProblem]:
        """The installed plugins that were left out, each with its version and the cause."""
        return tuple(self._plugins.problems)

    def start(self) -> None:
        """Open the store and pass events on from a thread; a second call does nothing.

        Raises:
            StoreUnavailable: the database can't be used.
        """
        self._process.start()

    def stop(self) -> None:
        """Finish what is in hand, end the thread and close the store."""
        self._process.stop()

    def ensure_started(self) -> None:
        """Start if nobody has; where that fails, log it and leave it alone for some seconds."""
        if self._process.is_started or self._clock() < self._not_before:
            return
        try:
            self.start()
        except Exception as error:  # noqa: BLE001 - a request must be answered all the same
            self._not_before = self._clock() + RETRY_AFTER
            logger.error("the receiver can't start: %s", _in_short(error))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Pass events on in the running loop instead of a thread, for as long as the block runs.

        For hosts whose `async def` hooks need the host's own loop, such as its connection pools.
        """
        relay = await asyncio.to_thread(self._process.open)
        try:
            async with relay.running():
                yield self
        finally:
            await asyncio.to_thread(self.stop)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # -- inside -----------------------------------------------------------------------------------

    def _answer(self, method: str, headers: Mapping[str, str], body: bytes) -> Steps[Reply]:
        refused = refuse_head(method, headers) or (TOO_LARGE if len(body) > MAX_BODY else None)
        if refused is not None:
            return refused
        notification = read_notification(headers, body, self._secrets, self._clock())
        if notification.kind == "refused":
            logger.warning("a notification is refused: %s", notification.why)
            return UNSIGNED
        try:
            return (yield from self._keep(notification, body))
        except Exception as error:  # noqa: BLE001 - whatever kept it from being stored: not a 2xx
            logger.error("notification %s is not stored: %s", notification.id, _in_short(error))
            return NOT_STORED

    def _keep(self, notification: Notification, body: bytes) -> Steps[Reply]:
        relay = self._process.relay
        if relay is None:
            raise StoreError("The store is not open")
        if notification.event is None:
            return (yield from self._put_aside(relay, notification, body, notification.why))
        if len(notification.lane) > _LONGEST_LANE:
            why = f"its case's id is longer than {_LONGEST_LANE} characters"
            return (yield from self._put_aside(relay, notification, body, why))
        sequence = notification.event.sequence
        event = Event(
            id=notification.id,
            type=notification.event.type,
            lane=notification.lane,
            sequence=sequence if sequence and 0 < sequence <= _LARGEST_SEQUENCE else None,
            body=body,
        )
        try:
            accepted = yield relay.accept(event)
        except (StoreError, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001 - it is the event that the database refuses
            why = f"it can't be stored as an event ({type(error).__name__})"
            return (yield from self._put_aside(relay, notification, body, why))
        if accepted.status == "conflict":
            logger.warning("notification %s came again with other bytes: kept apart", event.id)
        return SEEN if accepted.status == "duplicate" else STORED

    def _put_aside(
        self, relay: Relay, notification: Notification, body: bytes, why: str
    ) -> Steps[Reply]:
        yield relay.quarantine(notification.id, body, why)
        logger.warning("notification %s is kept but not passed on: %s", notification.id, why)
        return STORED

    def _bind(self, sinks: Mapping[str, Mapping[str, object]], policy: RetryPolicy) -> None:
        kinds = SinkKinds.of(self._plugins)
        bound: list[tuple[Destination, Sink] | None] = []
        bound += [bind_hooks(plugin, policy) for plugin in self._plugins]
        bound += [kinds.bind(name, table, policy) for name, table in sinks.items()]
        for destination, sink in filter(None, bound):
            if destination.name in self._sinks:
                raise ConfigurationError(
                    f"A plugin and a sink are both called {destination.name}",
                    remedy="Call the sink something else.",
                )
            self._sinks[destination.name] = sink
            self._destinations.append(destination)
        if not self._destinations:
            logger.warning("no plugin and no sink: notifications are stored and go nowhere")

    def _make_relay(self) -> Relay:
        return Relay(
            str(self._data) if _is_url(self._data) else _database_in(Path(self._data)),
            keys=self._keys,
            destinations=self._destinations,
            sinks=self._sinks,
            clock=self._clock,
            on_attempt=self._plugins.on_attempt,
        )


def _is_url(data: str | PathLike[str]) -> bool:
    return isinstance(data, str) and "://" in data


def _database_in(folder: Path) -> str:
    make_private_folder(folder)
    return f"sqlite:///{folder.absolute() / 'receiver.db'}"


def _checked_secrets(secrets: str | Sequence[str]) -> tuple[str, ...]:
    found = tuple(secrets.split() if isinstance(secrets, str) else secrets or ())
    if not found:
        raise ConfigurationError(
            "The receiver has no secret",
            remedy="Give it the one that creating the subscription returned.",
        )
    return tuple(signing.check_secret(secret) for secret in found)


def _in_short(error: Exception) -> str:
    """What may be logged of an error: our own words, or just its type."""
    return error.message if isinstance(error, FulfillmentError) else type(error).__name__
