"""What an incoming notification is: contract, section 4."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment_sdk import signing
from fulfillment_sdk.models.events import StatusChanged
from fulfillment_sdk.notifications import read_notification

NOW = 1_744_000_000.0
SECRET = signing.new_secret(lambda size: b"a" * size)
OLDER = signing.new_secret(lambda size: b"b" * size)


def event(**changes: object) -> bytes:
    data = {"case_id": "case_1", "organization_id": "org", "new_status": "new", "sequence": 1}
    whole = {"id": "evt_1", "type": "case.status_changed", "data": data, **changes}
    return json.dumps(whole).encode()


def signed(body: bytes, *, secret: str = SECRET, at: float = NOW) -> dict[str, str]:
    return signing.headers([secret], "evt_1", int(at), body)


def test_what_is_rightly_signed_and_readable_is_accepted() -> None:
    body = event()
    read = read_notification(signed(body, secret=OLDER), body, [SECRET, OLDER], NOW)
    assert (read.kind, read.id, read.lane, read.secret_index) == ("accepted", "evt_1", "case_1", 1)
    assert isinstance(read.event, StatusChanged)
    assert read.event.organization_id == "org"


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "missing_header"),
        (signed(event(), secret=OLDER), "no_match"),
        (signed(event(), at=NOW - 301), "too_old"),
        (signed(event(), at=NOW + 301), "too_new"),
    ],
)
def test_what_cannot_be_trusted_is_refused_with_the_reason(
    headers: dict[str, str], why: str
) -> None:
    read = read_notification(headers, event(), [SECRET], NOW)
    assert (read.kind, read.reason, read.id, read.event) == ("refused", why, "", None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b"{}",
        event(id="evt_2"),
        event(id=7),
        event(type=None),
        event(data=None),
        event(data={"organization_id": "org"}),
    ],
)
def test_what_is_rightly_signed_but_no_event_is_unreadable(body: bytes) -> None:
    read = read_notification(signed(body), body, [SECRET], NOW)
    assert (read.kind, read.id, read.event) == ("unreadable", "evt_1", None)
    assert read.why


def test_an_event_without_a_case_is_a_lane_of_its_own() -> None:
    body = event(type="subscription.test", data={"organization_id": "org"})
    read = read_notification(signed(body), body, [SECRET], NOW)
    assert (read.kind, read.lane) == ("accepted", "evt_1")


def test_neither_the_reason_nor_the_repr_holds_a_part_of_the_body() -> None:
    bodies = (
        event(data={"case_id": ["Jane"], "new_status": "Jane"}),
        event(data={"case_id": "case_1", "new_status": "new", "message": "Jane"}),
    )
    for body in bodies:
        read = read_notification(signed(body), body, [SECRET], NOW)
        assert "Jane" not in read.why
        assert "Jane" not in repr(read)


@given(st.dictionaries(st.text(), st.text()), st.binary())
def test_no_input_whatever_raises(headers: dict[str, str], body: bytes) -> None:
    assert read_notification(headers, body, [SECRET], NOW).kind == "refused"


@given(st.binary())
def test_no_body_that_is_rightly_signed_raises(body: bytes) -> None:
    assert read_notification(signed(body), body, [SECRET], NOW).kind == "unreadable"
