"""The way to the gateway (contract, section 4)."""

from __future__ import annotations

import pytest

from fulfillment_sdk.relay import Delivered, Delivery, Event, Outcome, Reject, Retry
from fulfillment_sdk.server.portal import notify

DELIVERY = Delivery(
    event=Event(id="evt_1", type="case.status_changed", lane="case_1", sequence=1, body=b"{}"),
    destination="gateway",
    attempt=1,
)


class Says:
    """A sink that always says the same."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.calls: list[str] = []

    async def open(self) -> None:
        self.calls.append("open")

    def close(self) -> None:
        self.calls.append("close")

    async def deliver(self, delivery: Delivery) -> Outcome:
        self.calls.append(delivery.id)
        return self.outcome


class Blocking:
    """A sink without open and close, and without async."""

    def deliver(self, delivery: Delivery) -> Outcome:
        return Delivered(delivery.id)


@pytest.mark.parametrize("refusal", [Reject("HTTP 400"), Reject("HTTP 410", disable=True)])
async def test_no_refusal_is_final(refusal: Reject) -> None:
    assert await notify.Steadfast(Says(refusal)).deliver(DELIVERY) == Retry(refusal.why)


@pytest.mark.parametrize("outcome", [Delivered("HTTP 202"), Retry("HTTP 503", after=7.0)])
async def test_everything_else_is_passed_on(outcome: Outcome) -> None:
    assert await notify.Steadfast(Says(outcome)).deliver(DELIVERY) == outcome


async def test_the_sink_behind_is_opened_and_closed() -> None:
    says = Says(Delivered())
    sink = notify.Steadfast(says)
    await sink.open()
    await sink.deliver(DELIVERY)
    await sink.close()
    assert says.calls == ["open", "evt_1", "close"]


async def test_a_plain_sink_will_do() -> None:
    sink = notify.Steadfast(Blocking())
    await sink.open()
    assert await sink.deliver(DELIVERY) == Delivered("evt_1")
    await sink.close()


def test_the_gateway_is_tried_without_end() -> None:
    destination = notify.gateway("http://g:1/", secrets=["whsec_a"], backoff=(1.0, 60.0))
    assert destination.settings["url"] == "http://g:1/gateway/notifications/"
    assert destination.policy.endless
    assert destination.policy.delay_before(1) == 0
    assert destination.policy.delay_before(2) == 1
    assert destination.policy.delay_before(1000) == 60
    assert "whsec_a" not in repr(destination)
