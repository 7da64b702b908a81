"""Commands that installed plugins bring along, by `fulfillment_register_commands`."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final

import click

from fulfillment_sdk.errors import PluginError
from fulfillment_sdk.hooks.causes import cause_of
from fulfillment_sdk.hooks.failures import FAILURES, is_hosts
from fulfillment_sdk.hooks.installed import DISABLE_VARIABLE, installed

if TYPE_CHECKING:
    from fulfillment_sdk.hooks.plugin import Plugin
    from fulfillment_sdk.hooks.unused import PluginProblem

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

    plugins = Plugins(looking=True)
    plugins.load_entry_points()
    found, problems = ask_each(plugins, own)
    for problem in problems:
        logger.warning("commands of plugin %s are left out: %s", problem.name, problem.cause)
    return found


def ask_each(
    plugins: Iterable[Plugin], own: Collection[str]
) -> tuple[dict[str, click.Command], list[PluginProblem]]:
    """Return the commands that plugins bring along, and why others bring none.

    Args:
        plugins: those to ask, each alone; one that is not installed is asked by nobody.
        own: the names that are the SDK's.
    """
    from fulfillment_sdk.hooks.unused import PluginProblem

    found: dict[str, click.Command] = {}
    problems: list[PluginProblem] = []
    for plugin in plugins:
        if HOOK not in plugin.hooks or not plugin.installed:
            continue
        try:
            found.update(_commands(plugin, {*own, *found}))
        except FAILURES as error:
            if is_hosts(error):
                raise
            problems.append(PluginProblem(plugin.name, plugin.version, cause_of(error)))
    return found, problems


def _commands(plugin: Plugin, taken: Collection[str]) -> Mapping[str, click.Command]:
    group = click.Group(plugin.name)
    plugin.caller(HOOK)(group=group)
    for name, command in group.commands.items():
        if not isinstance(command, click.Command):
            raise PluginError(f"{name} is no command", remedy="Add it with group.add_command.")
        if name in taken:
            raise PluginError(
                f"Its command {name} is there already",
                remedy=f"Call it something else, or switch one off with {DISABLE_VARIABLE}.",
            )
    return group.commands
