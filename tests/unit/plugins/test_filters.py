"""Destinations choose by status and category; a filter that can't decide loses nothing."""

from __future__ import annotations

import json
import logging

import pytest

from fulfillment_sdk import wire
from fulfillment_sdk.models.events import Event
from fulfillment_sdk.plugins.filters import labels_of, only, warn_of_strangers
from tests import samples
from tests.unit.plugins.bodies import status_changed, unknown_type


def event(body: bytes, **data: object) -> Event:
    payload = json.loads(body)
    payload["data"].update(data)
    return wire.load_event(json.dumps(payload))


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        (event(status_changed()), {"status": "submitted", "category": ""}),
        (
            event(status_changed(), case_category_id="362485"),
            {"status": "submitted", "category": "362485"},
        ),
        (
            event(status_changed(), case_category_id=362485),
            {"status": "submitted", "category": "362485"},
        ),
        (event(status_changed(), case_category_id=None), {"status": "submitted", "category": ""}),
        (event(status_changed(), case_category_id=True), {"status": "submitted", "category": ""}),
        (event(status_changed(), new_status="accepted"), {"status": "accepted", "category": ""}),
        (
            event(samples.body("case-completed")),
            {"status": "qc_passed", "category": "362485"},
        ),
        (
            event(samples.body("case-completed"), case_category_id="7"),
            {"status": "qc_passed", "category": "7"},
        ),
        (
            event(samples.body("case-completed"), case=None),
            {"status": "qc_passed", "category": ""},
        ),
        (event(unknown_type()), {"status": "", "category": ""}),
    ],
)
def test_an_event_is_labelled_with_what_it_says(given: Event, labels: dict[str, str]) -> None:
    assert labels_of(given) == labels


def test_a_destination_wants_what_it_names_and_what_does_not_say() -> None:
    assert only(["qc_passed"], [362485, "7"]) == {
        "status": ("qc_passed", ""),
        "category": ("362485", "7", ""),
    }


def test_a_destination_without_filters_wants_all() -> None:
    assert only([], []) == {}


def test_a_word_that_is_in_no_document_is_told_with_the_nearest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        warn_of_strangers(["case.complete"], ["qc_pased", "zzz", "new"], where="sinks.a")

    assert caplog.messages == [
        "sinks.a.events: 'case.complete' is in no document; did you mean case.completed?",
        "sinks.a.statuses: 'qc_pased' is in no document; did you mean qc_passed?",
        "sinks.a.statuses: 'zzz' is in no document",
    ]
