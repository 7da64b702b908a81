from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
import requests
import responses
from responses import matchers

from fulfillment_sdk import errors, signing
from fulfillment_sdk.client import Client
from tests.unit.client.support import (
    BASE,
    CASES,
    IDEMPOTENT,
    SUBSCRIPTIONS,
    Time,
    make_client,
    mock,
    sample,
    sent_json,
)

SUBSCRIPTION = {
    "id": "sub_1",
    "url": "https://partner.example/hook",
    "events": ["case.completed"],
    "description": "Ours",
    "enabled": True,
    "created_at": "2025-04-05T10:30:02Z",
    "secret": "whsec_AAAA",
}


def test_a_subscription_comes_with_its_secret(mocked: responses.RequestsMock) -> None:
    mocked.post(SUBSCRIPTIONS, json=SUBSCRIPTION, status=201)
    made = make_client().subscriptions.create(
        url="https://partner.example/hook", events=["case.completed"], description="Ours"
    )
    assert (made.id, made.secret) == ("sub_1", "whsec_AAAA")
    assert made.events == ("case.completed",)
    assert "whsec_AAAA" not in repr(made)
    assert list(sent_json(mocked)) == [
        {
            "url": "https://partner.example/hook",
            "events": ["case.completed"],
            "description": "Ours",
        }
    ]


def test_what_is_not_given_is_not_sent(mocked: responses.RequestsMock) -> None:
    mocked.post(SUBSCRIPTIONS, json=SUBSCRIPTION, status=201)
    make_client().subscriptions.create(url="https://partner.example/hook")
    assert list(sent_json(mocked)) == [{"url": "https://partner.example/hook"}]
    assert mocked.calls[0].request.headers["Idempotency-Key"] == "key-1"


def test_whatever_makes_ids_has_its_text_sent(mocked: responses.RequestsMock) -> None:
    mocked.post(SUBSCRIPTIONS, json=SUBSCRIPTION, status=201)
    made: Any = UUID(int=7)
    client = Client(base_url=BASE, token="t0ken", ids=lambda: made)
    client.subscriptions.create(url="https://partner.example/hook")
    assert mocked.calls[0].request.headers["Idempotency-Key"] == str(made)


def test_a_secret_of_ones_own_is_sent(mocked: responses.RequestsMock) -> None:
    mocked.post(SUBSCRIPTIONS, json=SUBSCRIPTION, status=201)
    make_client().subscriptions.create(url="https://partner.example/hook", secret="whsec_BBBB")
    assert [body["secret"] for body in sent_json(mocked)] == ["whsec_BBBB"]


@pytest.mark.parametrize("headers", [IDEMPOTENT, {}])
def test_a_creation_that_got_no_answer_is_not_repeated(
    mocked: responses.RequestsMock, time: Time, headers: dict[str, str]
) -> None:
    client = make_client(time)
    mocked.get(SUBSCRIPTIONS, json={"items": [], "next": None}, headers=headers)
    mocked.post(SUBSCRIPTIONS, body=requests.ReadTimeout())
    assert list(client.subscriptions.list()) == []
    with pytest.raises(errors.OutcomeUnknown) as raised:
        client.subscriptions.create(url="https://partner.example/hook")
    assert "subscriptions.list()" in raised.value.remedy
    assert raised.value.idempotency_key == "key-1"


def test_the_list_goes_through_all_pages(mocked: responses.RequestsMock) -> None:
    for after, ids, following in (({}, (1, 2), "a&b"), ({"after": "a&b"}, (3,), None)):
        mocked.get(
            SUBSCRIPTIONS,
            json={"items": [{"id": f"sub_{n}"} for n in ids], "next": following},
            match=[matchers.query_param_matcher({"limit": "200"} | after)],
        )
    listed = make_client().subscriptions.list()
    assert [one.id for one in listed] == ["sub_1", "sub_2", "sub_3"]


def test_a_page_is_fetched_when_it_is_needed(mocked: responses.RequestsMock) -> None:
    mocked.get(SUBSCRIPTIONS, json={"items": [SUBSCRIPTION], "next": "more"})
    assert next(make_client().subscriptions.list()).enabled
    assert len(mocked.calls) == 1


def test_a_list_that_goes_in_circles_is_an_error(mocked: responses.RequestsMock) -> None:
    for _ in range(2):
        mocked.get(SUBSCRIPTIONS, json={"items": [], "next": "again"})
    with pytest.raises(errors.UnexpectedAnswer):
        list(make_client().subscriptions.list())


@pytest.mark.parametrize("body", [{}, {"items": None}, {"items": [{}]}, {"items": ["sub_1"]}, []])
def test_what_is_no_list_of_subscriptions_is_an_error(
    mocked: responses.RequestsMock, body: object
) -> None:
    mocked.get(SUBSCRIPTIONS, json=body)
    with pytest.raises(errors.UnexpectedAnswer):
        list(make_client().subscriptions.list())


