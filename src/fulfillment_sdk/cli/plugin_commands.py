"""Commands that installed plugins bring along, by `fulfillment_register_commands`."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Final

import click

from fulfillment_sdk.errors import PluginError
from fulfillment_sdk.hooks.installed import DISABLE_VARIABLE, installed

HOOK: Final = "fulfillment_register_commands"

logger = logging.getLogger("fulfillment_sdk.plugins")


def plugin_commands(own: Collection[str]) -> Mapping[str, click.Command]:
    """Return the commands of installed plugins, by their names; nothing is loaded without any.

    Each plugin is asked alone: one that fails, or whose command's name is taken, is named in the
    log, and brings none.

    Args:
        own: the names that are the SDK's.
    """
    if not installed():
        return {}
    from fulfillment_sdk.hooks.loading import Plugins
    from fulfillment_sdk.hooks.plugin import Plugin

    plugins = Plugins(looking=True)
    plugins.load_entry_points()
    broken = len(plugins.problems)
    found: dict[str, click.Command] = {}

    def ask(plugin: Plugin) -> None:
        group = click.Group(plugin.name)
        plugin.caller(HOOK)(group=group)
        for name in group.commands:
            if name in own or name in found:
                raise PluginError(
                    f"Its command {name} is there already",
                    remedy=f"Call it something else, or switch one off with {DISABLE_VARIABLE}.",
                )
        found.update(group.commands)

    plugins.call_each(HOOK, ask)
    for problem in plugins.problems[broken:]:
        logger.warning("commands of plugin %s are left out: %s", problem.name, problem.cause)
    return found
