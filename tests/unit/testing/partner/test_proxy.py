"""What goes wrong between the gateway and a partner goes wrong as it was asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from fulfillment_sdk import signing
from fulfillment_sdk.errors import ConfigurationError, SignatureError
from fulfillment_sdk.testing.partner.faults import Faults
from fulfillment_sdk.testing.partner.proxy import Answer, Proxy, Request

OLD, NEW = signing.new_secret(), signing.new_secret()


def request(status: str = "allocated", case: str = "case_1") -> Request:
    kind = "case.completed" if status == "completed" else "case.status_changed"
    data = {"case_id": case, "new_status": status}
    body = json.dumps({"id": f"evt_{status}", "type": kind, "data": data}).encode()
    return Request(signing.headers([NEW, OLD], f"evt_{status}", int(time.time()), body), body)


class Line:
    """A proxy, and a partner behind it that is away if it is told to be."""

    def __init__(self) -> None:
        self.faults = Faults(lambda: NEW)
        self.got: list[Request] = []
        self.is_away = False
        self.answers: list[int] = []
        self.proxy = Proxy(self.faults, self.forward)

    def forward(self, request: Request) -> Answer:
        if self.is_away:
            raise ConnectionRefusedError
        self.got.append(request)
        return Answer(self.answers.pop(0) if self.answers else 202)

    def send(self, *requests: Request) -> list[int | None]:
        answers = [self.proxy.pass_on(one) for one in requests]
        return [None if answer is None else answer.status for answer in answers]

    @property
    def statuses(self) -> list[str]:
        return [one.status for one in self.got]


@pytest.fixture
def line() -> Line:
    return Line()


def test_without_a_fault_a_notification_gets_there_as_it_is(line: Line) -> None:
    sent = request()

    assert line.send(sent) == [202]
    assert line.got == [sent]


def test_a_partner_that_is_away_is_an_end_of_the_connection(line: Line) -> None:
    line.is_away = True

    assert line.send(request()) == [None]


@pytest.mark.parametrize(
    ("ask", "answers", "got"),
    [
        (lambda f: f.drop(), [None, 202], ["submitted"]),
        (lambda f: f.drop(times=2), [None, None], []),
        (lambda f: f.drop(at="submitted"), [202, None], ["allocated"]),
        (lambda f: f.lose_answer(), [None, 202], ["allocated", "submitted"]),
        (lambda f: f.duplicate(), [202, 202], ["allocated", "allocated", "submitted"]),
        (lambda f: f.reorder(), [202, 202], ["submitted", "allocated"]),
        (lambda f: f.reorder(at="submitted"), [202, 202], ["allocated"]),
        (lambda f: f.refuse(), [503, 202], ["submitted"]),
        (lambda f: f.refuse(410, at="submitted"), [202, 410], ["allocated"]),
        (lambda f: f.delay(0.0), [202, 202], ["allocated", "submitted"]),
        (lambda f: (f.drop(), f.clear()), [202, 202], ["allocated", "submitted"]),
        (lambda f: (f.drop(), f.refuse(500)), [None, 500], []),
    ],
)
def test_a_fault_is_met_by_the_notifications_that_it_is_meant_for(
    line: Line, ask: Callable[[Faults], object], answers: list[int | None], got: list[str]
) -> None:
    ask(line.faults)

    assert line.send(request("allocated"), request("submitted")) == answers
    assert line.statuses == got


def test_a_completion_is_met_by_its_name(line: Line) -> None:
    line.faults.drop(at="completed")

    assert line.send(request("qc_passed"), request("completed")) == [202, None]


def test_what_is_held_waits_for_its_own_case(line: Line) -> None:
    line.faults.reorder()
    line.send(request("new"), request("new", "case_2"), request("allocated"))

    assert [(one.case_id, one.status) for one in line.got] == [
        ("case_2", "new"),
        ("case_1", "allocated"),
        ("case_1", "new"),
    ]


def test_what_is_held_comes_behind_one_that_was_taken(line: Line) -> None:
    line.faults.reorder()
    line.answers = [503]
    sent = [request("new"), request("allocated"), request("allocated")]

    assert line.send(*sent) == [202, 503, 202]
    assert line.statuses == ["allocated", "allocated", "new"]


def test_what_is_held_comes_again_where_it_was_not_taken(line: Line) -> None:
    line.faults.reorder()
    line.answers = [202, 503]
    line.send(request("new"), request("allocated"), request("in_progress"))

    assert line.statuses == ["allocated", "new", "in_progress", "new"]


def test_a_bad_signature_is_nobody_s(line: Line) -> None:
    line.faults.bad_signature()
    line.send(request())

    [got] = line.got
    with pytest.raises(SignatureError):
        signing.verify(got.headers, got.body, secrets=[OLD, NEW])


def test_a_rotation_has_both_secrets_sign_and_later_the_new_one_alone(line: Line) -> None:
    assert line.faults.rotate_secret() == NEW
    line.send(request())
    line.faults.rotate_secret(overlap=False)
    line.send(request())

    both, later = line.got
    for secret in (OLD, NEW):
        assert signing.verify(both.headers, both.body, secrets=[secret]).id == "evt_allocated"
    assert signing.verify(later.headers, later.body, secrets=[NEW]).id == "evt_allocated"
    with pytest.raises(SignatureError):
        signing.verify(later.headers, later.body, secrets=[OLD])


def test_a_body_that_cannot_be_read_passes_as_well(line: Line) -> None:
    line.faults.drop(at="submitted")

    assert line.send(Request({}, b"\xff"), Request({}, b"[]")) == [202, 202]


def test_nothing_of_a_notification_is_in_its_repr() -> None:
    assert "case_1" not in repr(request())


@pytest.mark.parametrize(
    ("fault", "at", "nearest"),
    [("drop", "subitted", "submitted"), ("reorder", "complete", "completed")],
)
def test_a_fault_at_what_never_comes_is_refused_so_that_no_test_is_green_for_nothing(
    fault: str, at: str, nearest: str, line: Line
) -> None:
    with pytest.raises(ConfigurationError, match=f"tells of {at}\nDid you mean {nearest}"):
        getattr(line.faults, fault)(at=at)


def test_a_fault_may_be_at_a_type_of_event_that_has_no_status(line: Line) -> None:
    line.faults.refuse(at="subscription.test")
