"""`fulfillment plugins`: which there are, and what is wrong with them."""

from __future__ import annotations

import contextlib
from pathlib import Path

import click
from attrs import frozen

from fulfillment_sdk.cli.columns import columns
from fulfillment_sdk.cli.group import COMMANDS
from fulfillment_sdk.cli.here import config_flag, find_file, import_from_here
from fulfillment_sdk.cli.places import json_flag, say_json
from fulfillment_sdk.cli.plugin_commands import HOOK, ask_each
from fulfillment_sdk.errors import ConfigurationError, MissingExtra
from fulfillment_sdk.hooks.loading import Plugins
from fulfillment_sdk.hooks.tables import PluginTables
from fulfillment_sdk.plugins.settings.named import every_plugin
from fulfillment_sdk.plugins.settings.of_plugins import settle


@frozen
class Entry:
    """A line of the list: `words` are a plugin's hooks, or why it does nothing.

    One whose commands are left out has two lines if it has more than those.
    """

    name: str
    version: str
    state: str
    words: str


@click.group("plugins")
def command() -> None:
    """Show which plugins there are, and what is wrong with them."""


@command.command("list", short_help="List plugins, their versions, and what is wrong with them.")
@config_flag
@json_flag
def list_command(config: Path | None, as_json: bool) -> None:
    """List plugins with their versions and hooks, broken ones with the cause, and what is off.

    Those that are installed, and those that the receiver's settings name. An application may hand
    in others. A name in FULFILLMENT_DISABLE_PLUGINS that is no plugin's is there, too. Status 1 is
    a table of settings that can't be used.
    """
    import_from_here()
    file = find_file(config)
    plugins = every_plugin(file)
    wrong: ConfigurationError | None = None
    try:
        settle(plugins, PluginTables.of(file.plugins if file else None))
    except ConfigurationError as error:
        wrong = error
    with contextlib.suppress(MissingExtra, ModuleNotFoundError):  # then no receiver asks for sinks
        from fulfillment_sdk.plugins.sinks import SinkKinds

        SinkKinds.of(plugins)
    entries = _entries(plugins)
    if as_json:
        say_json([_as_json(one) for one in entries])
    elif entries:
        for line in columns([(one.name, one.version, one.state, one.words) for one in entries]):
            click.echo(line)
    else:
        click.echo("No plugin is installed, and none is named")
    if wrong is not None:
        raise wrong


def _entries(plugins: Plugins) -> list[Entry]:
    _, without_commands = ask_each(plugins, COMMANDS)
    losing = {one.name for one in without_commands}
    found: list[Entry] = []
    for one in plugins:
        hooks = one.hooks - {HOOK} if one.name in losing else one.hooks
        if hooks:
            found.append(Entry(one.name, one.version, "works", ", ".join(sorted(hooks))))
    found += [
        Entry(one.name, one.version, "left out", f"its commands: {one.cause}")
        for one in without_commands
    ]
    found += [Entry(one.name, one.version, "left out", one.cause) for one in plugins.problems]
    found += [Entry(one.name, one.version, "off", f"by {one.by}") for one in plugins.switched_off]
    found += [
        Entry(one.name, "", "unknown", f"in {one.by}, and {one.words}")
        for one in plugins.mistaken_switches()
    ]
    return found


def _as_json(one: Entry) -> dict[str, object]:
    told: dict[str, object] = {"name": one.name, "version": one.version or None}
    told["state"] = one.state
    if one.state == "works":
        return {**told, "hooks": one.words.split(", ")}
    return {**told, "why": one.words}
