"""What the gateway can route of what the portal tells, and what it puts aside."""

from __future__ import annotations

import pytest

from fulfillment_sdk import signing
from fulfillment_sdk.notifications import read_notification
from fulfillment_sdk.relay import Event
from fulfillment_sdk.server.gateway.events.notifications import to_event
from tests.unit.plugins.bodies import status_changed

NOW = 1_743_955_200.0
SECRET = signing.new_secret(lambda size: b"a" * size)


def told(body: bytes) -> Event | str:
    headers = signing.headers([SECRET], "evt_1", int(NOW), body)
    return to_event(read_notification(headers, body, [SECRET], NOW), body)


def test_an_event_goes_by_its_case_to_the_organization_that_it_names() -> None:
    body = status_changed()
    event = told(body)
    assert isinstance(event, Event)
    assert (event.lane, event.owner) == ("case_1", "550e8400-e29b-41d4-a716-446655440000")
    assert event.body == body


@pytest.mark.parametrize("text", [b"\\ud800", b"\\udfff\\ud83d", b"\xed\xa0\x80"])
@pytest.mark.parametrize("key", [b"evt_1", b"case_1", b"550e8400", b"case.status_changed"])
def test_half_a_pair_of_surrogates_is_put_aside_without_being_repeated(
    key: bytes, text: bytes
) -> None:
    why = told(status_changed().replace(key, key + text))
    assert isinstance(why, str)
    assert why.isprintable()
    assert why.isascii()


@pytest.mark.parametrize("case_id", ["é" * 201, "a\0b"])
def test_a_case_that_no_database_takes_is_put_aside(case_id: str) -> None:
    assert told(status_changed(case_id=case_id)) == (
        "its type, case or organization can't be stored"
    )


def test_an_event_is_labelled_with_the_status_that_it_tells() -> None:
    event = told(status_changed())
    assert isinstance(event, Event)
    assert event.labels == {"status": "submitted"}


def test_an_event_without_a_status_has_no_label() -> None:
    body = status_changed().replace(b"case.status_changed", b"case.of_a_later_version")
    event = told(body.replace(b"new_status", b"another_fact"))
    assert isinstance(event, Event)
    assert event.labels == {}
