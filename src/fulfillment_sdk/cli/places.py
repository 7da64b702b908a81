"""Flags that several commands have: which data folder is meant, and in what form they answer."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from fulfillment_sdk.server.configuration.sources import Given

F = TypeVar("F", bound=Callable[..., object])


def data_flags(function: F) -> F:
    """Give a command `--data` and `--config`, which mean what they mean to `serve`."""
    for option in (
        click.option(
            "--config",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Settings file  [default: fulfillment.toml here or in the data folder]",
        ),
        click.option(
            "--data", metavar="FOLDER", help="The data folder  [default: fulfillment-data]"
        ),
    ):
        function = option(function)
    return function


json_flag = click.option("--json", "as_json", is_flag=True, help="Answer JSON, for scripts.")
"""`--json`, as `as_json`."""


def settings(data: str | None, config: Path | None) -> Given:
    """Read the settings of the server whose data folder is meant, from where it reads them."""
    from fulfillment_sdk.server.configuration import sources

    return sources.read({"data": data}, os.environ, config=config)


def say_json(value: object) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def plain(value: object) -> str:
    """Return a text as one line that does nothing to a terminal."""
    text = "" if value is None else str(value)
    return "".join(character if character.isprintable() else "?" for character in text)
