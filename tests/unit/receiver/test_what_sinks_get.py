"""What of a notification reaches which sink: by status, by category, and how much of it."""

from __future__ import annotations

import json

import attrs
import pytest

from fulfillment_sdk.plugins import RegisterSink, hookimpl
from fulfillment_sdk.receiver import Receiver
from fulfillment_sdk.relay import Delivered, Delivery, Outcome
from tests.unit.plugins.bodies import status_changed, unknown_type
from tests.unit.receiver.conftest import Box, Inbox, MakeReceiver, signed

Got = Box[tuple[str, bytes]]


@attrs.frozen
class NoSettings:
    """Nothing to say."""


@attrs.frozen
class Keeper:
    got: Got

    def deliver(self, delivery: Delivery) -> Outcome:
        self.got.put((delivery.destination, delivery.body))
        return Delivered()


@attrs.frozen
class Keeping:
    got: Got
    name: str = "keeping"

    @hookimpl
    def fulfillment_register_sinks(self, register: RegisterSink) -> None:
        register("keeper", NoSettings, lambda _: Keeper(self.got))


def body(event_id: str, **data: object) -> bytes:
    event = json.loads(status_changed(event_id, case_id=f"case_of_{event_id}"))
    event["data"].update(data)
    return json.dumps(event).encode()


def send(receiver: Receiver, given: bytes) -> None:
    headers = signed(given, event_id=json.loads(given)["id"])
    assert receiver.handle("POST", headers, given).status == 202


EVENTS = [
    unknown_type("unsaid"),
    body("passed", new_status="qc_passed"),
    body("seven", case_category_id="7"),
    body("eight", case_category_id=8, new_status="in_progress"),
    body("nine", case_category_id="9"),
]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"statuses": ["qc_passed"]}, {"passed", "unsaid"}),
        ({"categories": ["7", 8]}, {"seven", "eight", "passed", "unsaid"}),
        ({"categories": ["7"], "statuses": ["submitted"]}, {"seven", "unsaid"}),
        ({"events": ["case.status_changed"]}, {"passed", "seven", "eight", "nine"}),
        ({}, {"passed", "seven", "eight", "nine", "unsaid"}),
    ],
)
def test_a_sink_gets_what_it_asked_for_and_what_does_not_say(
    make_receiver: MakeReceiver, asked: dict[str, object], wanted: set[str]
) -> None:
    got = Got()
    receiver = make_receiver(Keeping(got), sinks={"some": {"kind": "keeper", **asked}})

    for event in EVENTS:
        send(receiver, event)
    arrived = {json.loads(got.take()[1])["id"] for _ in wanted}

    receiver.stop()
    assert arrived == wanted
    assert receiver.relay.undelivered().result() == []


def test_each_sink_gets_as_much_as_its_table_says_and_a_hook_gets_all(
    make_receiver: MakeReceiver,
) -> None:
    got, inbox = Got(), Inbox()
    levels = ("routing", "operational", "full")
    sinks = {level: {"kind": "keeper", "disclosure": level} for level in levels}
    receiver = make_receiver(Keeping(got), inbox, sinks=sinks)
    event = body("evt_1", case_category_id="7", comment="Jane called.")

    send(receiver, event)

    found = dict(got.take() for _ in levels)
    assert found["full"] == event
    shown = {name: json.loads(given)["data"].keys() for name, given in found.items()}
    assert shown["operational"] - shown["routing"] == {"message", "case_category_id"}
    assert shown["full"] - shown["operational"] == {"comment"}
    assert inbox.take().raw == json.loads(event)


def test_a_sink_that_is_switched_off_gets_later_what_came_meanwhile(
    make_receiver: MakeReceiver,
) -> None:
    got = Got()
    table = {"kind": "keeper"}
    off = make_receiver(Keeping(got), sinks={"a": {**table, "enabled": False}})
    send(off, EVENTS[1])
    off.stop()
    assert got.is_empty

    with make_receiver(Keeping(got), sinks={"a": table}):
        assert json.loads(got.take()[1])["id"] == "passed"
