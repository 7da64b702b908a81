"""A plugin for `fulfillment dispatch` that tells a socket what reaches it.

Of a case that is called `slow` it waits for a word before it is through.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from fulfillment_sdk import StatusChanged, hookimpl


class Told:
    """Sends one datagram an event: what is sent outlives a kill."""

    name = "told"

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        """Tell of one event."""
        path = os.environ["TOLD"]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
            own.bind(f"{path}.{event.id}.{os.getpid()}")
            own.sendto(f"{os.getpid()} {event.case_id} {event.id}".encode(), path)
            if event.case_id == "slow":
                own.recv(100)
        Path(f"{path}.{event.id}.{os.getpid()}").unlink()


PLUGIN = Told()
