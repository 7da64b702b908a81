"""A receiver's settings as `fulfillment.toml` has them: `[receiver]`, and its sinks and plugins."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Self

import attrs

from fulfillment_sdk.configuration.shared_file import RECEIVER, SharedFile
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.hooks.installed import SwitchedOff
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.hooks.plugin import RECEIVER_HOOKS, Plugin
from fulfillment_sdk.plugins.settings.in_place import secrets_in_place
from fulfillment_sdk.plugins.settings.named import Named
from fulfillment_sdk.plugins.settings.secret import Secret
from fulfillment_sdk.plugins.settings.settings import load_settings
from fulfillment_sdk.plugins.sinks import SinkKinds
from fulfillment_sdk.receiver.cases.feeds import HasFeed
from fulfillment_sdk.receiver.cases.judge import WINDOW, Rules
from fulfillment_sdk.receiver.database import Database
from fulfillment_sdk.receiver.outlets import Outlets, refuse_namesakes
from fulfillment_sdk.receiver.secrets.live import read_secrets
from fulfillment_sdk.relay import RetryPolicy
from fulfillment_sdk.relay.upkeep.retention import checked_retention

logger = logging.getLogger("fulfillment_sdk.receiver")

SECRET_VARIABLE: Final = "FULFILLMENT_WEBHOOK_SECRET"  # noqa: S105  the name of one


@attrs.frozen(kw_only=True)
class ReceiverSettings(Named):
    """What the table `receiver` may say.

    Args:
        data: a folder, or the URL of a database.
        secrets: the live webhook secrets, newest first: a list, or one text with spaces between
            them. Without it, what `FULFILLMENT_WEBHOOK_SECRET` holds.
        storage_keys: what seals the stored bodies, as `FULFILLMENT_STORAGE_KEYS` has it; without
            it that variable, or in a folder a file made there.
        retry: seconds before each try at a plugin or sink, the first one's included.
        retention: seconds after which what has arrived everywhere is removed; without it never.
        dispatch: whether the process that accepts calls plugins and sinks, too; if not,
            `fulfillment dispatch` does.
        window: seconds for which an event waits for missing ones of its case.
        filtered: whether the subscription leaves out events, so that none is missed.
        opening: seconds for which the first event seen of a case waits for earlier ones.
        feed: whether whoever dispatches has missing events from the server that
            `FULFILLMENT_BASE_URL` and `FULFILLMENT_TOKEN` name.

    And the keys of `Named`.
    """

    data: str = attrs.field(repr=False)
    secrets: Secret | tuple[Secret, ...] | None = None
    storage_keys: Secret | None = None
    retry: tuple[float, ...] | None = None
    retention: float | None = None
    dispatch: bool = True
    window: float = WINDOW
    filtered: bool = False
    opening: float = 0.0
    feed: bool = False

    @property
    def rules(self) -> Rules:
        """How a case's events are put in order.

        Raises:
            ConfigurationError: `window` or `opening` is no number of seconds.
        """
        return Rules(window=self.window, filtered=self.filtered, opening=self.opening)

    @property
    def policy(self) -> RetryPolicy:
        """When a plugin or sink that failed is tried again.

        Raises:
            ConfigurationError: a number of `retry` is out of its bounds.
        """
        try:
            return RetryPolicy() if self.retry is None else RetryPolicy(self.retry)
        except ValueError as error:  # the relay's own words, which name no value
            raise ConfigurationError(
                f"{RECEIVER}.retry: {error}", remedy="Correct its value."
            ) from None

    @property
    def keys(self) -> str | None:
        """The storage keys; None for those of the environment, or of a file."""
        return None if self.storage_keys is None else self.storage_keys.value

    def live_secrets(self, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
        """Return the webhook secrets, newest first; none where nobody says any."""
        given = self.secrets if self.secrets is not None else environ.get(SECRET_VARIABLE, "")
        if isinstance(given, tuple):
            return tuple(one.value for one in given)
        return tuple((given.value if isinstance(given, Secret) else given).split())


@attrs.frozen
class FromFile:
    """A file that was read, and the receiver's table of it as settings."""

    file: SharedFile
    settings: ReceiverSettings

    @classmethod
    def read(cls, path: str | os.PathLike[str], *, accepts: bool = True) -> Self:
        """Read a receiver's configuration.

        Args:
            path: the file.
            accepts: whether the webhook secrets are wanted; if not, they need not be there.

        Raises:
            ConfigurationError: the file can't be used, or its table `receiver` is wrong.
        """
        file = SharedFile.read(Path(path))
        if not file.receiver:
            raise ConfigurationError(
                f"{file.path} has no table [{RECEIVER}]",
                remedy=f'Write [{RECEIVER}] and data = "inbox" into it.',
            )
        table = {key: file.receiver[key] for key in file.receiver if accepts or key != "secrets"}
        return cls(file, load_settings(ReceiverSettings, table, where=RECEIVER))

    def arguments(
        self, plugins: Iterable[object] = (), options: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return what a `Receiver` is made with.

        Args:
            plugins: plugins beside those of the file.
            options: arguments that count in place of what the file says, which is not looked up
                then.

        Raises:
            ConfigurationError: a plugin can't be imported, a number is wrong, or nobody says any
                webhook secret, or where the feed is.
        """
        settings, options = self.settings, options or {}
        found = {
            "data": settings.data,
            "plugins": [*settings.load(), *plugins],
            "sinks": self.file.sinks,
            "plugin_settings": self.file.plugins,
            "load_entry_points": settings.installed_plugins,
            "storage_keys": settings.keys,
            "policy": settings.policy,
            "dispatch": settings.dispatch,
            **attrs.asdict(settings.rules),
        }
        # Who dispatches removes, and asks the feed.
        dispatches = options.get("dispatch", settings.dispatch)
        found["retention"] = settings.retention if dispatches else None
        if "feed" not in options:
            found["feed"] = server_feed() if settings.feed and dispatches else None
        if "secrets" not in options:
            found["secrets"] = self._secrets()
        return {**found, **options}

    def check(self) -> str:
        """Look at what the table `receiver` says as whoever makes one does; opens nothing.

        Returns:
            What is missing here alone, maybe: the webhook secrets, which those need that accept.

        Raises:
            ConfigurationError: a value can't be used, a plugin can't be imported, or one shares its
                name with a sink.
            PluginError: a plugin that it names is not in order.
        """
        settings = self.settings
        settings.policy, settings.rules  # noqa: B018  what is wrong with them is told
        checked_retention(settings.retention)
        Database.of(settings.data, settings.keys)
        named = Plugins(disabled=SwitchedOff())
        for plugin in settings.load():
            named.register(plugin, host="a receiver", hooks=RECEIVER_HOOKS)
        refuse_namesakes(named, self.file.sinks)
        if settings.feed:
            server_feed()
        secrets = settings.live_secrets()
        if secrets:
            read_secrets(secrets)
        return "" if secrets else f"no webhook secret is set here: see {SECRET_VARIABLE}"

    def _secrets(self) -> object:
        live = self.settings.live_secrets()
        if not live:
            raise ConfigurationError(
                f"{RECEIVER} has no secrets",
                remedy=f"Set {RECEIVER}.secrets or {SECRET_VARIABLE} to what creating the "
                "subscription returned.",
            )
        # As the file says it: the receiver itself looks where it says that they are.
        return self.file.receiver.get("secrets", live)

    def outlets(
        self, plugins: Iterable[object], sinks: Mapping[str, Mapping[str, object]]
    ) -> Outlets:
        """Load the plugins and make the sinks, those of the file and others beside them.

        Raises:
            ConfigurationError: one of them can't be used, or two share a name.
            PluginError: one of the plugins is not in order.
        """
        outlets = Outlets.of(
            [*self.settings.load(), *plugins],
            {**self.file.sinks, **sinks},
            self.settings.policy,
            load_entry_points=self.settings.installed_plugins,
            plugin_settings=self.file.plugins,
        )
        warn_of_open_secrets(self.file, outlets.kinds, outlets.plugins)
        return outlets


def server_feed() -> HasFeed:
    """Return the feed of the server that the environment names.

    Raises:
        ConfigurationError: it names none.
    """
    from fulfillment_sdk.client import Client  # and with it requests: where it is needed

    return Client.from_env()


def warn_of_open_secrets(file: SharedFile, kinds: SinkKinds, plugins: Iterable[Plugin]) -> None:
    """Log a warning where every user of this machine may read secrets in the file.

    `kinds` and `plugins` tell which of the settings are secret.
    """
    if not file.open_to_all:
        return
    found = secrets_in_place(ReceiverSettings, file.receiver, where=RECEIVER)
    for name, table in file.sinks.items():
        kind = kinds.get(table.get("kind"))
        if kind is not None:
            found += secrets_in_place(kind.settings, table, where=f"sinks.{name}")
    for plugin in plugins:
        for name in sorted(plugin.names.intersection(file.plugins)):
            with contextlib.suppress(Exception):  # settings that can't be used are told elsewhere
                wanted = getattr(plugin.implementation, "Settings", None)
                if wanted is not None:
                    found += secrets_in_place(wanted, file.plugins[name], where=f"plugins.{name}")
    if found:
        logger.warning(
            "%s has secrets in it, and every user of this machine may read them: %s. "
            'Run chmod 640 on it, or leave them elsewhere: {env = "NAME"} or {file = "path"}',
            file.path,
            ", ".join(found),
        )
