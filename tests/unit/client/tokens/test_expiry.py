from __future__ import annotations

import math

import pytest

from fulfillment_sdk.client.tokens.expiry import ended, remaining, server_time, wants_warning

END = 1_800_000_000.0
DAY = 86_400.0


@pytest.mark.parametrize(
    ("ends", "gone"), [(END + 1, False), (END, True), (END - 1, True), (math.inf, False)]
)
def test_a_token_has_ended_at_its_end(ends: float, gone: bool) -> None:
    assert ended(ends, END) is gone


@pytest.mark.parametrize(
    ("days", "warns"), [(365, False), (30.001, False), (30, True), (1, True), (0.01, True)]
)
def test_there_is_a_warning_from_thirty_days_before_the_end(days: float, warns: bool) -> None:
    assert wants_warning(END, END - days * DAY, warned=None) is warns


@pytest.mark.parametrize(
    ("since", "warns"), [(0, False), (DAY - 1, False), (DAY, True), (2 * DAY, True), (-1, True)]
)
def test_there_is_one_warning_a_day_unless_the_clock_was_put_back(
    since: float, warns: bool
) -> None:
    now = END - 10 * DAY
    assert wants_warning(END, now, warned=now - since) is warns


def test_an_end_that_is_not_known_warns_of_nothing() -> None:
    assert wants_warning(math.inf, END, warned=None) is False


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (30 * DAY, "30 days"),
        (12.9 * DAY, "12 days"),
        (2 * DAY, "2 days"),
        (2 * DAY - 1, "47 hours"),
        (1, "0 hours"),
        (-5, "0 hours"),
    ],
)
def test_what_is_left_is_told_in_days_and_at_last_in_hours(left: float, words: str) -> None:
    assert remaining(END, END - left) == words


def test_the_servers_clock_is_that_of_its_answer() -> None:
    assert server_time("Fri, 15 Jan 2027 08:00:00 GMT") == END


@pytest.mark.parametrize("date", [None, "", "yesterday", "Fri, 99 Jan 2027 08:00:00 GMT"])
def test_a_date_that_cannot_be_read_is_before_everything(date: str | None) -> None:
    assert server_time(date) == -math.inf
