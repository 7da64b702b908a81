"""What a partner may ask for when it subscribes: contract, section 5."""

from __future__ import annotations

import pytest

from fulfillment_sdk import signing
from fulfillment_sdk.relay import Destination
from fulfillment_sdk.server.gateway.answers import Refused
from fulfillment_sdk.server.gateway.subscriptions.fields import read_changes, read_wanted

URL = "https://partner.example.org/hook"


def test_only_the_url_is_needed() -> None:
    wanted = read_wanted({"url": URL}, dev=False)
    assert (wanted.url, wanted.events, wanted.description, wanted.secret) == (URL, (), "", None)
    assert wanted.statuses == ()


def test_events_are_kept_once_each_known_or_not() -> None:
    events = ["case.completed", "case.status_changed", "case.completed", "later.invented"]
    wanted = read_wanted({"url": URL, "events": events}, dev=False)
    assert wanted.events == ("case.completed", "case.status_changed", "later.invented")


def test_statuses_are_kept_once_each_known_or_not() -> None:
    wanted = read_wanted({"url": URL, "statuses": ["new", "later", "new"]}, dev=False)
    assert wanted.statuses == ("new", "later")


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({}, {"status": ("new",)}),
        ({"statuses": ["cancelled"]}, {"status": ("cancelled",)}),
        ({"statuses": []}, {}),
        ({"statuses": None}, {}),
    ],
)
def test_a_change_touches_the_statuses_only_where_it_names_them(
    body: dict[str, object], kept: dict[str, tuple[str, ...]]
) -> None:
    before = Destination("sub_1", "webhook", settings={"url": URL}, only={"status": ("new",)})
    assert read_changes(body, dev=False).of(before).only == kept


def test_a_secret_is_taken_and_not_shown() -> None:
    secret = signing.new_secret()
    wanted = read_wanted({"url": URL, "secret": secret}, dev=False)
    assert wanted.secret == secret
    assert secret not in repr(wanted)


@pytest.mark.parametrize(
    "change",
    [
        {"url": ""},
        {"url": ["x"]},
        {"events": {}},
        {"events": [""]},
        {"events": ["Case.Completed"]},
        {"events": ["case."]},
        {"events": ["x" * 101]},
        {"events": ["a"] * 21},
        {"statuses": "new"},
        {"statuses": ["qc passed"]},
        {"statuses": ["qc.passed"]},
        {"statuses": ["a"] * 21},
        {"description": ["x"]},
        {"description": "x" * 501},
        {"secret": ""},
        {"secret": 7},
        {"secret": "whsec_" + "A" * 8},
        {"secret": "whsec_" + "A" * 100},
    ],
)
def test_anything_else_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(Refused) as caught:
        read_wanted({"url": URL, **change}, dev=False)
    assert caught.value.answer.status_code == 400
