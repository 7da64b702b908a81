"""Who watches a client's requests. Without plugins that is nobody, and costs nothing.

Neither pluggy nor a plugin is loaded by importing this.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from fulfillment_sdk.client.calls.call import Answer
from fulfillment_sdk.client.observing.telling import is_telling
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.hooks.installed import SwitchedOff, installed

if TYPE_CHECKING:
    from fulfillment_sdk.client.exchange.request import Request
    from fulfillment_sdk.client.observing.watching import Watch
    from fulfillment_sdk.hooks.loading import Plugins
    from fulfillment_sdk.hooks.plugin import Plugin
    from fulfillment_sdk.hooks.unused import PluginProblem

logger = logging.getLogger("fulfillment_sdk.client")


class Observers:
    """The plugins of one client: those that are handed in, and those that are installed.

    The installed ones are loaded with the first request, each alone; one that can't be is logged
    and listed in `problems`. `load_entry_points` says whether they count at all.

    Raises:
        ConfigurationError: `plugins` is no list.
        PluginError: one of `plugins` is not in order, or has no hook that a client calls.
    """

    def __init__(self, plugins: Iterable[object] = (), *, load_entry_points: bool = True) -> None:
        self._switched_off = SwitchedOff.of()
        self._load_entry_points = load_entry_points and not self._switched_off.everything
        self._loading = threading.RLock()
        self._is_loading = False
        self._plugins: Plugins | None = None
        if not isinstance(plugins, Iterable):
            raise ConfigurationError("The client's plugins must be a list", remedy="plugins=[…].")
        if given := list(plugins):
            self._plugins = _loaded(given, self._switched_off)
        self._watching: tuple[Plugin, ...] | None = (
            None if self._load_entry_points else self._watchers()
        )

    def watch(self, request: Request, origin: str, clock: Callable[[], float]) -> Watch | Nobody:
        """What to send `request` in, so that the plugins are told of it.

        `origin` is the server's address, `clock` gives monotonic seconds. Nobody is told of what a
        plugin sends while it is being told.
        """
        watching = self._watching
        if watching is None:
            watching = self._load()
        if not watching or is_telling():
            return NOBODY
        from fulfillment_sdk.client.observing.watching import Watch

        return Watch(watching, request, origin, clock)

    @property
    def problems(self) -> tuple[PluginProblem, ...]:
        """The installed plugins that could not be used, and why."""
        if self._watching is None:
            self._load()
        return () if self._plugins is None else tuple(self._plugins.problems)

    def _load(self) -> tuple[Plugin, ...]:
        with self._loading:
            if self._watching is None:
                if self._is_loading:  # a plugin that calls the client while it is being imported
                    return self._watchers()
                self._is_loading = True
                try:
                    self._load_installed()
                finally:
                    self._is_loading = False
                self._watching = self._watchers()
            return self._watching

    def _load_installed(self) -> None:
        try:
            found = installed()
        except Exception as error:  # noqa: BLE001  no plugin runs here, so none wishes to exit
            logger.warning("installed plugins can't be looked up: %s", type(error).__name__)
            return
        if found:
            self._plugins = self._plugins or _loaded([], self._switched_off)
            self._plugins.load_entry_points(found)

    def _watchers(self) -> tuple[Plugin, ...]:
        if self._plugins is None:
            return ()
        from fulfillment_sdk.hooks.plugin import CLIENT_HOOKS

        return tuple(one for one in self._plugins if not one.hooks.isdisjoint(CLIENT_HOOKS))


class Nobody:
    """Tells nobody."""

    def __enter__(self) -> Self:
        return self

    def began(self, head: Answer) -> None:
        """Take no note."""

    def ended(self, answer: Answer) -> None:
        """Take no note."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


NOBODY: Final = Nobody()


def _loaded(given: list[object], switched_off: SwitchedOff) -> Plugins:
    from fulfillment_sdk.hooks.loading import Plugins
    from fulfillment_sdk.hooks.plugin import CLIENT_HOOKS

    plugins = Plugins(disabled=switched_off)
    for plugin in given:
        plugins.register(plugin, host="a client", hooks=CLIENT_HOOKS)
    return plugins
