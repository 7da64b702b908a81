"""Tells people of events in chats."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.plugins.bundled.chat.quiet import Quiet
from fulfillment_sdk.plugins.bundled.chat.services import Service
from fulfillment_sdk.plugins.bundled.chat.verdicts import of_all
from fulfillment_sdk.plugins.disclosure.disclosing import UNREADABLE
from fulfillment_sdk.plugins.served import Served
from fulfillment_sdk.plugins.wording import Template, WordingFailed, names_of, one_line
from fulfillment_sdk.relay import Delivered, Delivery, Outcome, Reject, Retry

logger = logging.getLogger("fulfillment_sdk.plugins")


class ChatSink:
    """Writes a message for each event to each of its services; runs in threads.

    Args:
        services: where to.
        title: what the message is headed with.
        body: what it says.
    """

    def __init__(self, services: Sequence[Service], *, title: Template, body: Template) -> None:
        self._services = services
        self._title = title
        self._body = body
        self._served: Served[int] = Served()
        self._quiet = Quiet()

    def open(self) -> None:
        """Keep the services' library from logging what it sends."""
        self._quiet.install()

    def close(self) -> None:
        """Let it log again."""
        self._quiet.remove()

    def deliver(self, delivery: Delivery) -> Outcome:
        """Write one message, to the services that have not got it in an earlier try."""
        try:
            names = names_of(delivery)
            title, body = one_line(self._title.fill(names)), self._body.fill(names).strip()
        except PayloadError:
            return UNREADABLE
        except WordingFailed as error:
            return Retry(error.message)
        everywhere = range(len(self._services))
        left = self._served.left(delivery.id, everywhere)
        outcomes = [
            self._services[place].tell(title=title, body=body or title or "A case")
            for place in left
        ]
        taken = [
            place
            for place, outcome in zip(left, outcomes, strict=True)
            if isinstance(outcome, Delivered)
        ]
        self._served.note(delivery.id, taken)
        served = len(everywhere) - len(self._served.left(delivery.id, everywhere))
        verdict = of_all(outcomes, served=served)
        if isinstance(verdict, Delivered | Reject):
            self._served.forget(delivery.id)
        if isinstance(verdict, Delivered) and served < len(everywhere):
            logger.warning(
                "sink %s: event %s reached %s", delivery.destination, delivery.id, verdict.note
            )
        return verdict
