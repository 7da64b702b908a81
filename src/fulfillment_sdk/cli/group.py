"""The main command. Its sub-commands are imported when one of them runs, not for `--help`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from fulfillment_sdk._version import __version__
from fulfillment_sdk.errors import FulfillmentError

COMMANDS = {
    "backup": "Copy what a server or a receiver keeps, while it runs.",
    "demo": "Watch one case run through the whole loop on this machine.",
    "dispatch": "Pass on what a receiver has stored, in a process of its own.",
    "org": "Approve, deactivate and list organizations.",
    "plugins": "Show which plugins there are, and what is wrong with them.",
    "restore": "Put a backup into an empty data folder.",
    "serve": "Run the reference server: gateway, portal, or both.",
    "sinks": "Show the kinds of sink, and check and try those that are configured.",
    "token": "List and revoke partners' tokens.",
}
"""Each command's name, which is also its module's in this package, and its line in the help."""


class LazyGroup(click.Group):
    """A group that knows its commands' names and one line about each without importing them.

    Those of plugins are asked for where its own are not enough.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, sorted."""
        return sorted({*COMMANDS, *_of_plugins()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        if cmd_name not in COMMANDS:
            return _of_plugins().get(cmd_name)
        command = import_module(f"{__package__}.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table."""
        others = {name: one.get_short_help_str(80) for name, one in _of_plugins().items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))
        if others:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(sorted(others.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named; show our own errors as one line and a remedy."""
        try:
            return super().invoke(ctx)
        except FulfillmentError as error:
            raise Refused(error) from error


def _of_plugins() -> Mapping[str, click.Command]:
    from fulfillment_sdk.cli.plugin_commands import plugin_commands

    return plugin_commands(COMMANDS)


class Refused(click.ClickException):
    """Show one of our own errors as `Error: …` and its remedy, and end with status 1."""

    def __init__(self, error: FulfillmentError) -> None:
        super().__init__(str(error))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="fulfillment-sdk")
def command() -> None:
    """Create fulfillment cases, and receive what becomes of them."""
