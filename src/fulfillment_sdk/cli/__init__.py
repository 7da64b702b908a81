"""The command line: `fulfillment`, or `python -m fulfillment_sdk`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from fulfillment_sdk.cli.ending import ends_in_time
from fulfillment_sdk.errors import MissingExtra

_OF_A_RECEIVER: Final = "cli,receiver"
_OF_A_SERVER: Final = "server"
_EXTRAS: Final = {
    "backup": _OF_A_RECEIVER,
    "demo": _OF_A_SERVER,
    "dispatch": _OF_A_RECEIVER,
    "org": _OF_A_SERVER,
    "restore": _OF_A_RECEIVER,
    "serve": _OF_A_SERVER,
    "sinks": _OF_A_RECEIVER,
    "token": _OF_A_SERVER,
}
"""The extras that a command needs, click among them, where that is more than `cli`."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status.

    Without click it says how to install it, with what the command that is asked for needs as well.
    """
    try:
        from fulfillment_sdk.cli.group import command
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        asked = (sys.argv[1:] if arguments is None else arguments)[:1]
        sys.exit(f"Error: {MissingExtra('click', _EXTRAS.get(''.join(asked), 'cli'))}")
    with ends_in_time():
        command.main(args=arguments, prog_name="fulfillment")
