"""The plugins that a receiver's configuration names, and those that are installed."""

from __future__ import annotations

import attrs

from fulfillment_sdk.configuration.shared_file import RECEIVER, SharedFile
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.hooks.by_path import load_by_path
from fulfillment_sdk.hooks.installed import SwitchedOff
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.hooks.plugin import RECEIVER_HOOKS
from fulfillment_sdk.hooks.tables import PluginTables
from fulfillment_sdk.hooks.unused import PluginProblem
from fulfillment_sdk.plugins.settings.settings import load_settings, settings_of


@attrs.frozen(kw_only=True)
class Named:
    """Which plugins there are to be, as the table `receiver` says.

    Args:
        plugins: plugins beside the installed ones, each as `module:object`.
        installed_plugins: whether installed plugins count.
    """

    plugins: tuple[str, ...] = ()
    installed_plugins: bool = True

    def load(self) -> list[object]:
        """Import the plugins that are named, in their order.

        Raises:
            ConfigurationError: one can't be imported.
        """
        return [load_by_path(path, where=f"{RECEIVER}.plugins") for path in self.plugins]


def every_plugin(file: SharedFile | None) -> Plugins:
    """Load each plugin alone, for somebody who looks; also one that is named and broken is listed.

    Args:
        file: the configuration; None for what is installed alone.

    Raises:
        ConfigurationError: what the configuration says of plugins can't be read.
    """
    tables = PluginTables.of(file.plugins if file else None)
    disabled = attrs.evolve(SwitchedOff.of(), configured=tables.switched_off)
    plugins = Plugins(disabled=disabled, looking=True)
    table = file.receiver if file else {}
    said = {key: value for key, value in table.items() if key in settings_of(Named)}
    named = load_settings(Named, said, where=RECEIVER)
    for path in named.plugins:
        try:
            given = load_by_path(path, where=f"{RECEIVER}.plugins")
        except ConfigurationError as error:
            plugins.problems.append(PluginProblem(path, "", error.message))
        else:
            plugins.register(given, host="a receiver", hooks=RECEIVER_HOOKS)
    if named.installed_plugins:
        plugins.load_entry_points()
    return plugins
