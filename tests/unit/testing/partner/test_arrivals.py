"""Waiting for what a partner gets, and what is said where it doesn't come."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from fulfillment_sdk import wire
from fulfillment_sdk.errors import ConfigurationError
from fulfillment_sdk.testing.partner.arrivals import Arrival, Received
from tests.unit.plugins.bodies import case_completed, status_changed, unknown_type

CHANGED, COMPLETED = wire.load_event(status_changed()), wire.load_event(case_completed())


def received(*pending: str) -> Received:
    def tell(case_id: str) -> Sequence[str]:
        return pending

    return Received(tell)


def test_what_came_is_told_by_its_statuses() -> None:
    got = received()
    got.take(CHANGED)
    got.take(COMPLETED)
    got.take(wire.load_event(unknown_type()))

    assert got.statuses("case_1") == ["submitted", "completed", "case.archived"]
    assert got.statuses("case_2") == []
    assert got.wait_for("case_1", "completed") == got.of("case_1")


def test_what_comes_later_is_waited_for() -> None:
    got = received()
    thread = threading.Timer(0.01, got.take, [CHANGED])
    thread.start()

    assert got.wait_for("case_1", "submitted") == [CHANGED]
    thread.join()


def test_what_does_not_come_is_told_with_what_did() -> None:
    got = received()
    got.take(CHANGED)
    got.note(Arrival("evt_1", "case_1", "submitted", 202))
    got.note(Arrival("evt_9", "case_2", "new", 401))

    with pytest.raises(AssertionError) as caught:
        got.wait_for("case_1", "submitted", "submitted", "completed", seconds=0.01)

    assert str(caught.value) == (
        "submitted, completed did not arrive within 0.01 s; what came: submitted; answers: [202]"
    )


def test_what_never_comes_is_not_waited_for() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean qc_passed"):
        received().wait_for("case_1", "qc_pased")


def test_a_plugin_that_has_not_taken_it_is_told() -> None:
    got = received("board has not taken evt_1 (pending): KeyError")
    got.take(CHANGED)

    with pytest.raises(AssertionError, match="board has not taken evt_1"):
        got.wait_for("case_1", "submitted", seconds=0.01)


def test_an_answer_can_be_waited_for() -> None:
    got = received()
    got.note(Arrival("evt_1", "case_1", "submitted", 401))
    got.wait_for_answer("case_1", 401)

    assert got.answers() == [401]
    with pytest.raises(AssertionError, match=r"202 was not answered within 0\.01 s, but \[401\]"):
        got.wait_for_answer("case_1", 202, seconds=0.01)
