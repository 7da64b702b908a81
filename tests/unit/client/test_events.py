"""The feed of events: paged, waited for, gone on with."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import responses
from responses import matchers

from fulfillment_sdk import errors
from fulfillment_sdk.models import CaseCompleted, Event, StatusChanged
from tests.unit.client.support import CASES, CREATED, Time, make_client

FEED = f"{CASES}events/"


def event(number: int, **data: object) -> dict[str, Any]:
    facts = {"case_id": "case_1", "new_status": "new", "sequence": number}
    return {
        "id": f"evt_{number}",
        "type": "case.status_changed",
        "version": "1",
        "timestamp": "2025-04-06T16:00:00.000000Z",
        "data": facts | data,
    }


def offer(
    mocked: responses.RequestsMock, numbers: range, following: str, limit: int = 50, **asked: str
) -> None:
    mocked.get(
        FEED,
        json={"events": [event(n) for n in numbers], "next": following},
        match=[matchers.query_param_matcher({"limit": str(limit), **asked})],
    )


def ids(events: Any) -> list[str]:
    return [one.id for one in events]


def test_events_are_typed_and_come_page_by_page(mocked: responses.RequestsMock) -> None:
    completed = event(3) | {"type": "case.completed"}
    offer(mocked, range(1, 3), "f_2")
    mocked.get(FEED, json={"events": [completed], "next": "f_3"})
    offer(mocked, range(0), "f_3", after="f_3")
    found = list(make_client().events.iterate())
    assert [type(one) for one in found] == [StatusChanged, StatusChanged, CaseCompleted]
    assert [one.sequence for one in found] == [1, 2, 3]


def test_a_server_that_names_a_place_of_ours_as_its_own_is_not_followed_round_and_round(
    mocked: responses.RequestsMock,
) -> None:
    stream = make_client().events.iterate(after="f_1")
    offer(mocked, range(1, 3), "f_3", after="f_1")
    next(stream)
    assert stream.cursor is not None
    mocked.get(FEED, json={"events": [], "next": stream.cursor})
    with pytest.raises(errors.UnexpectedAnswer):
        make_client().events.page(after="f_3")


def test_a_page_is_fetched_when_the_one_before_is_used_up(mocked: responses.RequestsMock) -> None:
    offer(mocked, range(1, 3), "f_2")
    stream = make_client().events.iterate()
    assert ids([next(stream), next(stream)]) == ["evt_1", "evt_2"]
    assert len(mocked.calls) == 1


def test_the_cursor_is_behind_the_last_event_at_any_time(mocked: responses.RequestsMock) -> None:
    stream = make_client().events.iterate(after="f_0")
    assert stream.cursor == "f_0"
    offer(mocked, range(1, 4), "f_3", after="f_0")
    next(stream)
    first = stream.cursor
    next(stream)
    next(stream)
    assert stream.cursor == "f_3"
    # Amid a page: it is fetched again from its beginning, as long as any, and goes on behind.
    offer(mocked, range(1, 4), "f_3", 200, after="f_0")
    offer(mocked, range(0), "f_3", 7, after="f_3")
    assert ids(make_client().events.iterate(after=first, page_size=7)) == ["evt_2", "evt_3"]


def test_the_cursor_is_a_text_before_the_first_event_too(mocked: responses.RequestsMock) -> None:
    stream = make_client().events.iterate()
    assert stream.cursor == ""
    offer(mocked, range(1, 3), "f_2")
    assert next(make_client().events.iterate(after=stream.cursor)).id == "evt_1"


def test_a_place_in_the_first_page_needs_no_cursor_before_it(
    mocked: responses.RequestsMock,
) -> None:
    offer(mocked, range(1, 3), "f_2")
    stream = make_client().events.iterate()
    next(stream)
    offer(mocked, range(1, 3), "f_2", 200)
    again = make_client().events.iterate(after=stream.cursor)
    assert next(again).id == "evt_2"
    assert again.cursor == "f_2"


def test_a_place_taken_after_going_on_amid_a_page_is_as_good(
    mocked: responses.RequestsMock,
) -> None:
    offer(mocked, range(1, 4), "f_3")
    stream = make_client().events.iterate()
    had = [next(stream).id]
    for _ in range(2):
        offer(mocked, range(1, 4), "f_3", 200)
        stream = make_client().events.iterate(after=stream.cursor)
        had.append(next(stream).id)
    assert (had, stream.cursor) == (["evt_1", "evt_2", "evt_3"], "f_3")


def test_an_event_that_is_no_longer_kept_makes_nothing_else_be_left_out(
    mocked: responses.RequestsMock,
) -> None:
    offer(mocked, range(1, 3), "f_2")
    stream = make_client().events.iterate()
    next(stream)
    offer(mocked, range(2, 4), "f_3", 200)
    offer(mocked, range(0), "f_3", after="f_3")
    assert ids(make_client().events.iterate(after=stream.cursor)) == ["evt_2", "evt_3"]


def test_a_page_of_which_everything_was_had_is_not_the_end(
    mocked: responses.RequestsMock,
) -> None:
    offer(mocked, range(1, 3), "f_2")
    stream = make_client().events.iterate()
    next(stream)
    offer(mocked, range(1, 2), "f_1", 200)
    offer(mocked, range(2, 3), "f_2", after="f_1")
    again = make_client().events.iterate(after=stream.cursor)
    assert next(again).id == "evt_2"


def test_after_an_error_it_goes_on_where_it_was(mocked: responses.RequestsMock) -> None:
    offer(mocked, range(1, 2), "f_1")
    for _ in range(4):
        mocked.get(FEED, body=requests.ReadTimeout())
    offer(mocked, range(2, 3), "f_2", after="f_1")
    stream = make_client().events.iterate()
    next(stream)
    with pytest.raises(errors.ConnectionFailed):
        next(stream)
    assert stream.cursor == "f_1"
    assert next(stream).id == "evt_2"


def test_the_events_of_one_case_are_asked_for(mocked: responses.RequestsMock) -> None:
    offer(mocked, range(0), "f_9", case_id="case_1")
    stream = make_client().events.iterate(case_id="case_1")
    assert list(stream) == []
    assert stream.cursor == "f_9"


@pytest.mark.parametrize("case_id", ["", " "])
def test_no_case_is_not_every_case(case_id: str) -> None:
    with pytest.raises(errors.ConfigurationError, match="case_id"):
        make_client().events.iterate(case_id=case_id)


def test_a_case_in_the_place_of_its_id_is_told_before_the_first_event() -> None:
    case: Any = CREATED
    with pytest.raises(TypeError, match=r"^case_id must be a str, not dict$"):
        make_client().events.iterate(case_id=case)


def test_it_waits_in_turns_until_nothing_came_for_so_long(
    mocked: responses.RequestsMock, time: Time
) -> None:
    def silence(seconds: float) -> Any:
        def answer(_request: object) -> tuple[int, dict[str, str], str]:
            time.now += seconds
            return 200, {}, '{"events": [], "next": "f_0"}'

        return answer

    for seconds in (25.0, 10.0):
        mocked.add_callback(
            responses.GET,
            FEED,
            callback=silence(seconds),
            match=[matchers.query_param_matcher({"wait": f"{seconds:.3f}"}, strict_match=False)],
        )
    assert list(make_client(time).events.iterate(wait=35)) == []
    assert time.slept == []


def test_a_wait_gives_the_server_the_time_that_it_needs(
    mocked: responses.RequestsMock, time: Time
) -> None:
    offer(mocked, range(1, 2), "f_1", wait="25.000")
    hasty = make_client(time).with_options(timeout=2.0)
    assert next(hasty.events.iterate(wait=float("inf"))).id == "evt_1"
    (call,) = mocked.calls
    assert call.request.req_kwargs["timeout"] == (10.0, 27.0)  # type: ignore[attr-defined]


def test_a_server_that_does_not_wait_is_asked_once_a_second(
    mocked: responses.RequestsMock, time: Time
) -> None:
    for _ in range(3):
        mocked.get(FEED, json={"events": [], "next": "f_0"})
    assert list(make_client(time).events.iterate(wait=2.5)) == []
    assert time.slept == [1.0, 1.0, 0.5]


@pytest.mark.parametrize("wait", [-1.0, float("nan"), "5", None])
def test_what_is_no_number_of_seconds_is_refused(wait: Any) -> None:
    with pytest.raises(errors.ConfigurationError):
        make_client().events.iterate(wait=wait)


def test_one_page_says_where_to_go_on(mocked: responses.RequestsMock) -> None:
    offer(mocked, range(1, 3), "f_2", 2, wait="25.000")
    page = make_client().events.page(page_size=2, wait=60)
    assert (ids(page.items), page.next) == (["evt_1", "evt_2"], "f_2")


def test_an_event_that_is_not_what_its_type_says_holds_up_none_behind_it(
    mocked: responses.RequestsMock,
) -> None:
    broken = {"id": "evt_1", "type": "case.status_changed", "data": {"new_status": 1.5}}
    strange = {"id": "evt_2", "type": "case.reopened", "data": {"case_id": "case_1"}}
    mocked.get(FEED, json={"events": [broken, strange, {"x": 1}, event(4)], "next": "f_4"})
    items = make_client().events.page().items
    assert [type(one) for one in items] == [Event, Event, Event, StatusChanged]
    assert (items[0].id, items[0].type, items[0].raw) == ("evt_1", "case.status_changed", broken)
    assert items[1].case_id == "case_1"
    assert (items[2].id, items[2].raw) == ("", {"x": 1})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"events": []},
        {"events": [], "next": None},
        {"events": None, "next": "f"},
        {"events": [], "next": "\ud800"},
        [],
    ],
)
def test_what_is_no_page_is_an_error(mocked: responses.RequestsMock, body: object) -> None:
    mocked.get(FEED, json=body)
    with pytest.raises(errors.UnexpectedAnswer):
        make_client().events.page()


def test_a_feed_that_goes_round_in_circles_is_an_error(mocked: responses.RequestsMock) -> None:
    stream = make_client().events.iterate(after="f_1")
    offer(mocked, range(1, 3), "f_1", after="f_1")
    with pytest.raises(errors.UnexpectedAnswer, match="circles"):
        next(stream)


def test_a_page_of_what_are_no_events_is_an_error(mocked: responses.RequestsMock) -> None:
    mocked.get(FEED, json={"events": ["evt_1"], "next": "f_1"})
    with pytest.raises(errors.UnexpectedAnswer, match="no event"):
        make_client().events.page()


def test_a_cursor_of_another_feed_has_a_remedy(mocked: responses.RequestsMock) -> None:
    mocked.get(FEED, status=400, json={"error": "Invalid value for field: after"})
    with pytest.raises(errors.InvalidField) as raised:
        make_client().events.page(after="f_1_1")
    assert raised.value.field == "after"
    assert "begin again without it" in raised.value.remedy


def test_a_server_without_a_feed_does_not_offer_it(mocked: responses.RequestsMock) -> None:
    mocked.get(FEED, status=404, body="<html>", content_type="text/html")
    with pytest.raises(errors.NotOffered) as raised:
        next(make_client().events.iterate())
    assert raised.value.feature == "events"
