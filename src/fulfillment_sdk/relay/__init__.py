"""The engine of every hop: accept an event durably, keep it, pass it on until each place has it.

It knows events, destinations and lanes, and never what an event means.
"""

from __future__ import annotations

from fulfillment_sdk.relay.outcome import Delivered, Outcome, Reject, Retry
from fulfillment_sdk.relay.policy import RetryPolicy
from fulfillment_sdk.relay.relay import Relay
from fulfillment_sdk.relay.reports.feed import FeedPage
from fulfillment_sdk.relay.reports.figures import Arrivals, Backlog, Figures, Pending
from fulfillment_sdk.relay.reports.history import Quarantined
from fulfillment_sdk.relay.reports.pages import Filter, Page
from fulfillment_sdk.relay.schema import SCHEMA
from fulfillment_sdk.relay.values import (
    Accepted,
    Attempt,
    DeadLetter,
    Delivery,
    Destination,
    Event,
    Sink,
    Undelivered,
)

__all__ = [
    "SCHEMA",
    "Accepted",
    "Arrivals",
    "Attempt",
    "Backlog",
    "DeadLetter",
    "Delivered",
    "Delivery",
    "Destination",
    "Event",
    "FeedPage",
    "Figures",
    "Filter",
    "Outcome",
    "Page",
    "Pending",
    "Quarantined",
    "Reject",
    "Relay",
    "Retry",
    "RetryPolicy",
    "Sink",
    "Undelivered",
]
