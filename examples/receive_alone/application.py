"""A receiver that nothing else is mounted with, for any WSGI server and any ASGI server."""

from __future__ import annotations

import os
from pathlib import Path

from fulfillment_sdk import Receiver, StatusChanged, hookimpl

JOURNAL = Path(os.environ.get("JOURNAL", "journal.txt"))


class Journal:
    name = "journal"

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        with JOURNAL.open("a", encoding="utf-8") as file:
            file.write(f"{event.id} {event.case_id} {event.sequence} {event.new_status}\n")


receiver = Receiver(
    # In a file they may change while it runs: no worker is started anew for a rotation.
    secrets={"file": os.environ.get("SECRETS", "webhook-secrets")},
    data=os.environ.get("INBOX", "inbox"),
    plugins=[Journal()],
)
wsgi = receiver.wsgi()
asgi = receiver.asgi()
