"""The receiver: a rightly signed notification is durable before it is acknowledged.

What happens to it afterwards is the relay's: each plugin and each sink is a destination, and none
of them is ever the reason for an answer.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, Self

from fulfillment_sdk.configuration.toml_file import FILE
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.hooks.unused import PluginProblem
from fulfillment_sdk.receiver.answering import Answering
from fulfillment_sdk.receiver.cases.feeds import Feed, HasFeed, feed_of
from fulfillment_sdk.receiver.cases.judge import WINDOW, Rules
from fulfillment_sdk.receiver.cases.ledger import Ledger, Ledgers
from fulfillment_sdk.receiver.casework import Casework
from fulfillment_sdk.receiver.database import Database
from fulfillment_sdk.receiver.from_file import FromFile, warn_of_open_secrets
from fulfillment_sdk.receiver.intake import Intake
from fulfillment_sdk.receiver.outlets import Outlets
from fulfillment_sdk.receiver.process import PerProcess
from fulfillment_sdk.receiver.secrets import SecretUse
from fulfillment_sdk.receiver.secrets.live import LiveSecrets, Source
from fulfillment_sdk.receiver.secrets.tally import Tally
from fulfillment_sdk.relay import RetryPolicy
from fulfillment_sdk.relay.upkeep.retention import checked_retention
from fulfillment_sdk.store import StoreFuture
from fulfillment_sdk.store.keys import Keys

logger = logging.getLogger(__name__)


class Receiver(Answering, Casework):
    """Takes notifications from the gateway, keeps them, and passes each on to plugins and sinks.

    Mount `receiver.wsgi()` or `receiver.asgi()` in the application that is to receive them. Making
    one checks every setting, and opens nothing: files, connections and threads open with the first
    request, or with `start`, in the process that serves it. Contract, section 4, "Receiver".

    Args:
        secrets: the live webhook secrets, newest first; or one text with spaces between them; or
            `{"file": path}` for such a text in a file: there they may change while it runs.
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
        secrets: Source | Sequence[Source],
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
        steady = time.monotonic if clock is time.time else clock
        live = LiveSecrets(secrets, clock, steady)
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
        if not outlets.destinations:
            logger.warning("no plugin and no sink: notifications are stored and go nowhere")
        self._outlets = outlets
        self._tally = Tally(lambda: live.now().fingerprints, clock, lambda: self._process.relay)
        self._process = PerProcess(
            lambda: database.open(outlets, clock=clock, retention=kept, rules=rules, feed=shown),
            dispatch=dispatch,
            before_close=self._tally.save,
            steady=steady,
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

    @property
    def destinations(self) -> Sequence[str]:
        """The names of the plugins and sinks that notifications are passed on to."""
        return tuple(destination.name for destination in self._outlets.destinations)

    @property
    def problems(self) -> Sequence[PluginProblem]:
        """The installed plugins that were left out, each with its version and the cause."""
        return tuple(self._outlets.plugins.problems)

    def _open_ledger(self) -> Ledger | None:
        relay = self._process.relay
        return None if relay is None else self._ledgers.of(relay)

    def secret_uses(self) -> Sequence[SecretUse]:
        """Tell how often each secret was of use in this process, in the order of the secrets.

        A notification counts for the newest secret that it is signed with.
        """
        return self._tally.told_here()

    def secret_totals(self) -> StoreFuture[Sequence[SecretUse]]:
        """Tell the same of all processes that share the database, from the first one on.

        `.result()` it, or `await` it. What another process has counted is in it after a second;
        what one counted in the second before it was killed is not. During a rotation the old secret
        is done once its `last_at` stays behind: see the receiver's documentation.

        Raises:
            StoreUnavailable: the database can't be used; also in the future.
        """
        return self._tally.told(self.relay)


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
