"""How often somebody may call: contract, section 2."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from fulfillment_sdk.server.windows import Windows, caller


def test_a_window_lets_so_many_through_and_says_when_the_next_one_opens() -> None:
    windows = Windows(2, seconds=60)
    assert [windows.wait("a", now) for now in (0, 10, 10.5, 59.9, 60)] == [
        None,
        None,
        50,
        1,
        None,
    ]


def test_windows_are_one_for_each_key() -> None:
    windows = Windows(1, seconds=60)
    assert [windows.wait(key, 0) for key in ("a", "b", "a")] == [None, None, 60]


def test_looking_does_not_count() -> None:
    windows = Windows(1, seconds=60)
    assert [windows.look("a", 0), windows.look("a", 0), windows.wait("a", 0)] == [None] * 3
    assert windows.look("a", 1) == 59


def test_a_clock_that_is_set_back_opens_a_new_window() -> None:
    windows = Windows(1, seconds=60)
    windows.wait("a", 10_000)
    assert windows.wait("a", 0) is None


def test_windows_that_have_ended_are_forgotten() -> None:
    windows = Windows(1, seconds=60)
    for number in range(100):
        windows.wait(number, 0)
    windows.wait("later", 61)
    assert len(windows) == 1


def test_windows_that_a_wrong_clock_opened_are_forgotten_too() -> None:
    windows = Windows(1, seconds=60)
    windows.wait("a", 10_000)
    windows.wait("b", 0)
    assert len(windows) == 1


def test_a_flood_of_callers_takes_a_bounded_room_and_pushes_the_oldest_window_out() -> None:
    windows = Windows(1, seconds=60, room=3)
    assert [windows.wait(key, 0) for key in ("a", "b", "c", "d")] == [None] * 4
    assert len(windows) == 3
    assert [windows.look(key, 0) for key in ("a", "b", "c", "d")] == [None, 60, 60, 60]


def test_a_window_that_was_opened_again_is_not_the_oldest() -> None:
    windows = Windows(1, seconds=60, room=2)
    for key, now in (("a", 0), ("b", 30), ("a", 60), ("c", 61)):
        assert windows.wait(key, now) is None
    assert [windows.look(key, 61) for key in ("a", "b", "c")] == [59, None, 60]


def test_a_count_does_not_make_a_window_younger() -> None:
    windows = Windows(2, seconds=60, room=2)
    for key in ("a", "b", "a", "c"):
        windows.wait(key, 0)
    assert windows.look("a", 0) is None


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("testclient", "testclient"),
    ],
)
def test_an_ipv6_caller_counts_by_its_network(host: str, address: str) -> None:
    assert caller(Request({"type": "http", "client": (host, 1)})) == address


def test_a_caller_without_an_address_counts_as_nobody() -> None:
    assert caller(Request({"type": "http", "client": None})) == ""
