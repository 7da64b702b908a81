"""A partner's application on one of several hosts: web processes accept, dispatchers call `INBOX`.

Run as a program this is `fulfillment dispatch`, with leases that are short: a test that kills one
would otherwise wait for most of a minute.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from fulfillment_sdk import Receiver, StatusChanged, hookimpl
from tests.crash.witness import Told, Witness

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

LEASE_SECONDS = 6.0
HELD = "held"


class Inbox:
    """A plugin that tells in which process an event arrived; it gets stuck on one case.

    That one's events are not done with before there is a file that says so.
    """

    name = "inbox"

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        """Tell of one event."""
        folder = Path(os.environ["TOLD"])
        Witness(folder / "witness").tell(
            Told(
                "arrived",
                os.getpid(),
                event_id=event.id,
                case=event.case_id,
                sequence=event.sequence or 0,
                destination=self.name,
            )
        )
        if event.case_id == HELD and not (folder / "go on").exists():
            threading.Event().wait()


INBOX = Inbox()


def application() -> WSGIApplication:
    """Return what a web process serves."""
    receiver = Receiver(
        os.environ["FULFILLMENT_WEBHOOK_SECRET"],
        os.environ["INBOX_URL"],
        [INBOX],
        dispatch=False,
        load_entry_points=False,
    )
    return receiver.wsgi()


if __name__ == "__main__":
    from fulfillment_sdk.cli import main
    from fulfillment_sdk.relay import Relay
    from fulfillment_sdk.relay.dispatching import picker

    picker.TIMEOUTS_PER_LEASE = 0.1
    (Relay.__init__.__kwdefaults__ or {})["lease"] = LEASE_SECONDS
    main()
