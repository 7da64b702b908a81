"""The receiver, and the plugin that keeps what it is told in Django's database."""

from __future__ import annotations

import os

from django.db import close_old_connections

from cases.models import Case
from fulfillment_sdk import Receiver, StatusChanged, hookimpl


class Tracker:
    name = "tracker"

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        # Outside of a request nobody else lets go of a connection that has broken.
        close_old_connections()
        try:
            case, _ = Case.objects.get_or_create(id=event.case_id)
            # An event may come twice, and then some older ones come again before it.
            newer = Case.objects.filter(id=case.id, sequence__lt=event.sequence or 0)
            newer.update(
                number=event.reference_number,
                status=str(event.new_status),
                sequence=event.sequence,
            )
        finally:
            close_old_connections()


receiver = Receiver(
    secrets=os.environ["FULFILLMENT_WEBHOOK_SECRET"],
    data=os.environ.get("INBOX", "inbox"),
    plugins=[Tracker()],
)
