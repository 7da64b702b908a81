"""The event that a partner tries a subscription with: it goes to that one alone."""

from __future__ import annotations

from typing import Final

from fulfillment_sdk import strictjson
from fulfillment_sdk.relay import Event
from fulfillment_sdk.times import format_time

TRIAL: Final = "subscription.test"
"""The type of these events."""


def trial(event_id: str, *, subscription: str, organization_id: str, now: float) -> Event:
    """Return a test event for one subscription, whatever it filters by; it is about no case."""
    body = {
        "id": event_id,
        "type": TRIAL,
        "version": "1",
        "timestamp": format_time(now),
        "data": {
            "organization_id": organization_id,
            "subscription_id": subscription,
            "message": "Test event, sent because it was asked for",
        },
    }
    return Event(
        id=event_id,
        type=TRIAL,
        lane=event_id,
        sequence=None,
        body=strictjson.dumps(body),
        owner=organization_id,
        only_to=subscription,
    )
