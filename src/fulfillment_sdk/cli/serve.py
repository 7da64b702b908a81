"""`fulfillment serve`: the reference server (contract, section 7)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from fulfillment_sdk._extras import needs
from fulfillment_sdk.server.configuration.options import LOG_FORMAT, OPTIONS

F = TypeVar("F", bound=Callable[..., object])


def _flags(function: F) -> F:
    """Give a command the table's flags, as texts: the table itself parses them."""
    for option in reversed([option for option in OPTIONS if option.flag]):
        default = f"  [default: {option.default}]"
        function = click.option(
            option.switch, option.name, default=None, metavar="TEXT", help=option.about + default
        )(function)
    return function


def _variables() -> str:
    names = [f"  {option.variable}\n      {option.about}" for option in OPTIONS]
    return "\b\nVariables, also keys of fulfillment.toml in lower case:\n" + "\n".join(names)


@click.command("serve", epilog=_variables())
@click.option("--dev", is_flag=True, help="Trust this machine: loopback only, no mail needed.")
@_flags
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file  [default: fulfillment.toml here or in the data folder]",
)
@click.option("--verbose", is_flag=True, help="Log every request.")
def command(dev: bool, config: Path | None, verbose: bool, **flags: str | None) -> None:
    """Run the reference server: gateway, portal, or both in one process.

    Settings come from flags, then variables, then fulfillment.toml. What is secret is made on the
    first start and kept in the data folder. SIGTERM or Ctrl-C ends it once the requests in hand
    are finished.
    """
    with needs("server"):
        from fulfillment_sdk.relay.dispatching import descriptors
        from fulfillment_sdk.server import run
        from fulfillment_sdk.server.configuration import sources
        from fulfillment_sdk.server.observability import logs, mishaps
    descriptors.raise_limit()
    given = sources.read(flags, os.environ, dev=dev, config=config)
    logs.configure(verbose=verbose, form=given.get(LOG_FORMAT))
    mishaps.take()
    run.serve(given, announce=lambda address: click.echo(f"Serving on {address}"))
