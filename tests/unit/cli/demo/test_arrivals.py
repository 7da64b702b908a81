"""The demo's verdict: all five updates and the completion, once each, in order."""

from __future__ import annotations

import pytest

from fulfillment_sdk.cli.demo.arrivals import EXPECTED, Watch, faults
from fulfillment_sdk.lifecycle import CaseStatus
from fulfillment_sdk.models import CaseCompleted, StatusChanged

NEW, ALLOCATED, IN_PROGRESS, SUBMITTED, PASSED, COMPLETED = EXPECTED


def test_the_documents_timeline_is_expected() -> None:
    assert (
        *("new", "allocated", "in_progress", "submitted", "qc_passed"),
        "completed",
    ) == EXPECTED


def test_everything_once_and_in_order_is_no_fault() -> None:
    assert faults(EXPECTED) == []


@pytest.mark.parametrize("name", EXPECTED)
def test_a_missing_notification_is_named(name: str) -> None:
    assert faults([other for other in EXPECTED if other != name]) == [f"{name} is missing"]


def test_nothing_at_all_is_six_faults() -> None:
    assert faults([]) == [f"{name} is missing" for name in EXPECTED]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_doubled_notification_is_named(name: str) -> None:
    assert faults([*EXPECTED, name]) == [f"{name} arrived 2 times"]


@pytest.mark.parametrize("index", range(5))
def test_two_swapped_notifications_are_named(index: int) -> None:
    names = list(EXPECTED)
    names[index], names[index + 1] = names[index + 1], names[index]
    assert f"{EXPECTED[index + 1]} arrived before {EXPECTED[index]}" in faults(names)


def test_a_late_notification_is_named() -> None:
    names = [NEW, IN_PROGRESS, SUBMITTED, ALLOCATED, PASSED, COMPLETED]
    assert faults(names) == ["submitted arrived before allocated"]


def test_a_notification_of_another_status_is_named() -> None:
    assert faults([*EXPECTED, "cancelled"]) == ["cancelled was not expected"]


def status_changed(status: str) -> StatusChanged:
    return StatusChanged(
        id="evt_1",
        case_id="case_1",
        new_status=CaseStatus(status),
        changed_at="2025-04-06T16:00:00.000000Z",
        message="Case created",
    )


def test_the_plugin_hands_on_what_reaches_it_with_the_time_since_the_change() -> None:
    watch = Watch(clock=lambda: 1_743_955_200.25)
    watch.fulfillment_status_changed(status_changed("new"))
    arrival = watch.next(seconds=0)
    assert arrival is not None
    assert (arrival.name, arrival.milliseconds) == ("new", 250.0)


def test_a_completion_goes_by_a_name_of_its_own() -> None:
    watch = Watch()
    watch.fulfillment_case_completed(
        CaseCompleted(
            id="evt_2",
            case_id="case_1",
            new_status=CaseStatus("qc_passed"),
            changed_at="2025-04-06T16:00:00Z",
        )
    )
    arrival = watch.next(seconds=0)
    assert arrival is not None
    assert arrival.name == "completed"


def test_waiting_for_nothing_ends() -> None:
    assert Watch().next(seconds=0) is None
