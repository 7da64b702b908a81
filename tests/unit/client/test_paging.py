"""Lists that are fetched as they are gone through."""

from __future__ import annotations

from itertools import pairwise

import pytest
import requests
import responses
from responses import matchers

from fulfillment_sdk import errors
from tests.unit.client.support import SUBSCRIPTIONS, make_client


def offer(
    mocked: responses.RequestsMock, numbers: range, following: str | None, **asked: str
) -> None:
    mocked.get(
        SUBSCRIPTIONS,
        json={"items": [{"id": f"sub_{n}"} for n in numbers], "next": following},
        match=[matchers.query_param_matcher({"limit": "200", **asked})],
    )


def test_a_page_that_failed_is_asked_for_again_by_going_on(mocked: responses.RequestsMock) -> None:
    offer(mocked, range(2), "c1")
    for _ in range(4):
        mocked.get(SUBSCRIPTIONS, body=requests.ReadTimeout())
    offer(mocked, range(2, 3), None, after="c1")
    listed = make_client().subscriptions.list()
    found = [next(listed).id, next(listed).id]
    with pytest.raises(errors.ConnectionFailed):
        next(listed)
    assert found + [one.id for one in listed] == ["sub_0", "sub_1", "sub_2"]


def test_a_list_can_be_gone_through_by_pages(mocked: responses.RequestsMock) -> None:
    offer(mocked, range(2), "c1")
    offer(mocked, range(0), "c2", after="c1")
    offer(mocked, range(2, 3), None, after="c2")
    pages = list(make_client().subscriptions.list().pages())
    assert [len(page.items) for page in pages] == [2, 0, 1]
    assert [page.next for page in pages] == ["c1", "c2", None]


def test_what_is_left_of_a_page_comes_first(mocked: responses.RequestsMock) -> None:
    offer(mocked, range(3), "c1")
    offer(mocked, range(3, 4), None, after="c1")
    listed = make_client().subscriptions.list()
    assert next(listed).id == "sub_0"
    assert [[one.id for one in page.items] for page in listed.pages()] == [
        ["sub_1", "sub_2"],
        ["sub_3"],
    ]
    assert list(listed) == []


def test_an_empty_page_is_not_the_end(mocked: responses.RequestsMock) -> None:
    offer(mocked, range(0), "c1")
    offer(mocked, range(1), None, after="c1")
    assert [one.id for one in make_client().subscriptions.list()] == ["sub_0"]


def test_a_list_is_true_while_there_is_something_in_it(mocked: responses.RequestsMock) -> None:
    offer(mocked, range(0), "c1")
    offer(mocked, range(1), None, after="c1")
    listed = make_client().subscriptions.list()
    assert listed
    assert [one.id for one in listed] == ["sub_0"]
    assert not listed


@pytest.mark.parametrize("circle", [["c1", "c1"], ["c1", "c2", "c1"], ["c1", "c2", "c3", "c2"]])
def test_a_list_that_leads_back_to_where_it_has_been_is_an_error(
    mocked: responses.RequestsMock, circle: list[str]
) -> None:
    offer(mocked, range(1), circle[0])
    for number, (cursor, following) in enumerate(pairwise(circle), 1):
        offer(mocked, range(number, number + 1), following, after=cursor)
    listed = make_client().subscriptions.list()
    for _ in range(len(circle) - 1):
        next(listed)
    with pytest.raises(errors.UnexpectedAnswer, match="circles") as raised:
        next(listed)
    assert "one thread" in raised.value.remedy  # two that go through one list look the same


def test_a_cursor_that_cannot_be_sent_is_the_servers_mistake(
    mocked: responses.RequestsMock,
) -> None:
    mocked.get(SUBSCRIPTIONS, body=r'{"items": [], "next": "\ud800"}')
    with pytest.raises(errors.UnexpectedAnswer, match="where to go on"):
        next(make_client().subscriptions.list())


@pytest.mark.parametrize("size", [0, 201, -1])
def test_a_page_of_an_impossible_size_is_refused_before_anything_is_sent(size: int) -> None:
    with pytest.raises(errors.ConfigurationError, match="1 to 200"):
        make_client().subscriptions.list(page_size=size)


def test_the_size_of_a_page_is_asked_for(mocked: responses.RequestsMock) -> None:
    mocked.get(
        SUBSCRIPTIONS,
        json={"items": [], "next": None},
        match=[matchers.query_param_matcher({"limit": "5"})],
    )
    assert list(make_client().subscriptions.list(page_size=5)) == []
