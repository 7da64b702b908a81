"""The portal's notifications come in here and go out to the subscriptions (contract, section 4)."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fulfillment_sdk.models.events import Event as TypedEvent
from fulfillment_sdk.notifications import MAX_BODY, Notification, read_notification
from fulfillment_sdk.relay import Event
from fulfillment_sdk.server import http
from fulfillment_sdk.server.gateway import answers
from fulfillment_sdk.server.gateway.context import Context
from fulfillment_sdk.server.uploads import announced_size

STATUS = "status"
"""The label that has a case's new status: subscriptions may go by it."""

LARGE = 1024 * 1024
"""Above so many bytes a notification is a large one: only completions are."""
MOST_LARGE = 8
"""So many large ones are read at a time: whose they are is known once they are in memory."""

_BUSY_AFTER = "2"
_LONGEST = 200
_LARGEST = 2**63 - 1

_logger = logging.getLogger(__name__)


class Notifications:
    """``POST /gateway/notifications/``: 2xx only once the notification is stored."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._large = 0

    def routes(self, prefix: str) -> list[Route]:
        """Return the call's routes under ``prefix``."""
        return http.with_and_without_slash(
            f"{prefix}/notifications/", self.receive, ["POST"], "notifications"
        )

    async def receive(self, request: Request) -> Response:
        """Store a notification for the organisation that it names.

        202 stored, 200 seen before, 401, 413, 415; 503 where it can't be stored, or is one large
        one too many. What is rightly signed and can't be routed is put aside and answered 202: the
        portal must not try for ever.
        """
        context = self._context
        body = await self._body(request)
        refused = answers.not_json(request)
        if refused is not None:
            return refused
        read = read_notification(
            request.headers, body, context.settings.notify_secrets, context.clock()
        )
        if read.kind == "refused":
            _logger.warning("gateway refused a notification: %s", refused_because(read))
            return http.error("Invalid signature", 401)
        event = to_event(read, body)
        if isinstance(event, str):
            _logger.error("gateway put notification %s aside: %s", read.id, event)
            await context.relay.quarantine(read.id, body, event)
            return http.json_response({"status": "quarantined"}, 202)
        accepted = await context.relay.accept(event)
        if accepted.status == "duplicate":
            return http.json_response({"status": "duplicate"}, 200)
        if accepted.status == "conflict":
            _logger.error("gateway knows notification %s with other bytes", read.id)
        return http.json_response({"status": "accepted"}, 202)

    async def _body(self, request: Request) -> bytes:
        announced = announced_size(request)
        if announced is not None and announced <= LARGE:
            return await http.read_body(request, LARGE)
        if self._large >= MOST_LARGE:
            busy = http.error("Too many at once", 503, headers={"Retry-After": _BUSY_AFTER})
            raise answers.Refused(busy)
        self._large += 1
        try:
            return await http.read_body(request, MAX_BODY)
        finally:
            self._large -= 1


def refused_because(read: Notification) -> str:
    """Return the words for a refused notification, in terms of the portal's hop."""
    if read.reason == "no_match":
        return (
            "no signature matches: gateway and portal must share a secret in "
            "FULFILLMENT_NOTIFY_SECRETS"
        )
    return read.why


def to_event(read: Notification, body: bytes) -> Event | str:
    """Return the relay's event for a notification, or why it can't be routed.

    The organisation that it names is its owner, its case the lane; the bytes stay as they are.
    """
    found = read.event
    if read.kind != "accepted" or found is None:
        return read.why
    owner = found.organization_id or _data(found, "organization_id")
    if not owner:
        return "it names no organization"
    lane = found.case_id or _data(found, "case_id") or read.id
    # What no database takes would be refused at every retry, and hold up its case for good.
    if any(len(text) > _LONGEST or "\0" in text for text in (found.type, lane, owner)):
        return "its type, case or organization can't be stored"
    if found.sequence is not None and not 0 <= found.sequence <= _LARGEST:
        return "its sequence can't be stored"
    return Event(
        id=read.id,
        type=found.type,
        lane=lane,
        sequence=found.sequence,
        body=body,
        owner=owner,
        labels={} if found.new_status is None else {STATUS: found.new_status},
    )


def _data(event: TypedEvent, key: str) -> str:
    """A routing fact of an event of an unknown type, of which little else could be read."""
    data = event.raw.get("data")
    value = data.get(key) if isinstance(data, Mapping) else None
    return value if isinstance(value, str) else ""