def test_a_subscription_is_read_tolerantly(mocked: responses.RequestsMock) -> None:
    item = {"id": 7, "enabled": False, "events": None, "url": None, "new": {"x": 1}}
    mocked.get(SUBSCRIPTIONS, json={"items": [item]})
    (read,) = make_client().subscriptions.list()
    assert (read.id, read.enabled, read.events, read.url, read.secret) == ("7", False, (), "", "")
    assert read.raw == item


def test_a_subscription_is_deleted(mocked: responses.RequestsMock) -> None:
    mocked.delete(f"{SUBSCRIPTIONS}sub_1/", status=204)
    make_client().subscriptions.delete("sub_1")
    assert mocked.calls[0].request.body is None


def test_another_organizations_subscription_is_not_found(mocked: responses.RequestsMock) -> None:
    mocked.delete(f"{SUBSCRIPTIONS}sub_1/", status=404, json={"error": "Not found"})
    with pytest.raises(errors.NotFound):
        make_client().subscriptions.delete("sub_1")


@pytest.mark.parametrize("name", ["case-unknown-path", "case-unknown-path-no-token"])
def test_the_deployed_gateway_does_not_offer_subscriptions(
    mocked: responses.RequestsMock, name: str
) -> None:
    mock(mocked, sample(name))
    with pytest.raises(errors.NotOffered) as raised:
        make_client().subscriptions.create(url="https://partner.example/hook")
    assert raised.value.feature == "subscriptions"


ONE = f"{SUBSCRIPTIONS}sub_1/"


def test_a_subscription_is_shown(mocked: responses.RequestsMock) -> None:
    mocked.get(ONE, json=SUBSCRIPTION | {"statuses": ["new"], "disabled_why": "HTTP 410"})
    shown = make_client().subscriptions.get("sub_1")
    assert (shown.statuses, shown.disabled_why) == (("new",), "HTTP 410")


def test_only_what_is_given_is_changed(mocked: responses.RequestsMock) -> None:
    mocked.patch(ONE, json=SUBSCRIPTION)
    mocked.patch(ONE, json=SUBSCRIPTION)
    subscriptions = make_client().subscriptions
    subscriptions.update("sub_1", enabled=False, description="")
    subscriptions.update("sub_1", events=[], statuses=("new",))
    assert list(sent_json(mocked)) == [
        {"description": "", "enabled": False},
        {"events": [], "statuses": ["new"]},
    ]


def test_a_change_of_nothing_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="something to change"):
        make_client().subscriptions.update("sub_1")


@pytest.mark.parametrize("field", ["events", "statuses"])
def test_one_text_is_no_list_of_filters(field: str) -> None:
    with pytest.raises(TypeError, match=f"{field} must be a list"):
        make_client().subscriptions.create(
            url="https://partner.example/hook",
            **{field: "new"},
        )


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("Subscription was disabled by an administrator", "administrator"),
        ("Subscription is disabled", "enabled=True"),
        ("Subscription limit reached", "Delete one"),
    ],
)
def test_each_conflict_says_what_to_do(
    mocked: responses.RequestsMock, said: str, remedy: str
) -> None:
    mocked.patch(ONE, status=409, json={"error": said})
    with pytest.raises(errors.Conflict, match=said) as raised:
        make_client().subscriptions.update("sub_1", enabled=True)
    assert remedy in raised.value.remedy


def test_a_rotation_brings_its_own_secret_so_that_it_may_be_repeated(
    mocked: responses.RequestsMock, time: Time
) -> None:
    mocked.post(f"{ONE}rotate-secret/", body=requests.ReadTimeout())
    mocked.post(f"{ONE}rotate-secret/", json={"secret": "whsec_BBBB", "old_secret_expires_at": ""})
    rotated = make_client(time).subscriptions.rotate_secret("sub_1")
    assert rotated.secret == "whsec_BBBB"
    first, second = sent_json(mocked)
    assert first == second
    assert signing.check_secret(first["secret"])


def test_a_secret_of_ones_own_is_rotated_in(mocked: responses.RequestsMock) -> None:
    mocked.post(f"{ONE}rotate-secret/", json={"secret": "whsec_CCCC"})
    make_client().subscriptions.rotate_secret("sub_1", secret="whsec_CCCC")
    assert list(sent_json(mocked)) == [{"secret": "whsec_CCCC"}]


def test_a_refused_secret_is_not_shown(mocked: responses.RequestsMock) -> None:
    mocked.post(f"{ONE}rotate-secret/", status=400, json={"message": "no: whsec_CCCC"})
    with pytest.raises(errors.BadRequest) as raised:
        make_client().subscriptions.rotate_secret("sub_1", secret="whsec_CCCC")
    assert "whsec" not in str(raised.value)


@pytest.mark.parametrize("body", [{}, {"secret": None}, {"secret": ""}, {"secret": 1.5}, []])
def test_a_rotation_that_tells_no_secret_is_an_error(
    mocked: responses.RequestsMock, body: object
) -> None:
    mocked.post(f"{ONE}rotate-secret/", json=body)
    with pytest.raises(errors.UnexpectedAnswer):
        make_client().subscriptions.rotate_secret("sub_1")


