from __future__ import annotations

import pytest
import requests
import responses
from responses import matchers

from fulfillment_sdk import errors
from tests.unit.client.support import (
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
    assert (read.id, read.enabled, read.events, read.url, read.secret) == ("7", False, (), "", None)
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
