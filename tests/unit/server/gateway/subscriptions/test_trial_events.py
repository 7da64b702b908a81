"""The event that a partner tries a subscription with."""

from __future__ import annotations

from fulfillment_sdk import wire
from fulfillment_sdk.server.gateway.subscriptions.trial_events import TRIAL, trial


def test_it_is_for_one_subscription_and_about_no_case() -> None:
    event = trial("evt_1", subscription="sub_1", organization_id="org_1", now=1_744_000_000.0)
    assert (event.only_to, event.owner, event.lane, event.sequence) == (
        "sub_1",
        "org_1",
        "evt_1",
        None,
    )


def test_a_receiver_reads_it_as_an_event_of_a_type_of_its_own() -> None:
    made = trial("evt_1", subscription="sub_1", organization_id="org_1", now=1_744_000_000.0)
    event = wire.load_event(made.body)
    assert (event.id, event.type, event.version) == ("evt_1", TRIAL, "1")
    assert (event.organization_id, event.case_id, event.new_status) == ("org_1", "", None)
    assert event.timestamp == "2025-04-07T04:26:40.000000Z"
