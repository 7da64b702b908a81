"""Plugins' own settings: what a configuration says of each, as the class that it declares."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from fulfillment_sdk.errors import ConfigurationError, PluginError
from fulfillment_sdk.hooks.failures import FAILURES, is_hosts
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.hooks.plugin import Plugin
from fulfillment_sdk.hooks.tables import PluginTables
from fulfillment_sdk.plugins.settings.settings import load_settings, settings_of


def settle(plugins: Plugins, tables: PluginTables) -> dict[str, object]:
    """Return each plugin's settings by its name; None for one that has no `Settings`.

    An installed plugin is left out if its `Settings` can't be used, or if it needs some, and nobody
    has said anything of them.

    Raises:
        ConfigurationError: a table is wrong, is no plugin's, or belongs to a plugin without
            settings.
        PluginError: the `Settings` of one that was handed in can't be used.
    """
    tables.refuse_strangers(plugins.known, untold=plugins.untold)
    found: dict[str, object] = {}
    for plugin in tuple(plugins):
        try:
            found[plugin.name] = _settings(plugin, tables)
        except FAILURES as error:
            is_theirs = isinstance(error, ConfigurationError) and _is_set(plugin, tables)
            if is_theirs or is_hosts(error) or not plugins.may_leave_out(plugin):
                raise
            plugins.leave_out(plugin, error)
    return found


def _is_set(plugin: Plugin, tables: PluginTables) -> bool:
    return tables.settings_for(plugin.names) is not None


def _settings(plugin: Plugin, tables: PluginTables) -> object:
    wanted = getattr(plugin.implementation, "Settings", None)
    name, given = tables.settings_for(plugin.names) or (plugin.name, {})
    where = f"plugins.{name}"
    if wanted is None:
        if given:
            raise ConfigurationError(
                f"{where} has settings, and this plugin takes none",
                remedy="Take them out, or leave just enabled = false.",
            )
        return None
    if not inspect.isclass(wanted):
        raise PluginError(
            f"Plugin {plugin.name}: its Settings is no attrs class",
            remedy="Let it be the class, and no instance.",
        )
    settings_of(wanted)  # is it one at all?
    if isinstance(given, wanted):
        return given
    return load_settings(wanted, given if isinstance(given, Mapping) else None, where=where)
