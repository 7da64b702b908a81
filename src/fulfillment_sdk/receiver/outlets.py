"""Where notifications are passed on to: each plugin with hooks, and each configured sink."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import attrs

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.hooks.host import Host
from fulfillment_sdk.hooks.installed import SwitchedOff
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.hooks.plugin import EVENT_HOOKS, RECEIVER_HOOKS, STARTUP, Plugin
from fulfillment_sdk.hooks.tables import PluginTables
from fulfillment_sdk.plugins.hooks import HookSink, bind_hooks
from fulfillment_sdk.plugins.settings.of_plugins import settle
from fulfillment_sdk.plugins.sinks import SinkKinds
from fulfillment_sdk.relay import Destination, RetryPolicy, Sink

logger = logging.getLogger("fulfillment_sdk.plugins")

_CALLED_AS_SINKS: Final = frozenset({*EVENT_HOOKS.values(), STARTUP})
"""The hooks of a plugin that it is a sink for, by its own name."""


@attrs.define
class Outlets:
    """A receiver's destinations, and what delivers to each.

    Args:
        plugins: all that were loaded.
        kinds: the kinds of sink on offer.
        sinks: what delivers, by the destinations' names.
        destinations: plugins first, then sinks.
        strangers: the names of those sinks that are not the SDK's own.
    """

    plugins: Plugins
    kinds: SinkKinds = attrs.field(factory=SinkKinds)
    sinks: dict[str, Sink] = attrs.field(factory=dict)
    destinations: list[Destination] = attrs.field(factory=list)
    strangers: set[str] = attrs.field(factory=set)

    @classmethod
    def of(
        cls,
        plugins: Iterable[object],
        sinks: Mapping[str, Mapping[str, object]] | None,
        policy: RetryPolicy,
        *,
        load_entry_points: bool,
        plugin_settings: Mapping[str, object] | None = None,
    ) -> Outlets:
        """Load the plugins and make the sinks.

        `plugin_settings` are the tables `plugins.NAME` of a configuration.

        Raises:
            ConfigurationError: one of them can't be used, or two share a name.
            PluginError: one of `plugins` is not in order.
        """
        tables = PluginTables.of(plugin_settings)
        disabled = attrs.evolve(SwitchedOff.of(), configured=tables.switched_off)
        loaded = Plugins(disabled=disabled)
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
            loaded.register(plugin, host="a receiver", hooks=RECEIVER_HOOKS)
        if load_entry_points:
            loaded.load_entry_points()
        for one in loaded.mistaken_switches():
            logger.warning("%s lists %r, and %s", one.by, one.name, one.words)
        outlets = cls(loaded)
        outlets._bind(sinks or {}, policy, settle(loaded, tables))
        return outlets

    def _bind(
        self,
        sinks: Mapping[str, Mapping[str, object]],
        policy: RetryPolicy,
        settings: Mapping[str, object],
    ) -> None:
        refuse_namesakes(self.plugins, sinks)
        self.strangers.update(plugin.name for plugin in self.plugins)
        self.kinds = SinkKinds.of(self.plugins)
        hosts = {name: Host(own, self._names) for name, own in settings.items()}
        bound: list[tuple[Destination, Sink] | None] = []
        bound += [bind_hooks(plugin, policy, hosts[plugin.name]) for plugin in self.plugins]
        bound += [self.kinds.bind(name, table, policy) for name, table in sinks.items()]
        self.strangers.update(
            name for name, table in sinks.items() if not self.kinds.is_ours(table)
        )
        for destination, sink in filter(None, bound):
            self.sinks[destination.name] = sink
            self.destinations.append(destination)
        if self.destinations:
            self._have_started(hosts)

    def _have_started(self, hosts: Mapping[str, Host]) -> None:
        """Let plugins get ready that are no destination: what is a sink is opened with the rest."""
        for plugin in self.plugins:
            if STARTUP in plugin.hooks and not self._is_destination(plugin):
                self.sinks[plugin.name] = HookSink(plugin, hosts[plugin.name])

    @staticmethod
    def _is_destination(plugin: Plugin) -> bool:
        return not plugin.hooks.isdisjoint(EVENT_HOOKS.values())

    def _names(self) -> list[str]:
        return [destination.name for destination in self.destinations]


def refuse_namesakes(plugins: Plugins, sinks: Collection[str]) -> None:
    """Do without an installed plugin that has a sink's name.

    Raises:
        ConfigurationError: a plugin of the host's own has one.
    """
    for plugin in tuple(plugins):
        if plugin.name in sinks and not plugin.hooks.isdisjoint(_CALLED_AS_SINKS):
            error = ConfigurationError(
                f"A plugin and a sink are both called {plugin.name}",
                remedy="Call the sink something else.",
            )
            if not plugins.may_leave_out(plugin):
                raise error
            plugins.leave_out(plugin, error)
