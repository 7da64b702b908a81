"""What commands of a receiver find where they are run: its configuration, and its modules."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from fulfillment_sdk.configuration.shared_file import SharedFile
from fulfillment_sdk.configuration.toml_file import FILE
from fulfillment_sdk.errors import ConfigurationError

F = TypeVar("F", bound=Callable[..., object])

config_flag = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"The receiver's settings  [default: {FILE} here]",
)
"""`--config`, as `config`."""


def import_from_here() -> None:
    """Let modules of the working directory be imported, as `python` does."""
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)


def find_file(config: Path | None) -> SharedFile | None:
    """Read the configuration that is meant; None where none is named and none is here.

    Raises:
        ConfigurationError: it can't be used.
    """
    if config is None and not Path(FILE).is_file():
        return None
    return SharedFile.read(config or Path(FILE))


def file_with_sinks(config: Path | None, *, or_else: bool = False) -> SharedFile:
    """Read the configuration that is meant, which must have sinks.

    Args:
        config: the file that is named.
        or_else: whether anything else of a receiver's does, too.

    Raises:
        ConfigurationError: it can't be used, is not there, or has none.
    """
    file = find_file(config)
    if file is None:
        raise ConfigurationError(
            f"There is no {FILE} here", remedy="Name the receiver's with --config."
        )
    if not file.sinks and not (or_else and (file.receiver or file.plugins)):
        raise ConfigurationError(
            f"{file.path} has no sink",
            remedy='Write [sinks.NAME] and kind = "…" into it. Kinds: fulfillment sinks list',
        )
    return file
