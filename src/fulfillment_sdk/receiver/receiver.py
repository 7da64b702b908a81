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
from types import TracebackType
from typing import Any, Self
from wsgiref.types import WSGIApplication

from fulfillment_sdk.configuration.toml_file import FILE
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.hooks.loading import PluginProblem
from fulfillment_sdk.receiver.asgi import AsgiApp
from fulfillment_sdk.receiver.beside import AsgiApplication, AsgiBeside, WsgiBeside
from fulfillment_sdk.receiver.cases.feeds import Feed, HasFeed, feed_of
from fulfillment_sdk.receiver.cases.judge import WINDOW, Rules
from fulfillment_sdk.receiver.cases.ledger import Ledger, Ledgers
from fulfillment_sdk.receiver.cases.reconciling import Reconciliation, reconcile
from fulfillment_sdk.receiver.cases.story import Received, explained, received, untaken
from fulfillment_sdk.receiver.database import Database
from fulfillment_sdk.receiver.from_file import FromFile, warn_of_open_secrets
from fulfillment_sdk.receiver.intake import Intake, checked_secrets, in_short
from fulfillment_sdk.receiver.outlets import Outlets
from fulfillment_sdk.receiver.process import PerProcess
from fulfillment_sdk.receiver.reply import RETRY_AFTER, Reply
from fulfillment_sdk.receiver.secrets import SecretUse
from fulfillment_sdk.receiver.secrets.tally import Tally
from fulfillment_sdk.receiver.steps import run_here, run_in_loop
from fulfillment_sdk.receiver.wsgi import WsgiApp
from fulfillment_sdk.relay import Filter, Relay, RetryPolicy
from fulfillment_sdk.relay.upkeep.retention import checked_retention
from fulfillment_sdk.store import StoreFuture
from fulfillment_sdk.store.keys import Keys

logger = logging.getLogger(__name__)

STORE_SECONDS = 10.0
"""How long an answer waits for the store: less than the 15 s that a sender waits for the answer."""

START_SECONDS = 1.0
"""How long an answer waits for sinks to open: what is accepted by then waits for them as well."""


