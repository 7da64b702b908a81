"""The fixtures for partners: a real server, cases on their way, and faults between the two."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from fulfillment_sdk import CreatedCase, StatusChanged, hookimpl
from fulfillment_sdk.errors import ConfigurationError, FulfillmentError, IllegalTransition
from fulfillment_sdk.testing import PATHS, Faults, PartnerServer, Received
from fulfillment_sdk.testing.partner.application import OwnReceiver

MakeCase = Callable[..., CreatedCase]
Drive = Callable[..., tuple[str, ...]]

HAPPY = ["new", "allocated", "in_progress", "submitted", "qc_passed", "completed"]


class Choosy:
    """A plugin that fails once for each case that it is told to."""

    name = "choosy"

    def __init__(self) -> None:
        self.got: list[str] = []
        self.failures = 0

    @hookimpl
    def fulfillment_status_changed(self, event: StatusChanged) -> None:
        if self.failures > 0:
            self.failures -= 1
            raise RuntimeError("not yet")
        self.got.append(str(event.new_status))


@pytest.fixture
def choosy() -> Choosy:
    return Choosy()


@pytest.fixture
def fulfillment_plugins(choosy: Choosy) -> Iterable[object]:
    return [choosy]


@pytest.fixture
def fulfillment_receiver_options(tmp_path: Path) -> Mapping[str, Any]:
    return {"sinks": {"file": {"kind": "jsonl", "path": str(tmp_path / "events.jsonl")}}}


@pytest.mark.parametrize("path", PATHS)
def test_a_case_goes_along_a_path_and_every_event_of_it_arrives_in_order(
    path: str, make_case: MakeCase, drive: Drive, received: Received
) -> None:
    case = make_case()

    assert drive(case, path) == PATHS[path][1:]

    expected = [str(status) for status in PATHS[path]]
    if "qc_passed" in expected:
        expected.insert(expected.index("qc_passed") + 1, "completed")
    received.wait_for(case, *expected)
    assert received.statuses(case) == expected


def test_plugins_and_sinks_have_what_was_waited_for(
    choosy: Choosy, make_case: MakeCase, drive: Drive, received: Received, tmp_path: Path
) -> None:
    choosy.failures = 1
    case = make_case()
    drive(case, "happy")
    received.wait_for(case, "completed")

    assert choosy.got == HAPPY[:-1]
    assert len((tmp_path / "events.jsonl").read_text().splitlines()) == len(HAPPY)


def test_a_plugin_that_does_not_take_an_event_is_named(
    choosy: Choosy, make_case: MakeCase, received: Received
) -> None:
    choosy.failures = 1000
    case = make_case()

    with pytest.raises(AssertionError, match=r"choosy has not taken evt_\w+ \(pending\): "):
        received.wait_for(case, "new", seconds=0.5)


@pytest.mark.parametrize("number", [1, 2])
def test_each_test_begins_with_nothing(
    number: int, fulfillment_server: PartnerServer, make_case: MakeCase, received: Received
) -> None:
    client = fulfillment_server.client

    assert list(client.cases.list()) == []
    assert received.events == []
    assert len(list(client.subscriptions.list())) == 1
    case = make_case(narrative="Another one.")
    assert [one.id for one in client.cases.list()] == [case.id]


@pytest.mark.parametrize(
    ("fault", "answers"),
    [
        ("drop", [202]),
        ("lose_answer", [202, 200]),
        ("duplicate", [202, 200]),
        ("bad_signature", [401, 202]),
        ("refuse", [202]),
    ],
)
def test_a_fault_costs_no_event(
    fault: str,
    answers: list[int],
    make_case: MakeCase,
    drive: Drive,
    received: Received,
    faults: Faults,
) -> None:
    getattr(faults, fault)(at="in_progress")
    case = make_case()
    drive(case, "happy")
    received.wait_for(case, "completed")

    assert received.statuses(case) == HAPPY
    met = [one.answer for one in received.arrivals if one.status == "in_progress"]
    assert met == answers


def test_events_may_be_made_to_arrive_in_another_order(
    make_case: MakeCase, drive: Drive, received: Received, faults: Faults
) -> None:
    faults.reorder(at="allocated")
    case = make_case()
    drive(case, "happy")
    received.wait_for(case, "allocated", "completed")

    arrived = [one.status for one in received.arrivals]
    assert arrived.index("in_progress") < arrived.index("allocated")


def test_a_delay_delays(make_case: MakeCase, received: Received, faults: Faults) -> None:
    faults.delay(30.0)
    case = make_case()

    with pytest.raises(AssertionError, match="new did not arrive"):
        received.wait_for(case, "new", seconds=0.3)


def test_a_receiver_with_both_secrets_sees_a_rotation_through(
    make_case: MakeCase,
    drive: Drive,
    received: Received,
    faults: Faults,
    fulfillment_receiver: OwnReceiver,
    fulfillment_secret: str,
) -> None:
    new = faults.rotate_secret()
    case = make_case()
    received.wait_for(case, "new")
    fulfillment_receiver.start(new, fulfillment_secret)
    drive(case, "happy")
    received.wait_for(case, "completed")

    newer, older = fulfillment_receiver.receiver.secret_uses()
    assert (newer.count, older.count) == (5, 0)
    assert set(received.answers(case)) == {202}


def test_what_the_lifecycle_does_not_have_is_refused_before_anything_happens(
    make_case: MakeCase, drive: Drive, fulfillment_server: PartnerServer
) -> None:
    case = make_case()
    with pytest.raises(IllegalTransition):
        drive(case, ["allocated", "qc_passed"])
    with pytest.raises(ConfigurationError, match=r"Did you mean rework\?"):
        drive(case, "reworks")
    with pytest.raises(FulfillmentError, match="The portal answered 409 to POST cases/"):
        fulfillment_server.office.move(case, "in_progress")

    assert fulfillment_server.office.status(case) == "new"
