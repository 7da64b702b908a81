"""The command line: `fulfillment`, or `python -m fulfillment_sdk`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from fulfillment_sdk.cli.ending import ends_in_time
from fulfillment_sdk.errors import MissingExtra


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status.

    Without click it says how to install it, with what the commands need as well.
    """
    try:
        from fulfillment_sdk.cli.group import command
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        sys.exit(f"Error: {MissingExtra('click', 'server')}")
    with ends_in_time():
        command.main(args=arguments, prog_name="fulfillment")
