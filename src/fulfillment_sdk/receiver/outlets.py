"""Where notifications are passed on to: each plugin with hooks, and each configured sink."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

import attrs

from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.hooks.plugin import RECEIVER_HOOKS
from fulfillment_sdk.plugins.hooks import bind_hooks
from fulfillment_sdk.plugins.sinks import SinkKinds
from fulfillment_sdk.relay import Destination, RetryPolicy, Sink

logger = logging.getLogger(__name__)


@attrs.frozen
class Outlets:
    """A receiver's destinations, and what delivers to each.

    Args:
        plugins: all that were loaded.
        sinks: what delivers, by the destinations' names.
        destinations: plugins first, then sinks.
    """

    plugins: Plugins
    sinks: dict[str, Sink] = attrs.field(factory=dict)
    destinations: list[Destination] = attrs.field(factory=list)

    @classmethod
    def of(
        cls,
        plugins: Iterable[object],
        sinks: Mapping[str, Mapping[str, object]] | None,
        policy: RetryPolicy,
        *,
        load_entry_points: bool,
    ) -> Outlets:
        """Load the plugins and make the sinks.

        Raises:
            ConfigurationError: one of them can't be used, or two share a name.
            PluginError: one of `plugins` is not in order.
        """
        loaded = Plugins()
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
        outlets = cls(loaded)
        outlets._bind(sinks or {}, policy)
        return outlets

    def _bind(self, sinks: Mapping[str, Mapping[str, object]], policy: RetryPolicy) -> None:
        kinds = SinkKinds.of(self.plugins)
        bound: list[tuple[Destination, Sink] | None] = []
        bound += [bind_hooks(plugin, policy) for plugin in self.plugins]
        bound += [kinds.bind(name, table, policy) for name, table in sinks.items()]
        for destination, sink in filter(None, bound):
            if destination.name in self.sinks:
                raise ConfigurationError(
                    f"A plugin and a sink are both called {destination.name}",
                    remedy="Call the sink something else.",
                )
            self.sinks[destination.name] = sink
            self.destinations.append(destination)
        if not self.destinations:
            logger.warning("no plugin and no sink: notifications are stored and go nowhere")
