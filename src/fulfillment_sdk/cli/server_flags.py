"""The flags that say which running server is meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from fulfillment_sdk.cli.places import data_flags

F = TypeVar("F", bound=Callable[..., object])


def server_flags(function: F) -> F:
    """Give a command `--data`, `--config` and `--url`."""
    url = click.option(
        "--url",
        metavar="URL",
        help="The gateway's address  [default: that of the server in the data folder]",
    )
    return data_flags(url(function))