def test_a_test_event_has_an_id(mocked: responses.RequestsMock) -> None:
    mocked.post(f"{ONE}test/", status=202, json={"event_id": "evt_1"})
    mocked.post(f"{ONE}test/", status=202, json={})
    assert make_client().subscriptions.test("sub_1") == "evt_1"
    with pytest.raises(errors.UnexpectedAnswer):
        make_client().subscriptions.test("sub_1")


def test_deliveries_are_narrowed_down_and_paged(mocked: responses.RequestsMock) -> None:
    asked = {"limit": "200", "state": "dead", "since": "2025-04-05T22:30:00.000000Z"}
    for after, following in (({}, "c1"), ({"after": "c1"}, None)):
        mocked.get(
            f"{ONE}deliveries/",
            json={"items": [{"id": f"dlv_{following}", "state": "dead"}], "next": following},
            match=[matchers.query_param_matcher(asked | after)],
        )
    since = datetime(2025, 4, 6, tzinfo=timezone(timedelta(hours=1, minutes=30)))
    found = make_client().subscriptions.deliveries("sub_1", state="dead", since=since)
    assert [one.id for one in found] == ["dlv_c1", "dlv_None"]


def test_deliveries_of_nobodys_subscription_are_not_found(mocked: responses.RequestsMock) -> None:
    mocked.get(f"{ONE}deliveries/", status=404, json={"error": "Not found"})
    with pytest.raises(errors.NotFound):
        next(make_client().subscriptions.deliveries("sub_1"))


def test_a_delivery_is_replayed_by_its_id_alone(mocked: responses.RequestsMock) -> None:
    url = f"{CASES}deliveries/dlv_1/replay/"
    mocked.post(url, status=202, json={"id": "dlv_1", "state": "pending"})
    mocked.post(url, body="<html>", content_type="text/html")
    make_client().subscriptions.replay("dlv_1")
    with pytest.raises(errors.UnexpectedAnswer):
        make_client().subscriptions.replay("dlv_1")


def test_what_was_given_up_is_recovered(mocked: responses.RequestsMock) -> None:
    for _ in range(2):
        mocked.post(f"{ONE}recover/", status=202, json={"replayed": 17})
    subscriptions = make_client().subscriptions
    assert subscriptions.recover("sub_1", since="2025-04-05T00:00:00Z") == 17
    subscriptions.recover("sub_1", since=datetime(2025, 4, 5, tzinfo=UTC), everything=True)
    assert list(sent_json(mocked)) == [
        {"since": "2025-04-05T00:00:00Z"},
        {"since": "2025-04-05T00:00:00.000000Z", "all": True},
    ]


def test_a_time_without_a_zone_is_refused() -> None:
    since = datetime(2025, 4, 5)  # noqa: DTZ001
    with pytest.raises(errors.ConfigurationError, match="since has no zone"):
        make_client().subscriptions.recover("sub_1", since=since)
    with pytest.raises(errors.ConfigurationError, match="since has no zone"):
        make_client().subscriptions.deliveries("sub_1", since=since)


@pytest.mark.parametrize("since", [date(2025, 4, 5), 1_743_849_002, None])
def test_what_is_no_time_is_told_by_its_type(since: Any) -> None:
    with pytest.raises(TypeError, match=f"since must be a datetime .* not {type(since).__name__}"):
        make_client().subscriptions.recover("sub_1", since=since)


@pytest.mark.parametrize(
    ("field", "words"), [("url", "https URL"), ("secret", "whsec_ and the base64")]
)
def test_a_field_that_a_server_refuses_has_its_remedy(
    mocked: responses.RequestsMock, field: str, words: str
) -> None:
    mocked.post(SUBSCRIPTIONS, status=400, json={"error": f"Invalid value for field: {field}"})
    with pytest.raises(errors.InvalidField) as raised:
        make_client().subscriptions.create(url="http://127.0.0.1/")
    assert raised.value.field == field
    assert words in raised.value.remedy


@pytest.mark.parametrize("replayed", [None, "17", True])
def test_a_recovery_that_tells_no_number_is_an_error(
    mocked: responses.RequestsMock, replayed: object
) -> None:
    mocked.post(f"{ONE}recover/", status=202, json={"replayed": replayed})
    with pytest.raises(errors.UnexpectedAnswer):
        make_client().subscriptions.recover("sub_1", since="2025-04-05T00:00:00Z")


def test_an_older_server_that_has_the_address_for_other_calls_does_not_offer_this_one(
    mocked: responses.RequestsMock,
) -> None:
    mocked.patch(ONE, status=405, headers=IDEMPOTENT)
    with pytest.raises(errors.NotOffered) as raised:
        make_client().subscriptions.update("sub_1", enabled=True)
    assert raised.value.feature == "subscriptions"
