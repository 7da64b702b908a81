"""Subscriptions and deliveries, field by field (contract, section 5)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from fulfillment_sdk import wire
from fulfillment_sdk.errors import PayloadError
from fulfillment_sdk.models import Delivery, RotatedSecret, Subscription

SUBSCRIPTION = {
    "id": "sub_1",
    "url": "https://partner.example/hook",
    "events": ["case.completed"],
    "statuses": ["qc_passed"],
    "description": None,
    "enabled": True,
    "disabled_why": None,
    "old_secret_expires_at": None,
    "created_at": "2025-04-05T10:00:00.000000Z",
    "warnings": [],
    "secret": "whsec_c2VjcmV0",
}
DELIVERY: dict[str, Any] = {
    "id": "dlv_1",
    "event_id": "evt_1",
    "type": "case.status_changed",
    "case_id": None,
    "state": "pending",
    "why": "HTTP 503",
    "attempts": [
        {
            "attempt": 1,
            "at": "2025-04-06T16:00:00.100000Z",
            "seconds": 0.031,
            "outcome": "retry",
            "why": "HTTP 503",
        }
    ],
    "due_at": "2025-04-06T16:00:05.900000Z",
}


def test_a_subscription_has_the_contracts_fields_and_hides_its_secret() -> None:
    subscription = wire.load(Subscription, SUBSCRIPTION)
    assert subscription.events == ("case.completed",)
    assert wire.to_json(subscription) == SUBSCRIPTION
    assert "whsec_" not in repr(subscription)


def test_a_subscription_needs_no_more_than_its_id() -> None:
    subscription = wire.load(Subscription, {"id": 7})
    assert (subscription.id, subscription.url, subscription.enabled) == ("7", "", True)
    assert subscription.secret == ""


def test_a_rotated_secret_is_not_shown() -> None:
    answer = {"secret": "whsec_bmV3", "old_secret_expires_at": "2025-04-06T10:30:02.5Z"}
    rotated = wire.load(RotatedSecret, answer)
    assert rotated.secret == "whsec_bmV3"
    assert rotated.old_secret_expiry == datetime(2025, 4, 6, 10, 30, 2, 500_000, UTC)
    assert "whsec_" not in repr(rotated)


def test_a_secret_that_replaces_none_has_no_end_to_tell() -> None:
    rotated = wire.load(RotatedSecret, {"secret": "whsec_bmV3", "old_secret_expires_at": None})
    assert rotated.old_secret_expiry is None


def test_a_delivery_has_the_contracts_fields() -> None:
    delivery = wire.load(Delivery, DELIVERY)
    assert delivery.attempts[0].seconds == 0.031
    assert wire.to_json(delivery) == DELIVERY


@pytest.mark.parametrize("seconds", [True, "0.5", [1]])
def test_what_is_no_number_of_seconds_is_refused(seconds: object) -> None:
    attempt = {**DELIVERY["attempts"][0], "seconds": seconds}
    with pytest.raises(PayloadError, match=r"attempts\[0\].seconds: must be a number"):
        wire.load(Delivery, {**DELIVERY, "attempts": [attempt]})


def test_whole_seconds_are_a_number_too() -> None:
    attempt = {**DELIVERY["attempts"][0], "seconds": 2}
    assert wire.load(Delivery, {**DELIVERY, "attempts": [attempt]}).attempts[0].seconds == 2.0
