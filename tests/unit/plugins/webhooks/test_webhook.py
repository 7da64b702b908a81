"""What the webhook sink does before anything is sent (contract, section 4)."""

from __future__ import annotations

import pytest

from fulfillment_sdk.plugins.webhooks.webhook import WebhookSink
from fulfillment_sdk.relay import Retry
from fulfillment_sdk.signing import new_secret
from tests.unit.plugins.bodies import delivery, status_changed

SECRET = new_secret()


async def test_a_sink_that_was_not_opened_says_so() -> None:
    settings: dict[str, object] = {"url": "https://example.org", "secrets": [SECRET]}

    with pytest.raises(RuntimeError, match="open"):
        await WebhookSink().deliver(delivery(status_changed(), settings=settings))


async def test_a_secret_that_cannot_sign_is_tried_again_later() -> None:
    sink = WebhookSink()
    await sink.open()
    try:
        outcome = await sink.deliver(
            delivery(status_changed(), settings={"url": "https://x.org", "secrets": ["whsec_x"]})
        )
    finally:
        await sink.close()

    assert outcome == Retry("the endpoint's secret can't be used")


async def test_an_old_secret_ends_by_the_clock_that_was_handed_in() -> None:
    settings: dict[str, object] = {
        "url": "https://x.org",
        "secrets": [{"secret": SECRET, "until": 100.0}],
    }
    sink = WebhookSink(clock=lambda: 100.0)
    await sink.open()
    try:
        outcome = await sink.deliver(delivery(status_changed(), settings=settings))
    finally:
        await sink.close()

    assert outcome == Retry("the endpoint has no secret")