class Receiver:
    """Takes notifications from the gateway, keeps them, and passes each on to plugins and sinks.

    Mount `receiver.wsgi()` or `receiver.asgi()` in the application that is to receive them. Making
    one checks every setting, and opens nothing: files, connections and threads open with the first
    request, or with `start`, in the process that serves it. Contract, section 4, "Receiver".

    Args:
        secrets: the live webhook secrets, newest first; or one text with spaces between them.
        data: a folder (for `receiver.db` and `storage-keys`), or the URL of a database.
        plugins: modules or objects with hooks, beside those that are installed as entry points.
        sinks: name -> table with `kind`, maybe others of the keys that every sink has (`events`,
            `disclosure` and more), and the settings of that kind.
        plugin_settings: plugin's name -> table with `enabled`, and the settings of that plugin.
        load_entry_points: whether installed plugins count.
        storage_keys: what seals the stored bodies, as (id, 32 bytes), newest first, or as the text
            of `FULFILLMENT_STORAGE_KEYS`; by default that variable, or in a folder a file made
            there.
        clock: epoch seconds.
        policy: when a plugin or sink that failed is tried again.
        retention: seconds after which what every plugin and sink has is removed; None for never.
        dispatch: whether this process calls plugins and sinks. If not, it accepts for them, and a
            `fulfillment dispatch` beside it passes on.
        window: seconds for which an event waits for missing ones of its case; then it is passed on
            without them.
        filtered: whether the subscription leaves out types of events: then nothing is missed, and
            nothing waits.
        opening: seconds for which the first event seen of a case waits, where it is not number 1,
            for earlier ones that it may have overtaken.
        feed: a `Client`, or a function of a case's id that returns its events: where missing ones
            are had from before the window ends.

    Raises:
        ConfigurationError: a secret, the address, a key, the retention, a sink's settings or how
            events are to be put in order is wrong.
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
        plugin_settings: Mapping[str, object] | None = None,
        load_entry_points: bool = True,
        storage_keys: str | Keys | None = None,
        clock: Callable[[], float] = time.time,
        policy: RetryPolicy | None = None,
        retention: float | None = None,
        dispatch: bool = True,
        window: float = WINDOW,
        filtered: bool = False,
        opening: float = 0.0,
        feed: Feed | HasFeed | None = None,
    ) -> None:
        live = checked_secrets(secrets)
        kept = _checked_retention(retention, dispatch=dispatch)
        rules = Rules(window=window, filtered=filtered, opening=opening)
        shown = _checked_feed(feed, dispatch=dispatch)
        self._dispatch = dispatch
        database = Database.of(data, storage_keys)
        outlets = Outlets.of(
            plugins,
            sinks,
            policy or RetryPolicy(),
            load_entry_points=load_entry_points,
            plugin_settings=plugin_settings,
        )
        self._outlets = outlets
        self._tally = Tally(live, clock, lambda: self._process.relay)
        self._process = PerProcess(
            lambda: database.open(outlets, clock=clock, retention=kept, rules=rules, feed=shown),
            dispatch=dispatch,
            before_close=self._tally.save,
            steady=time.monotonic if clock is time.time else clock,
        )
        self._ledgers = Ledgers(rules)
        self._feed = shown
        self._intake = Intake(live, clock, self._open_ledger, self._tally)

    @classmethod
    def from_config(
        cls,
        path: str | PathLike[str] = FILE,
        plugins: Iterable[object] = (),
        **options: Any,
    ) -> Self:
        """Make the receiver that a configuration describes.

        Args:
            path: the file; see the page about configuration.
            plugins: plugins beside the installed ones and those that the file names.
            options: arguments of `Receiver`, which count in place of what the file says.

        Raises:
            ConfigurationError: the file can't be used, or as for `Receiver`.
            PluginError: as for `Receiver`.
        """
        found = FromFile.read(path, accepts="secrets" not in options)
        receiver = cls(**found.arguments(plugins, options))
        warn_of_open_secrets(found.file, receiver._outlets.kinds, receiver._outlets.plugins)
        return receiver

    # -- answering --------------------------------------------------------------------------------

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

    # -- running ----------------------------------------------------------------------------------

    @property
    def relay(self) -> Relay:
        """This process's relay: what is undelivered, dead letters, replay. Opened if need be."""
        return self._process.open()

    def _open_ledger(self) -> Ledger | None:
        relay = self._process.relay
        return None if relay is None else self._ledgers.of(relay)

    @property
    def destinations(self) -> Sequence[str]:
        """The names of the plugins and sinks that notifications are passed on to."""
        return tuple(destination.name for destination in self._outlets.destinations)

    @property
    def problems(self) -> Sequence[PluginProblem]:
        """The installed plugins that were left out, each with its version and the cause."""
        return tuple(self._outlets.plugins.problems)

    # -- cases ------------------------------------------------------------------------------------

    def history(self, case_id: str) -> Sequence[Received]:
        """Return what was received of a case, in order of arrival, and what became of it.

        It waits for the database in this thread; the store is opened if need be. What is older than
        the retention is not in it. Contract, section 4, "Receiver".

        Raises:
            StoreUnavailable: the database can't be used.
        """
        store = self.relay.store
        return store.read(lambda c: received(c, case_id)).result(STORE_SECONDS)

    def explain(self, case_id: str) -> str:
        """Return in words where a case stands, what is missing, and why something waits or went by.

        Also which plugin or sink has failed to take what. Ids, codes and times alone, so that it
        may be printed and mailed. It waits as `history` does, and raises the same.
        """
        relay = self.relay
        story = relay.store.read(lambda c: explained(c, case_id)).result(STORE_SECONDS)
        left = relay.undelivered(Filter(lane=case_id)).result(STORE_SECONDS)
        return "\n".join([story, *untaken(left)])

    def reconcile(
        self,
        feed: Feed | HasFeed | None = None,
        *,
        case_id: str | None = None,
        repair: bool = False,
    ) -> Reconciliation:
        """Compare what was received with the server's feed of events (contract, section 5).

        It goes through all that the feed shows, in this thread, and can be repeated at any time.
        Events that are under way just then may show as missing.

        Args:
            feed: a `Client`, or a function of a case's id (None for all cases) that returns events;
                by default the receiver's own.
            case_id: compares one case alone; then it also names what the feed does not know.
            repair: whether what is missing is taken in: what its case has gone past is passed on as
                `late`, the rest in its turn.

        Returns:
            what differs; `is_clean` where nothing does, or nothing does any more.

        Raises:
            ConfigurationError: there is no feed.
            StoreUnavailable: the database can't be used.
        """
        asked = self._feed if feed is None else feed_of(feed)
        if asked is None:
            raise ConfigurationError(
                "There is no feed to compare with", remedy="Give reconcile() a Client."
            )
        ledger = self._ledgers.of(self.relay)
        return reconcile(ledger, asked, case_id=case_id, repair=repair, seconds=STORE_SECONDS)

    def secret_uses(self) -> Sequence[SecretUse]:
        """Tell how often each secret was of use in this process, in the order of the secrets.

        A notification counts for the newest secret that it is signed with.
        """
        return self._tally.uses.told()

    def secret_totals(self) -> StoreFuture[Sequence[SecretUse]]:
        """Tell the same of all processes that share the database, from the first one on.

        `.result()` it, or `await` it. What another process has counted is in it after a second;
        what one counted in the second before it was killed is not. During a rotation the old secret
        is done once its `last_at` stays behind: see the receiver's documentation.

        Raises:
            StoreUnavailable: the database can't be used; also in the future.
        """
        return self._tally.told(self.relay)

    def start(self) -> None:
        """Open the store and pass events on from a thread; a second call does nothing.

        Raises:
            StoreError: the keys are not those of what is in there.
            StoreUnavailable: the database can't be used.
        """
        self._process.start()

    def stop(self) -> None:
        """Finish what is in hand, end the thread and close the store."""
        self._process.stop()

    def ensure_started(self) -> None:
        """Start if nobody has; where that fails, log it and leave it alone for some seconds."""
        try:
            self._process.ensure_started(patience=START_SECONDS, rest=RETRY_AFTER)
        except Exception as error:  # noqa: BLE001 - a request must be answered all the same
            logger.error("the receiver can't start: %s", in_short(error))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Pass events on in the running loop instead of a thread, for as long as the block runs.

        For hosts whose `async def` hooks need the host's own loop, such as its connection pools.
        """
        relay = await asyncio.to_thread(self._process.open)
        try:
            async with relay.running() if self._dispatch else contextlib.nullcontext():
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


def _checked_feed(given: Feed | HasFeed | None, *, dispatch: bool) -> Feed | None:
    if given is not None and not dispatch:
        raise ConfigurationError(
            "A receiver that does not dispatch asks no feed either",
            remedy="Leave feed= out here; reconcile() asks one when it is called.",
        )
    return None if given is None else feed_of(given)


def _checked_retention(seconds: float | None, *, dispatch: bool) -> float | None:
    if seconds is not None and not dispatch:
        raise ConfigurationError(
            "A receiver that does not dispatch removes nothing either",
            remedy="Leave retention= out, and give `fulfillment dispatch` a --retain SECONDS.",
        )
    return checked_retention(seconds)
