"""An event as the relay stores it, made of a notification or of what the feed shows."""

from __future__ import annotations

from collections.abc import Mapping

from fulfillment_sdk import strictjson, wire
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.models import events
from fulfillment_sdk.plugins.filters import labels_of
from fulfillment_sdk.receiver.cases.facts import fact_of, usual_sequence
from fulfillment_sdk.receiver.cases.ledger import ORIGIN, Arrival
from fulfillment_sdk.receiver.cases.rows import FEED, WEBHOOK
from fulfillment_sdk.relay import Event
from fulfillment_sdk.relay.tables.event_rows import check_storable

LONGEST_CASE_ID = 200
"""Characters, as the gateway has them: an index takes no row of any length."""


def arrival_of(event: events.Event, body: bytes, *, origin: str = WEBHOOK) -> Arrival:
    """Return a typed event, with the bytes that it was read from, as something to take in."""
    stored = Event(
        id=event.id,
        type=event.type,
        lane=event.case_id or event.id,
        sequence=usual_sequence(event.sequence),
        body=body,
        notes={ORIGIN: origin} if origin != WEBHOOK else {},
        labels=labels_of(event),
    )
    return Arrival(stored, fact_of(event) if event.case_id else None, origin)


def from_feed(shown: events.Event | Mapping[str, object]) -> Arrival | None:
    """Return what a feed shows as something to take in; None for what can't be one.

    The bytes are not those that were signed, but say the same.
    """
    try:
        payload = shown.raw if isinstance(shown, events.Event) else shown
        event = wire.read_event(payload)
        body = strictjson.dumps(payload)
        if not event.id or not event.case_id or len(event.case_id) > LONGEST_CASE_ID:
            return None
        arrival = arrival_of(event, body, origin=FEED)
        check_storable(arrival.event)
    except (PayloadError, AttributeError, TypeError, ValueError):
        return None
    return arrival
