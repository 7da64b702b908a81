"""The event that a sink is tried with is plainly invented, and passes the sink's filters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fulfillment_sdk import wire
from fulfillment_sdk.lifecycle import STATUSES
from fulfillment_sdk.models.events import CASE_COMPLETED, STATUS_CHANGED, CaseCompleted
from fulfillment_sdk.plugins.disclosure.disclosure import disclose
from fulfillment_sdk.plugins.filters import labels_of, only
from fulfillment_sdk.plugins.trial.sample import sample_event, type_for
from fulfillment_sdk.relay import Destination, Event

NOW = 1_743_955_200.0


def sample(*, type: str = STATUS_CHANGED, **filters: Any) -> Event:
    destination = Destination("a", "a", **filters)
    return sample_event(destination, type=type, token="0a1b", now=NOW)


@pytest.mark.parametrize("type", [STATUS_CHANGED, CASE_COMPLETED])
def test_its_case_its_person_and_its_story_say_that_they_are_invented(type: str) -> None:
    event = sample(type=type)
    body = event.body.decode()
    assert (event.id, event.lane, event.type) == ("evt_test_0a1b", "case_test_0a1b", type)
    assert '"TEST-000000"' in body
    loaded = wire.load_event(event.body)
    assert (loaded.id, loaded.case_id) == (event.id, event.lane)
    if isinstance(loaded, CaseCompleted):
        assert "jane.smith@example.com" in body
        assert body.count("This is a test.") >= 3


@pytest.mark.parametrize("level", ["routing", "operational"])
def test_nobody_is_in_it_below_full(level: Any) -> None:
    less = disclose(sample(type=CASE_COMPLETED).body, level).decode()
    assert "TEST-000000" in less
    assert not any(word in less for word in ("Jane", "0712345678", "This is a test"))


@pytest.mark.parametrize("status", [*STATUSES, "accepted"])
def test_it_has_the_status_that_the_sink_wants(status: str) -> None:
    event = sample(only=only([status], ["7"]))
    labels = labels_of(wire.load_event(event.body))
    assert labels == {"status": status, "category": "7"}
    data = json.loads(event.body)["data"]
    assert data["actor"]
    assert data["reason"]


@pytest.mark.parametrize(
    ("types", "chosen"),
    [
        ((), STATUS_CHANGED),
        ((CASE_COMPLETED,), CASE_COMPLETED),
        (("weather.changed", CASE_COMPLETED, STATUS_CHANGED), CASE_COMPLETED),
        (("weather.changed",), STATUS_CHANGED),
    ],
)
def test_it_is_of_a_type_that_the_sink_wants(types: tuple[str, ...], chosen: str) -> None:
    assert type_for(Destination("a", "a", types=types)) == chosen
